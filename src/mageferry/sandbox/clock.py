"""The time of a sandbox's system, which can be moved."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """The shop's time. ``set`` moves it; it goes on ticking from there."""

    def __init__(self) -> None:
        self._offset_seconds = 0.0

    def seconds(self) -> float:
        return time.time() + self._offset_seconds

    def text(self) -> str:
        """The moment as Magento's tables hold it: UTC, whole seconds."""
        return datetime.fromtimestamp(self.seconds(), UTC).strftime("%Y-%m-%d %H:%M:%S")

    def set(self, moment: datetime | None) -> None:
        """None goes back to the machine's clock."""
        self._offset_seconds = 0.0 if moment is None else moment.timestamp() - time.time()
