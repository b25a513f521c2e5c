"""Entities checked against a JSON Schema, with messages that name the place and never quote the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from jsonschema import ValidationError
from jsonschema.exceptions import SchemaError, best_match
from jsonschema.protocols import Validator
from jsonschema.validators import Draft202012Validator, validator_for
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from mageferry.http.subscriber.errors import SchemaMismatch, WrongSettings
from mageferry.http.subscriber.expressions import kind_of

_MOST_PROBLEMS = 20
_VALUES = ("const", "enum", "default", "examples")


class EntitySchema:
    """A compiled schema. References lead within it only: nothing is ever loaded."""

    def __init__(self, schema: Mapping[str, Any], path: str = "schema") -> None:
        kind = validator_for(schema, default=Draft202012Validator)
        try:
            kind.check_schema(dict(schema))
        except SchemaError as error:
            # Its own message quotes the schema, which is no secret, but long.
            at = _pointer(error.absolute_path)
            raise WrongSettings(
                path, f"is no JSON Schema: {error.message[:200]}{f' (at {at})' if at else ''}"
            ) from None
        self._path = path
        self._validator: Validator = kind(
            dict(schema), registry=Registry(), format_checker=kind.FORMAT_CHECKER
        )
        self._check_references(schema)

    def _check_references(self, schema: Mapping[str, Any]) -> None:
        """Raises WrongSettings for a reference that leads nowhere, as far as it is seen without an entity."""
        parts = list(_parts(schema))
        if any("$id" in part for part in parts[1:]):
            return  # references below it begin at another place
        resolver = Registry().resolver_with_root(Resource.from_contents(dict(schema), DRAFT202012))
        for part in parts:
            reference = part.get("$ref")
            if isinstance(reference, str):
                try:
                    resolver.lookup(reference)
                except Unresolvable:
                    raise self._nowhere(reference) from None

    def _nowhere(self, reference: str) -> WrongSettings:
        return WrongSettings(
            self._path,
            f"the reference {reference!r} leads nowhere",
            remedy="Put what is referred to into $defs of the schema itself.",
        )

    def check(self, data: Any) -> None:
        """Raises SchemaMismatch with every place (up to 20), and WrongSettings for a reference that leads nowhere
        or in a circle."""
        problems: list[str] = []
        try:
            for error in self._validator.iter_errors(data):
                problems.append(_problem(error))
                if len(problems) == _MOST_PROBLEMS:
                    break
        except Unresolvable as error:
            raise self._nowhere(error.ref) from None
        except RecursionError:
            text = "refers to itself without end"
            raise WrongSettings(self._path, text, remedy="Correct its $ref.") from None
        if problems:
            raise SchemaMismatch(tuple(problems), remedy="Mend the entity at its source, or the schema.")


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Every object of a schema, but for those that are values (const, enum, default, examples)."""
    if isinstance(schema, Mapping):
        yield schema
        for name, item in schema.items():
            if name not in _VALUES:
                yield from _parts(item)
    elif isinstance(schema, list | tuple):
        for item in schema:
            yield from _parts(item)


def _problem(error: ValidationError) -> str:
    # Of alternatives the one that comes nearest says more than that none fits.
    nearest = best_match([error]) or error
    where = _pointer(nearest.absolute_path)
    return f"{where}: {_reason(nearest)}" if where else _reason(nearest)


def _pointer(parts: Any) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _reason(error: ValidationError) -> str:
    keyword: str = str(error.validator)
    wanted: Any = error.validator_value
    instance: Any = error.instance
    if keyword == "type":
        kinds = wanted if isinstance(wanted, str) else " or ".join(map(str, wanted))
        return f"must be {kinds}, is {kind_of(instance)}"
    if keyword == "required":
        missing = [name for name in wanted if name not in instance]
        return f"lacks {', '.join(map(str, missing))}"
    if keyword == "additionalProperties" and isinstance(instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        return f"has fields the schema does not know: {', '.join(sorted(set(instance) - set(known)))[:200]}"
    return f"does not meet {keyword} {orjson.dumps(wanted, default=str).decode()[:100]}"
