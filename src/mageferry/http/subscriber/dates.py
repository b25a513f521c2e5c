"""Moments as remote systems write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mageferry.http.subscriber.errors import WrongSettings

ISO, TIMESTAMP, TIMESTAMP_MS = "iso", "timestamp", "timestamp_ms"
_DIRECTIVE = re.compile(r"%[A-Za-z]")


@dataclass(frozen=True, slots=True)
class DateFormat:
    """`pattern`: `iso` (ISO 8601, `T` or a blank), `timestamp` (seconds), `timestamp_ms`, or one of strptime such as
    `%d.%m.%Y %H:%M`. `zone`: the time zone of texts that name none, and in which moments are written."""

    pattern: str
    zone: ZoneInfo

    @classmethod
    def parse(cls, pattern: str, zone: str, path: str) -> DateFormat:
        """Check both; `path` is what the names of their fields begin with. Raises WrongSettings."""
        if pattern not in (ISO, TIMESTAMP, TIMESTAMP_MS) and not _DIRECTIVE.search(pattern):
            raise WrongSettings(
                f"{path}format",
                f"{pattern!r} is no format of dates",
                remedy="Write iso, timestamp, timestamp_ms, or a pattern such as %Y-%m-%d %H:%M:%S.",
            )
        try:
            return cls(pattern, ZoneInfo(zone))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise WrongSettings(
                f"{path}zone", f"{zone!r} is no time zone", remedy="Such as UTC or Europe/Berlin."
            ) from None

    def read(self, value: Any) -> datetime:
        """The moment, in UTC. Raises ValueError."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("it is neither a text nor a number")
        try:
            return self._moment(value).astimezone(UTC)
        except (OverflowError, OSError):
            raise ValueError("it is beyond what can be counted") from None

    def _moment(self, value: str | int | float) -> datetime:
        if self.pattern in (TIMESTAMP, TIMESTAMP_MS):
            return datetime.fromtimestamp(float(value) / (1000 if self.pattern == TIMESTAMP_MS else 1), UTC)
        text = str(value).strip()
        if self.pattern != ISO and "%z" in self.pattern:
            return datetime.strptime(text, self.pattern).astimezone(UTC)
        # Without an offset it is local time; of an hour that comes twice, the earlier one: reading begins there.
        if self.pattern != ISO:
            return datetime.strptime(text, self.pattern).replace(tzinfo=self.zone)
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=self.zone)

    def write(self, moment: datetime) -> str:
        """The moment as text, whole seconds."""
        if self.pattern == TIMESTAMP:
            return str(int(moment.timestamp()))
        if self.pattern == TIMESTAMP_MS:
            return str(int(moment.timestamp() * 1000))
        local = moment.astimezone(self.zone)
        return local.isoformat(timespec="seconds") if self.pattern == ISO else local.strftime(self.pattern)
