"""Transformers of dates and numbers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, tzinfo
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
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator

from mageferry.http.config.fields import needed, option
from mageferry.http.descriptions import ExpressionText
from mageferry.http.redaction import Secret
from mageferry.http.transformers.described import Place, TargetText, TransformerDescription
from mageferry.http.transformers.errors import TransformError, shown
from mageferry.http.transformers.fields import SOURCE_HELP, Missing, missing_value
from mageferry.http.transformers.running import Run, Step
from mageferry.http.transformers.targets import Target

_DIRECTIVE = re.compile(r"%(.?)")
# What reads and writes the same on every machine.
_DIRECTIVES: Final = frozenset("YmdHIMSfpyzjbBaA%")
_NAMED_FORMATS: Final = ("iso", "timestamp", "timestamp_ms")


def _check_format(text: str) -> str:
    if text in (*_NAMED_FORMATS, "iso_utc", "date"):
        return text
    used = set(_DIRECTIVE.findall(text))
    if unknown := used - _DIRECTIVES:
        raise ValueError(f"%{sorted(unknown)[0]} is none of %{', %'.join(sorted(_DIRECTIVES))}")
    if not used - {"%"}:
        raise ValueError("this is no format: write iso, timestamp, or such as %d.%m.%Y %H:%M")
    return text


def _check_read_format(text: str) -> str:
    _check_format(text)
    if text in _NAMED_FORMATS:
        return text
    if text in ("iso_utc", "date"):
        raise ValueError("to read it write iso")
    used = _DIRECTIVE.findall(text)
    if not {"Y", "y"} & set(used):
        raise ValueError("a date that is read needs its year: %Y or %y")
    if twice := {name for name in used if name != "%" and used.count(name) > 1}:
        raise ValueError(f"%{sorted(twice)[0]} is there twice")
    return text


def _check_zone(name: str) -> str:
    _zone(name)
    return name


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("there is no such time zone: write UTC, or such as Europe/Berlin") from None


type ReadFormat = Annotated[str, AfterValidator(_check_read_format)]
type WrittenFormat = Annotated[str, AfterValidator(_check_format)]
type ZoneName = Annotated[str, AfterValidator(_check_zone)]


class FormatDate(TransformerDescription):
    type_name = "format_date"
    title = "Format a date"
    source: ExpressionText = needed("Source", SOURCE_HELP, min_length=1)
    target: TargetText = needed("Target", "Where the date is put.")
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
    missing: Missing = option(Missing.FAIL, "When missing")

    def build(self, place: Place) -> Step:
        target, source = Target.parse(self.target), place.needed_expression(self.source, "source")
        read_zone, write_zone = _zone(self.read_zone), _zone(self.write_zone)

        def change(entity: Any, run: Run) -> Any:
            value = source.search(run.scope(entity))
            if value in (None, ""):
                if self.missing is Missing.FAIL:
                    raise missing_value(self.source, place)
                return entity if self.missing is Missing.SKIP else place.put(entity, target, None)
            try:
                moment = self._moment(value, read_zone)
                written = _written(moment.astimezone(write_zone), self.write)
            except (ValueError, OverflowError, OSError, ArithmeticError):
                raise TransformError(
                    f"{shown(value, self.source)} is no date as it is read here ({', '.join(self.read)})",
                    path=place.at("read"),
                    remedy="Add its format to those that are read.",
                ) from None
            return place.put(entity, target, written)

        return place.each(change)

    def _moment(self, value: Any, zone: tzinfo) -> datetime:
        """The moment, by the first format that fits. Raises ValueError, OverflowError, ArithmeticError."""
        for form in self.read:
            try:
                return _read_moment(value, form, zone)
            except (ValueError, TypeError, ArithmeticError, OSError):
                continue
        raise ValueError("no format fits")


def _read_moment(value: Any, form: str, zone: tzinfo) -> datetime:
    """The moment; `zone` is that of a date which does not say its own."""
    if isinstance(value, bool | Secret | dict | list):
        raise TypeError("no date")
    if isinstance(value, date):
        return _in_zone(value if isinstance(value, datetime) else datetime.combine(value, time()), zone)
    if form in ("timestamp", "timestamp_ms"):
        seconds = Decimal(str(value)) if form == "timestamp" else Decimal(str(value)) / 1000
        return datetime.fromtimestamp(float(seconds), UTC)
    if not isinstance(value, str):
        raise TypeError("no text")
    text = value.strip()
    if form == "iso":
        return _in_zone(datetime.fromisoformat(text), zone)
    if "%z" in form:
        return datetime.strptime(text, form).astimezone(UTC)
    return datetime.strptime(text, form).replace(tzinfo=zone)


def _in_zone(moment: datetime, zone: tzinfo) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _written(moment: datetime, form: str) -> str | int | float:
    if form == "timestamp":
        return int(moment.timestamp())
    if form == "timestamp_ms":
        return int(moment.timestamp() * 1000)
    if form == "iso":
        return moment.isoformat()
    if form == "iso_utc":
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return moment.date().isoformat() if form == "date" else moment.strftime(form)


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


class FormatNumber(TransformerDescription):
    type_name = "format_number"
    title = "Format a number"
    source: ExpressionText = needed("Source", SOURCE_HELP, min_length=1)
    target: TargetText = needed("Target", "Where the number is put.")
    read_decimal: str = option(".", "Decimal mark of what is read", pattern=r"^[.,]$")
    read_thousands: str = option("", "Thousands mark of what is read", "Taken away.", pattern=r"^[.,' _]?$")
    digits: int | None = option(None, "Digits after the point", "Empty: as many as there are.", ge=0, le=12)
    rounding: Rounding = option(Rounding.HALF_UP, "Rounding")
    write: NumberForm = option(NumberForm.NUMBER, "Write as", "A number has no zeros at its end, a text has.")
    write_decimal: str = option(".", "Decimal mark of a text", pattern=r"^[.,]$")
    write_thousands: str = option("", "Thousands mark of a text", pattern=r"^[.,' _]?$")
    missing: Missing = option(Missing.FAIL, "When missing")

    def build(self, place: Place) -> Step:
        target, source = Target.parse(self.target), place.needed_expression(self.source, "source")

        def change(entity: Any, run: Run) -> Any:
            value = source.search(run.scope(entity))
            if value in (None, ""):
                if self.missing is Missing.FAIL:
                    raise missing_value(self.source, place)
                return entity if self.missing is Missing.SKIP else place.put(entity, target, None)
            try:
                number = self._rounded(self._number(value))
            except (ValueError, ArithmeticError):
                raise TransformError(
                    f"{shown(value, self.source)} is no number as it is read here",
                    path=place.at("source"),
                    remedy="Correct the value, or the marks of what is read.",
                ) from None
            written = self._text(number) if self.write is NumberForm.TEXT else plain(number)
            return place.put(entity, target, written)

        return place.each(change)

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
