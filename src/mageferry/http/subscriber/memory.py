"""What is remembered between runs: entities that were processed, and how they looked.

Both are ports: the calls are short, and with the asynchronous client they run on the event loop.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class Seen(Protocol):
    """Keys of what was processed. It may forget old ones, at the price of processing them again."""

    def known(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that are remembered."""

    def add(self, keys: Sequence[str]) -> None: ...


class Fingerprints(Protocol):
    """How each entity looked when it was last processed."""

    def load(self, identifiers: Sequence[str]) -> Mapping[str, str]:
        """Identifier -> fingerprint, of those that are known."""

    def store(self, fingerprints: Mapping[str, str]) -> None: ...


class MemorySeen:
    """Keeps the latest `limit` keys in this process."""

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._keys)

    def known(self, keys: Sequence[str]) -> set[str]:
        with self._lock:
            return {key for key in keys if key in self._keys}

    def add(self, keys: Sequence[str]) -> None:
        with self._lock:
            for key in keys:
                self._keys[key] = None
                self._keys.move_to_end(key)
            while len(self._keys) > self._limit:
                self._keys.popitem(last=False)


class MemoryFingerprints:
    """Keeps them in this process."""

    def __init__(self) -> None:
        self._fingerprints: dict[str, str] = {}

    def load(self, identifiers: Sequence[str]) -> Mapping[str, str]:
        return {name: self._fingerprints[name] for name in identifiers if name in self._fingerprints}

    def store(self, fingerprints: Mapping[str, str]) -> None:
        self._fingerprints.update(fingerprints)


@dataclass(frozen=True, slots=True)
class Memories:
    """`seen`: what was processed is not read again, in this shape at least if it is read by date; within a run by
    date it only has to last over the overlap. `fingerprints`: what looks as it did when it was last processed is
    left out. Both are written only for what has succeeded, so a failed entity comes again."""

    seen: Seen | None = None
    fingerprints: Fingerprints | None = None
