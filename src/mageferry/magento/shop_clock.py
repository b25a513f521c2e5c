"""What time the shop believes it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from mageferry.http import Response


class ShopClock:
    """Compares our clock with the shop's by the `Date` header of its last answer, to the second."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._last: tuple[str, float] | None = None

    def note(self, response: Response) -> None:
        """Remember an answer's header; it is read only when somebody asks."""
        self._last = response.headers.get("date", ""), self._clock()

    @property
    def ahead_seconds(self) -> float | None:
        """How far our clock is ahead of the shop's, negative when behind; None when the shop does not say."""
        if self._last is None:
            return None
        text, noted_at = self._last
        try:
            return noted_at - parsedate_to_datetime(text).timestamp()
        except (ValueError, TypeError, OverflowError):
            return None
