"""What keeps a delivery from being taken twice."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Protocol


class Replays(Protocol):
    """Keys of deliveries. Shared by everyone who takes them, across processes."""

    def add(self, key: str, until: datetime, now: datetime) -> bool:
        """Remember a key until then; False when it is remembered already. In one step, for two at a time."""

    def forget(self, key: str) -> None:
        """Forget a key, when its delivery could not be processed: the sender will send it again."""


class MemoryReplays:
    """Keeps them in this process, up to `limit`; when that is reached, those go first that run out next."""

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._until: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def add(self, key: str, until: datetime, now: datetime) -> bool:
        with self._lock:
            known = self._until.get(key)
            if known is not None and known > now:
                return False
            if len(self._until) >= self._limit:
                self._make_room(now)
            self._until[key] = until
            return True

    def _make_room(self, now: datetime) -> None:
        self._until = {key: until for key, until in self._until.items() if until > now}
        if len(self._until) >= self._limit:
            for key in sorted(self._until, key=self._until.__getitem__)[: self._limit // 10 + 1]:
                del self._until[key]

    def forget(self, key: str) -> None:
        with self._lock:
            self._until.pop(key, None)
