"""Magento's data types by name, read once from ``types.txt``: which fields each has and of what kind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SCALARS = frozenset({"str", "int", "float", "bool"})


@dataclass(frozen=True, slots=True)
class Kind:
    """``name`` is a scalar (str int float bool), ``any``, or a type of the table; ``many`` marks a list."""

    name: str
    many: bool = False

    @property
    def scalar(self) -> bool:
        return self.name in SCALARS

    @property
    def php_name(self) -> str:
        """The name as Magento's messages write it."""
        return {"str": "string", "bool": "bool"}.get(self.name, self.name) + ("[]" if self.many else "")


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: Kind
    always: bool
    """In every answer, null when it has no value."""


@dataclass(frozen=True, slots=True)
class DataType:
    name: str
    fields: dict[str, Field]
    by_property: dict[str, Field]
    """Keyed as Magento looks a property up: upper camel case, so snake and camel case both match."""


def parse_kind(text: str) -> Kind:
    return Kind(text.lstrip("*"), text.startswith("*"))


def property_name(key: str) -> str:
    """``entity_id`` and ``entityId`` as ``EntityId``
    (SimpleDataObjectConverter::snakeCaseToUpperCamelCase).
    """
    return "".join(part[:1].upper() + part[1:] for part in key.split("_"))


def _parse_field(text: str) -> Field:
    name, _, kind = text.partition(":")
    return Field(name, parse_kind(kind.rstrip("!")), kind.endswith("!"))


def _parse_line(line: str) -> DataType:
    name, _, body = line.partition(" = ")
    fields = {field.name: field for field in map(_parse_field, body.split())}
    return DataType(name, fields, {property_name(key): field for key, field in fields.items()})


@cache
def _lines() -> dict[str, str]:
    text = (files("mageferry.sandbox") / "types.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if " = " in line and not line.startswith("#"))
    return {line.partition(" = ")[0]: line for line in lines}


@cache
def data_type(name: str) -> DataType:
    """The type of that name. KeyError names a type the table lacks, which is a bug here."""
    return _parse_line(_lines()[name])


def scalar_fields(name: str) -> dict[str, str]:
    """The plain columns of a type: field -> str, int, float or bool."""
    fields = data_type(name).fields.values()
    return {field.name: field.kind.name for field in fields if field.kind.scalar and not field.kind.many}
