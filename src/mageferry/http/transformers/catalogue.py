"""The transformers by their types; what a form and the documentation say of them comes from here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mageferry.http.config.tables import option_table
from mageferry.http.transformers.described import TransformerDescription
from mageferry.http.transformers.fields import CopyField, MapValue, MoveField, RemoveFields, SetField
from mageferry.http.transformers.formats import FormatDate, FormatNumber
from mageferry.http.transformers.lists import Conditional, Fail, Filter, ForEach, Group, Split
from mageferry.http.transformers.sources import CallHttp, LookUpInStorage
from mageferry.http.transformers.texts import SplitText

TRANSFORMERS: Final[tuple[type[TransformerDescription], ...]] = (
    SetField,
    CopyField,
    MoveField,
    RemoveFields,
    MapValue,
    FormatDate,
    FormatNumber,
    SplitText,
    Filter,
    Split,
    Group,
    ForEach,
    Conditional,
    LookUpInStorage,
    CallHttp,
    Fail,
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The types that may be used; others can be added."""

    kinds: tuple[type[TransformerDescription], ...] = TRANSFORMERS

    def plus(self, *kinds: type[TransformerDescription]) -> Catalogue:
        return Catalogue((*self.kinds, *kinds))

    def by_name(self) -> dict[str, type[TransformerDescription]]:
        return {kind.type_name: kind for kind in self.kinds}


def json_schema(catalogue: Catalogue | None = None) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a list of transformers, for forms and editors."""
    kinds = (catalogue or Catalogue()).kinds
    definitions: dict[str, Any] = {}
    for kind in kinds:
        schema = kind.model_json_schema(ref_template="#/$defs/{model}")
        definitions |= schema.pop("$defs", {})
        for name in kind.nested:
            described = schema["properties"][name]
            kept = {key: described[key] for key in ("title", "description", "minItems") if key in described}
            schema["properties"][name] = {**kept, "$ref": "#/$defs/transformers"}
        schema["properties"] = {"type": {"const": kind.type_name}, **schema.get("properties", {})}
        schema["required"] = ["type", *schema.get("required", [])]
        definitions[kind.__name__] = {**schema, "title": kind.title}
    refs = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in kinds]
    definitions["transformers"] = {"type": "array", "items": {"oneOf": refs}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": "#/$defs/transformers",
        "$defs": definitions,
    }


def markdown(catalogue: Catalogue | None = None) -> str:
    """All transformers with their options, as Markdown."""
    return "\n".join(_lines((catalogue or Catalogue()).kinds)) + "\n"


def _lines(kinds: Sequence[type[TransformerDescription]]) -> Iterator[str]:
    for number, kind in enumerate(kinds):
        if number:
            yield ""
        yield f"## `{kind.type_name}`: {kind.title}"
        yield ""
        yield from option_table(kind)
