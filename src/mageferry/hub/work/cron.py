"""Cron text with a time zone: when something is due next, and what is wrong with text that can't be read.

Five fields as in cron(5), read by cronsim, which treats the hours of a clock change as Debian's cron does.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import zoneinfo
from dataclasses import dataclass
from functools import lru_cache

from cronsim import CronSim, CronSimError

CRON_HELP = (
    "Five fields: minute hour day month weekday. "
    "*/15 * * * * is every 15 minutes, 30 6 * * 1-5 is 6:30 on workdays."
)
_NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}
_LONGEST_WAIT = dt.timedelta(days=366 * 8 + 1)


class BadCron(ValueError):
    """The cron text can't be used; the message says why and how to write it."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"{text!r} can't be used: {why}. {CRON_HELP}")


class BadTimeZone(ValueError):
    """There is no time zone of this name."""

    def __init__(self, name: str, likely: str = "") -> None:
        hint = f" Did you mean {likely}?" if likely else ""
        super().__init__(
            f"There is no time zone {name!r}.{hint} Write UTC or a name of the IANA list, like Europe/Berlin."
        )


def parse_time_zone(name: str) -> dt.tzinfo:
    """The time zone of this IANA name. Raises BadTimeZone."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        wanted = name.strip().lower().replace(" ", "_")
        likely = next(
            (
                known
                for known in sorted(zoneinfo.available_timezones())
                if wanted and wanted in (known.lower(), known.lower().rpartition("/")[2])
            ),
            "",
        )
        raise BadTimeZone(name, likely) from None


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron text that was checked."""

    text: str

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, text: str) -> Cron:
        """Raises BadCron."""
        plain = " ".join(text.split())
        fields = _NAMES.get(plain.lower(), plain)
        if len(fields.split(" ")) != 5:
            raise BadCron(text, f"it has {len(fields.split())} fields instead of five")
        cron = cls(fields)
        # Far enough to find the rarest day, 29 February on a certain weekday apart.
        if cron._after(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)) is None:
            raise BadCron(text, "such a day never comes")
        return cron

    def next_after(self, moment: dt.datetime, time_zone: dt.tzinfo, spread: Spread) -> dt.datetime:
        """The first start after this moment (UTC): a time of the cron text plus the schedule's own delay."""
        first = self._after(moment.astimezone(time_zone))
        if first is None:
            raise BadCron(self.text, "such a day never comes")
        period = (self._after(first) or first) - first
        delay = spread.delay(period)
        # The time before may still be ahead once its delay is added.
        earlier = self._after((moment - delay).astimezone(time_zone))
        return ((earlier or first).astimezone(dt.UTC) + delay).astimezone(dt.UTC)

    def _after(self, moment: dt.datetime) -> dt.datetime | None:
        try:
            found = next(CronSim(self.text, moment))
        except CronSimError as error:
            raise BadCron(self.text, f"{str(error)[:1].lower()}{str(error)[1:]}") from None
        except StopIteration:
            return None
        return found if found - moment < _LONGEST_WAIT else None


@dataclass(frozen=True, slots=True)
class Spread:
    """A delay of up to `seconds`, the same for one name at each time, so that not everything starts at once."""

    name: str
    seconds: int

    def delay(self, period: dt.timedelta) -> dt.timedelta:
        """At most a quarter of the period, so that starts keep their order and their distance."""
        longest = min(float(self.seconds), period.total_seconds() / 4)
        digest = hashlib.sha256(self.name.encode()).digest()
        return dt.timedelta(milliseconds=int(longest * 1000 * int.from_bytes(digest[:8]) / 2**64))
