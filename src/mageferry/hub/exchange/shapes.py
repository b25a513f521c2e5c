"""What every entity is made of: types of fields, and how a broken one is told.

A description is declared once. It checks what comes in, gives the JSON-Schema, and is printed on the page of the kinds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated, Any

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from mageferry.hub.exchange.errors import RefusedEntity

REMEDY = "Correct it where it comes from, or in the transformer in between."
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
_WORDS = {
    "timezone_aware": "needs a time zone, such as 2026-11-20T08:00:00Z",
    "string_pattern_mismatch": "doesn't have the right form",
    "string_too_long": "is too long",
    "too_long": "has too many entries",
}
_SHOWN_PROBLEMS = 8
_LONGEST_OBJECT = 64_000


class Entity(BaseModel):
    """A part of an entity. Unknown fields are refused, so that a misspelt one isn't left out without a word; null is
    the same as leaving a field out; blanks around a text are cut off."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_null(cls, value: Any) -> Any:
        return (
            {name: each for name, each in value.items() if each is not None}
            if isinstance(value, dict)
            else value
        )

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_nul(cls, value: object) -> object:
        # PostgreSQL stores no text with it.
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("holds a NUL character")
        return value


def _decimal(places: int, digits: int, *, exact: bool = False) -> Any:
    """A number or its text as a Decimal of so many places and so many digits before the point; with more places it is
    rounded half up, or refused (exact)."""
    unit, limit = Decimal(1).scaleb(-places), Decimal(10) ** digits

    def read(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
            raise ValueError("must be a number")
        try:
            # A float by its shortest text: 0.1 is one tenth.
            number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
        except InvalidOperation:
            raise ValueError("must be a number, such as 12.50") from None
        if not number.is_finite() or number.adjusted() >= digits or abs(number) >= limit:
            raise ValueError(f"must be a number with at most {digits} digits before the point")
        rounded = Decimal(0) if number.adjusted() < -places - 1 else number.quantize(unit, ROUND_HALF_UP)
        if exact and rounded != number:
            raise ValueError(f"must have at most {places} places")
        return rounded

    return BeforeValidator(read)


_NUMBER = WithJsonSchema({"type": ["number", "string"]})
_NOT_BELOW_0 = WithJsonSchema({"type": ["number", "string"], "minimum": 0})
_ABOVE_0 = WithJsonSchema({"type": ["number", "string"], "exclusiveMinimum": 0})

Money = Annotated[Decimal, _decimal(4, 16), Field(ge=0), _NOT_BELOW_0]
Cents = Annotated[Decimal, _decimal(2, 16, exact=True), Field(ge=0), _NOT_BELOW_0]
UnitTax = Annotated[Decimal, _decimal(8, 12), Field(ge=0), _NOT_BELOW_0]
Amount = Annotated[Decimal, _decimal(4, 8, exact=True), _NUMBER]
Weight = Annotated[Decimal, _decimal(4, 8), Field(ge=0), _NOT_BELOW_0]
Percent = Annotated[Decimal, _decimal(4, 3), Field(ge=0), _NOT_BELOW_0]
Quantity = Annotated[Decimal, _decimal(4, 8, exact=True), Field(gt=0), _ABOVE_0]


def _plain_json(value: dict[str, Any]) -> dict[str, Any]:
    """The object as a JSON column takes it."""
    try:
        text = orjson.dumps(value, default=_written)
    except TypeError:
        raise ValueError("must be plain JSON") from None
    if len(text) > _LONGEST_OBJECT or b"\\u0000" in text:
        raise ValueError(f"must be at most {_LONGEST_OBJECT} characters, without NUL characters")
    copy: dict[str, Any] = orjson.loads(text)
    return copy


def _written(value: object) -> float:
    if isinstance(value, Decimal) and value.is_finite():
        return float(value)
    raise TypeError


JsonObject = Annotated[dict[str, Any], AfterValidator(_plain_json)]


def _in_range(moment: dt.datetime) -> dt.datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"must be from {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment.astimezone(dt.UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_range)]
OrderNumber = Annotated[str, StringConstraints(min_length=1, max_length=64)]


def said(help_text: str, default: Any = ..., **options: Any) -> Any:
    """A field with what it is; required without a default."""
    if default in (list, dict):
        return Field(default_factory=default, description=help_text, **options)
    return Field(default, description=help_text, **options)


def read[E: Entity](shape: type[E], value: object) -> E:
    """The entity in its shape. Raises RefusedEntity with everything that is wrong, each with its place."""
    if not isinstance(value, dict):
        raise RefusedEntity(f"An entity is an object, not {_type_word(value)}.", REMEDY)
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        problems = list(_problems(error, shape))
    except UnicodeEncodeError:
        problems = ["a text holds half of a surrogate pair"]
    more = f"; and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
    raise RefusedEntity("; ".join(problems[:_SHOWN_PROBLEMS]) + more + ".", REMEDY)


def place(*parts: int | str) -> str:
    """Where in an entity: items[2].quantity."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")


def _problems(error: ValidationError, shape: type[Entity]) -> Iterator[str]:
    for found in error.errors(include_url=False, include_context=False):
        where = place(*found["loc"])
        if found["type"] == "extra_forbidden":
            known = f" (there are {', '.join(shape.model_fields)})" if len(found["loc"]) == 1 else ""
            yield f"{where} isn't a field{known}"
        elif found["type"] in ("missing", "string_too_short", "too_short"):
            yield f"{where} {'is missing' if found['type'] == 'missing' else 'is empty'}"
        else:
            text = _WORDS.get(found["type"]) or found["msg"].removeprefix("Value error, ")
            yield f"{where} {text.replace('Input should', 'must')}{_shown(found['input'])}".strip()


def _shown(value: object) -> str:
    """A short value as it was given; long and nested ones would only hide what is wrong."""
    shown = isinstance(value, bool | int | float | str | Decimal) and len(str(value)) <= 40
    return f", not {_type_word(value) if isinstance(value, bool) else repr(value)}" if shown else ""


def _type_word(value: object) -> str:
    words = {bool: "yes or no", str: "a text", list: "a list", type(None): "null", dict: "an object"}
    return words.get(type(value), "a number")
