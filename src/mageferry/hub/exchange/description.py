"""The page of the kinds: what each takes and tells, from their descriptions alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mageferry.hub.exchange.kinds import KINDS
from mageferry.hub.exchange.shapes import Entity

_HEAD = "| field | type | | meaning |\n|---|---|---|---|"


def markdown() -> str:
    """Every kind with its fields, as tables."""
    return "\n".join(line for name in KINDS for line in _describe_kind(name)) + "\n"


def _describe_kind(name: str) -> Iterator[str]:
    kind = KINDS[name]
    yield f"## {kind.title}: `{name}`\n"
    yield _sentence(kind.shape) + "\n"
    yield _HEAD
    taken = list(_fields(kind.json_schema))
    yield from taken
    yield "\nTold besides, or otherwise:\n"
    yield _HEAD
    yield from (row for row in _fields(kind.given.model_json_schema()) if row not in taken)
    yield ""


def _sentence(shape: type[Entity]) -> str:
    return " ".join((shape.__doc__ or "").split())


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from _rows(schema, schema.get("$defs", {}), "")


def _rows(schema: Mapping[str, Any], parts: Mapping[str, Any], prefix: str) -> Iterator[str]:
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        shape = _not_null(field)
        ends = shape.get("items", shape)
        part = parts.get(str(ends.get("$ref", "")).rpartition("/")[2])
        path = f"{prefix}{name}{'[]' if 'items' in shape else ''}"
        words = _words(shape, part is not None)
        meaning = str(field.get("description", "")).replace("|", "\\|")
        yield f"| `{path}` | {words} | {'required' if name in required else ''} | {meaning} |"
        if part is not None:
            yield from _rows(part, parts, f"{path}.")


def _not_null(field: Mapping[str, Any]) -> Mapping[str, Any]:
    """The type of a field that may be left out."""
    kinds = [each for each in field.get("anyOf", ()) if each.get("type") != "null"]
    return kinds[0] if kinds else field


def _words(shape: Mapping[str, Any], has_parts: bool) -> str:
    if "items" in shape:
        return "list of objects" if has_parts else "list"
    if shape.get("format") == "date-time":
        return "moment with its time zone"
    if "number" in shape.get("type", ()):
        return "number" + _limit(shape)
    plain = {"integer": "integer", "boolean": "true or false", "object": "object"}
    longest = f", at most {shape['maxLength']}" if "maxLength" in shape else ""
    return "object" if has_parts else plain.get(str(shape.get("type", "")), f"text{longest}")


def _limit(shape: Mapping[str, Any]) -> str:
    if "exclusiveMinimum" in shape:
        return " above 0"
    return ", not below 0" if "minimum" in shape else ""
