"""How far a run has got: the moment from which the next one reads."""

from __future__ import annotations

from datetime import datetime, timedelta


class Mark:
    """The latest date that came, but never past a record that is still open, nor past the start of the run (a date
    in the future would hide all that is older), nor backwards. Records are open from when they are handed out
    until they are settled; one without a date holds the mark where it was."""

    def __init__(self, since: datetime | None, started_at: datetime) -> None:
        self.since = since
        self._started_at = started_at
        self._latest: datetime | None = None
        self._open: dict[int, datetime | None] = {}

    def saw(self, moment: datetime) -> None:
        """A record with this date came."""
        self._latest = moment if self._latest is None else max(self._latest, moment)

    def hold(self, number: int, moment: datetime | None) -> None:
        """This record is open."""
        self._open[number] = moment

    def release(self, number: int) -> None:
        """This record is settled."""
        self._open.pop(number, None)

    @property
    def open_count(self) -> int:
        return len(self._open)

    def moment(self) -> datetime | None:
        """Where the next run begins; None as long as nothing is known, which is everything."""
        dates = list(self._open.values())
        if self._latest is None or None in dates:
            return self.since
        # A server may take the date to read from as excluded.
        bounds = [moment - timedelta(seconds=1) for moment in dates if moment is not None]
        reached = min([self._latest, self._started_at, *bounds])
        return reached if self.since is None else max(self.since, reached)
