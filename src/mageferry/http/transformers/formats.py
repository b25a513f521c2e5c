"""Transformers of dates and numbers."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    InvalidOperation,
    localcontext,
)
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from mageferry.http.config.fields import option
from mageferry.http.dates import (
    check_format,
    check_read_format,
    check_zone,
    read_moment,
    write_moment,
    zone_of,
)
from mageferry.http.transformers.described import Place
from mageferry.http.transformers.errors import TransformError, shown
from mageferry.http.transformers.fields import ValueDescription, change_value
from mageferry.http.transformers.running import Step

type ReadFormat = Annotated[str, AfterValidator(check_read_format)]
type WrittenFormat = Annotated[str, AfterValidator(check_format)]
type ZoneName = Annotated[str, AfterValidator(check_zone)]


class FormatDate(ValueDescription):
    type_name = "format_date"
    title = "Format a date"
    read: tuple[ReadFormat, ...] = option(
        ("iso",),
        "Read as",
        "The first that fits: iso, timestamp, timestamp_ms, or %d.%m.%Y %H:%M.",
        min_length=1,
    )
    read_zone: ZoneName = option("UTC", "Time zone of what is read", "Of dates that do not say it.")
    write: WrittenFormat = option(
        "iso", "Write as", "iso, iso_utc (with Z), date, timestamp, timestamp_ms, or %Y%m%d."
    )
    write_zone: ZoneName = option("UTC", "Time zone of what is written")

    def build(self, place: Place) -> Step:
        read_zone, write_zone = zone_of(self.read_zone), zone_of(self.write_zone)

        def become(value: Any) -> Any:
            try:
                return write_moment(self._moment(value, read_zone).astimezone(write_zone), self.write)
            except (ValueError, OverflowError):
                raise TransformError(
                    f"{shown(value, self.source)} is no date as it is read here ({', '.join(self.read)})",
                    path=place.at("read"),
                    remedy="Add its format to those that are read.",
                ) from None

        return change_value(self, become, place)

    def _moment(self, value: Any, zone: tzinfo) -> datetime:
        """The moment, by the first format that fits. Raises ValueError."""
        for form in self.read:
            try:
                return read_moment(value, form, zone)
            except ValueError:
                continue
        raise ValueError("no format fits")


class Rounding(StrEnum):
    """Which way a number is rounded."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"
    UP = "up"
    FLOOR = "floor"
    CEILING = "ceiling"


_ROUNDINGS: Final = {
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.DOWN: ROUND_DOWN,
    Rounding.UP: ROUND_UP,
    Rounding.FLOOR: ROUND_FLOOR,
    Rounding.CEILING: ROUND_CEILING,
}
_LARGEST: Final = 30


class NumberForm(StrEnum):
    """What a formatted number is."""

    NUMBER = "number"
    TEXT = "text"


class FormatNumber(ValueDescription):
    type_name = "format_number"
    title = "Format a number"
    read_decimal: str = option(".", "Decimal mark of what is read", pattern=r"^[.,]$")
    read_thousands: str = option("", "Thousands mark of what is read", "Taken away.", pattern=r"^[.,' _]?$")
    digits: int | None = option(None, "Digits after the point", "Empty: as many as there are.", ge=0, le=12)
    rounding: Rounding = option(Rounding.HALF_UP, "Rounding")
    write: NumberForm = option(NumberForm.NUMBER, "Write as", "A number has no zeros at its end, a text has.")
    write_decimal: str = option(".", "Decimal mark of a text", pattern=r"^[.,]$")
    write_thousands: str = option("", "Thousands mark of a text", pattern=r"^[.,' _]?$")

    def build(self, place: Place) -> Step:
        def become(value: Any) -> Any:
            try:
                number = self._rounded(self._number(value))
            except (ValueError, ArithmeticError):
                raise TransformError(
                    f"{shown(value, self.source)} is no number as it is read here",
                    path=place.at("source"),
                    remedy="Correct the value, or the marks of what is read.",
                ) from None
            return self._text(number) if self.write is NumberForm.TEXT else plain(number)

        return change_value(self, become, place)

    def _number(self, value: Any) -> Decimal:
        """The number. Raises ValueError and ArithmeticError."""
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise ValueError("no number")
        text = str(value)
        if isinstance(value, str):
            text = value.strip()
            if self.read_thousands:
                text = text.replace(self.read_thousands, "")
            if self.read_decimal == ",":
                if "." in text:
                    raise ValueError("a point where a comma is read")
                text = text.replace(",", ".")
            if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text, re.ASCII):
                raise ValueError("no number")
        number = Decimal(text)
        if not number.is_finite() or abs(number.adjusted()) > _LARGEST:
            raise ValueError("not finite, or too large")
        return number

    def _rounded(self, number: Decimal) -> Decimal:
        if self.digits is None:
            return number
        with localcontext(prec=80):
            return number.quantize(Decimal(1).scaleb(-self.digits), rounding=_ROUNDINGS[self.rounding])

    def _text(self, number: Decimal) -> str:
        with localcontext(prec=80):
            written = f"{number:,f}" if self.write_thousands else f"{number:f}"
        marks = {",": self.write_thousands, ".": self.write_decimal}
        return "".join(marks.get(char, char) for char in written)


def plain(number: Decimal) -> int | float | Decimal:
    """A decimal as the JSON number that reads the same: a Decimal only where no other is exact."""
    if number == number.to_integral_value():
        return int(number)
    try:
        written = float(number)
        return written if Decimal(repr(written)) == number else number
    except (OverflowError, InvalidOperation):
        return number
