"""Turns what a request sends into typed arguments, with the messages Magento's ServiceInputProcessor
gives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mageferry.sandbox.php import (
    Value,
    is_array,
    is_empty,
    is_numeric,
    members,
    to_bool,
    to_int,
    to_number,
    to_string,
)
from mageferry.sandbox.refusals import Refusal, missing, unsupported, wrong_type
from mageferry.sandbox.typetable import SCALARS, DataType, Field, Kind, data_type, parse_kind, property_name

type Arguments = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a service method: its name as PHP has it, its kind, and whether it may be left out."""

    name: str
    kind: Kind
    optional: bool = False

    @property
    def snake_name(self) -> str:
        return re.sub(r"(?<=\w)(?=[A-Z])", "_", self.name).lower()


@dataclass(frozen=True, slots=True)
class Limits:
    """``webapi/validation/*``; 0 is no limit."""

    page_size: int = 0
    array_size: int = 0


class _CastError(Exception):
    """A value that cannot become its type; the text grows by one frame per level."""


def parse_parameters(text: str) -> tuple[Parameter, ...]:
    """``"id:int notify:bool?"`` as parameters; ``?`` marks one with a default."""
    parts = (part.partition(":") for part in text.split())
    return tuple(Parameter(name, parse_kind(kind.rstrip("?")), kind.endswith("?")) for name, _, kind in parts)


def convert_arguments(
    parameters: tuple[Parameter, ...], sent: Mapping[str, Value], limits: Limits
) -> Arguments:
    """The arguments by parameter name. Left-out optional ones are absent. Raises Refusal (400)."""
    found: Arguments = {}
    lacking: list[str] = []
    for parameter in parameters:
        value = sent.get(parameter.name)
        value = sent.get(parameter.snake_name) if value is None else value
        if value is not None:
            try:
                found[parameter.name] = _convert(value, parameter.kind, limits)
            except _CastError as error:
                raise Refusal(400, str(error)) from None
        elif not parameter.optional:
            lacking.append(parameter.name)
    if lacking:
        raise missing(lacking)
    return found


def convert_value(value: Value, kind: Kind) -> Value:
    """One value as its kind. Raises Refusal (400) with the text of a failed cast."""
    try:
        return _convert(value, kind, Limits())
    except _CastError as error:
        raise Refusal(400, str(error)) from None


def _convert(value: Value, kind: Kind, limits: Limits) -> Value:
    if kind.name == "any":
        return value
    if kind.name in SCALARS:
        return _convert_scalars(value, kind)
    if not kind.many:
        return _build(value, data_type(kind.name), limits)
    if not is_array(value):
        return None
    if limits.array_size and len(members(value)) > limits.array_size:
        raise Refusal(
            400,
            'Maximum items of type "%type" is %max',
            {"type": _php_class(kind.name), "max": limits.array_size},
        )
    return [_build(item, data_type(kind.name), limits) for item in members(value)]


def _convert_scalars(value: Value, kind: Kind) -> Value:
    if kind.many:
        if value is None:
            return None
        if not is_array(value):
            raise _CastError(wrong_type(value, kind.php_name))
        return [_settype(item, kind) for item in members(value)]
    if is_array(value):
        raise _CastError(wrong_type(value, kind.php_name))
    return None if value is None else _cast(value, kind)


def _cast(value: Value, kind: Kind) -> Value:
    if kind.name in ("int", "float") and not is_numeric(value):
        raise _CastError(wrong_type(value, kind.php_name))
    return _settype(value, kind)


def _settype(value: Value, kind: Kind) -> Value:
    casts = {"int": to_int, "float": to_number, "bool": to_bool, "str": to_string}
    return casts[kind.name](value)


def _build(value: Value, target: DataType, limits: Limits) -> dict[str, Value]:
    built: dict[str, Value] = {}
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    for key, sent in value.items() if isinstance(value, dict) else ():
        field = target.by_property.get(property_name(key))
        if field is None:
            raise unsupported(property_name(key))
        built[field.name] = _convert_field(key, sent, field, limits)
        _check_page_size(target, field, built[field.name], limits)
    return built


def _convert_field(key: str, sent: Value, field: Field, limits: Limits) -> Value:
    if field.name == "extension_attributes" and is_empty(sent):
        return {}
    try:
        return _convert(sent, field.kind, limits)
    except _CastError as error:
        raise _CastError(f'Error occurred during "{key}" processing. {error}') from None


def _check_page_size(target: DataType, field: Field, value: Value, limits: Limits) -> None:
    if not limits.page_size or field.name != "page_size" or "search-criteria" not in target.name:
        return
    if isinstance(value, int) and value > limits.page_size:
        raise Refusal(400, "Maximum SearchCriteria pageSize is %max", {"max": limits.page_size})


def _php_class(name: str) -> str:
    """``inventory-api-data-source-item-interface`` as
    ``\\Magento\\InventoryApi\\Api\\Data\\SourceItemInterface``.
    """
    module, _, item = name.partition("-data-")
    camel = ["".join(part.capitalize() for part in text.split("-")) for text in (module, item)]
    return f"\\Magento\\{camel[0]}\\Api\\Data\\{camel[1]}"
