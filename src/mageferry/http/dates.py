"""Dates as remote systems write them: the formats users choose by name or pattern, read and written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mageferry.http.redaction import Secret

ISO, TIMESTAMP, TIMESTAMP_MS = "iso", "timestamp", "timestamp_ms"
_READ: Final = (ISO, TIMESTAMP, TIMESTAMP_MS)
_WRITTEN_ONLY: Final = ("iso_utc", "date")
_DIRECTIVE = re.compile(r"%(.?)")
# What reads and writes the same on every machine.
_DIRECTIVES: Final = frozenset("YmdHIMSfpyzjbBaA%")


def check_format(text: str) -> str:
    """The format, when dates can be written in it. Raises ValueError."""
    if text in (*_READ, *_WRITTEN_ONLY):
        return text
    used = set(_DIRECTIVE.findall(text))
    if unknown := used - _DIRECTIVES:
        raise ValueError(f"%{sorted(unknown)[0]} is none of %{', %'.join(sorted(_DIRECTIVES))}")
    if not used - {"%"}:
        raise ValueError("this is no format: write iso, timestamp, or such as %d.%m.%Y %H:%M")
    return text


def check_read_format(text: str) -> str:
    """The format, when dates can be read in it. Raises ValueError."""
    check_format(text)
    if text in _READ:
        return text
    if text in _WRITTEN_ONLY:
        raise ValueError("to read it write iso")
    used = _DIRECTIVE.findall(text)
    if not {"Y", "y"} & set(used):
        raise ValueError("a date that is read needs its year: %Y or %y")
    if twice := {name for name in used if name != "%" and used.count(name) > 1}:
        raise ValueError(f"%{sorted(twice)[0]} is there twice")
    return text


def check_zone(name: str) -> str:
    """The name, when there is such a time zone. Raises ValueError."""
    zone_of(name)
    return name


def zone_of(name: str) -> tzinfo:
    """The time zone of a name. Raises ValueError."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("there is no such time zone: write UTC, or such as Europe/Berlin") from None


def read_moment(value: Any, form: str, zone: tzinfo) -> datetime:
    """The moment, in UTC. `zone` is that of a date which does not say its own; of an hour that comes twice there,
    the earlier one. Raises ValueError, whose text quotes nothing of the value when it begins with "it is"."""
    if isinstance(value, bool | Secret | dict | list) or value is None:
        raise ValueError("it is neither a text nor a number")
    try:
        return _read(value, form, zone).astimezone(UTC)
    except (OverflowError, OSError):
        raise ValueError("it is beyond what can be counted") from None
    except (ArithmeticError, TypeError):
        raise ValueError("it is neither a text nor a number that can be read") from None


def _read(value: Any, form: str, zone: tzinfo) -> datetime:
    if isinstance(value, date):
        return _in_zone(value if isinstance(value, datetime) else datetime.combine(value, time()), zone)
    if form in (TIMESTAMP, TIMESTAMP_MS):
        seconds = Decimal(str(value)) / (1 if form == TIMESTAMP else 1000)
        return datetime.fromtimestamp(float(seconds), UTC)
    # A pattern such as %Y%m%d is also written as a number; nobody writes ISO 8601 so.
    if not isinstance(value, str) and (form == ISO or not isinstance(value, int)):
        raise TypeError("no text")
    text = str(value).strip()
    if form == ISO:
        return _in_zone(datetime.fromisoformat(text), zone)
    if "%z" in form:
        return datetime.strptime(text, form).astimezone(UTC)
    return datetime.strptime(text, form).replace(tzinfo=zone)


def _in_zone(moment: datetime, zone: tzinfo) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def write_moment(moment: datetime, form: str) -> str | int:
    """The moment as text, or as a number for timestamps, in the time zone that it has."""
    if form == TIMESTAMP:
        return int(moment.timestamp())
    if form == TIMESTAMP_MS:
        return int(moment.timestamp() * 1000)
    if form == ISO:
        return moment.isoformat()
    if form == "iso_utc":
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return moment.date().isoformat() if form == "date" else moment.strftime(form)
