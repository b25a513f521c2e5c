"""How the dates of items are written, and those that are sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from mageferry.http.dates import check_format, check_read_format, read_moment, write_moment, zone_of
from mageferry.http.subscriber.errors import WrongSettings


@dataclass(frozen=True, slots=True)
class DateFormat:
    """`pattern`: `iso` (ISO 8601, `T` or a blank), `timestamp` (seconds), `timestamp_ms`, or one of strptime such as
    `%d.%m.%Y %H:%M`; for what is written also `iso_utc` and `date`. `zone`: the time zone of texts that name none,
    and in which moments are written."""

    pattern: str
    zone: tzinfo

    @classmethod
    def to_read(cls, pattern: str, zone: str, path: str) -> DateFormat:
        """Check both; `path` is what the names of their fields begin with. Raises WrongSettings."""
        return cls(
            _checked(check_read_format, pattern, f"{path}format"), _checked(zone_of, zone, f"{path}zone")
        )

    @classmethod
    def to_write(cls, pattern: str, zone: str, path: str) -> DateFormat:
        """The same for dates that are written."""
        return cls(_checked(check_format, pattern, f"{path}format"), _checked(zone_of, zone, f"{path}zone"))

    def read(self, value: Any) -> datetime:
        """The moment, in UTC. Raises ValueError."""
        return read_moment(value, self.pattern, self.zone)

    def write(self, moment: datetime) -> str:
        """The moment as text, whole seconds."""
        return str(write_moment(moment.astimezone(self.zone).replace(microsecond=0), self.pattern))


def _checked[T](check: Callable[[str], T], text: str, path: str) -> T:
    try:
        return check(text)
    except ValueError as error:
        reason, _, remedy = str(error).partition(": ")
        raise WrongSettings(path, reason, remedy=f"{remedy[:1].upper()}{remedy[1:]}.") from None
