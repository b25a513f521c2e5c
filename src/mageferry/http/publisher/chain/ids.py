"""Id maps: which remote id belongs to which of ours."""

from __future__ import annotations

import threading
from typing import Protocol


class IdMap(Protocol):
    """Where ids are kept. Putting the same again changes nothing."""

    def get(self, name: str, local_id: str) -> str | None:
        """The remote id in the map of this name, None when there is none."""

    def put(self, name: str, local_id: str, remote_id: str) -> None:
        """Keep a remote id."""


class MemoryIdMap:
    """Id maps of this process alone."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def get(self, name: str, local_id: str) -> str | None:
        with self._lock:
            return self._ids.get((name, local_id))

    def put(self, name: str, local_id: str, remote_id: str) -> None:
        with self._lock:
            self._ids[(name, local_id)] = remote_id
