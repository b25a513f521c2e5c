"""Units that a worker has claimed and nobody has begun: its threads take them from here, a portion each."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mageferry.hub.work.units import Claim


@dataclass(frozen=True, slots=True)
class Portion:
    """Units that one thread works on, one after the other.

    `loaded`: what they are about, by their keys, as far as that was loaded for several portions at once.
    """

    claims: Sequence[Claim]
    loaded: Mapping[int, Any] = field(default_factory=dict)


def cut(claims: Sequence[Claim], size: int, loaded: Mapping[int, Any] | None = None) -> list[Portion]:
    """Portions of up to `size` units, in the order given."""
    return [
        Portion(claims[start : start + size], loaded or {}) for start in range(0, len(claims), max(1, size))
    ]


class Shelf:
    """The portions that wait. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._portions: deque[Portion] = deque()
        self._units = 0

    def __len__(self) -> int:
        """How many units are on it."""
        return self._units

    def put(self, portions: Iterable[Portion]) -> None:
        """Lay them behind the others."""
        with self._lock:
            for portion in portions:
                self._portions.append(portion)
                self._units += len(portion.claims)

    def take(self) -> Portion | None:
        """The first portion; None when there is none."""
        with self._lock:
            if not self._portions:
                return None
            portion = self._portions.popleft()
            self._units -= len(portion.claims)
            return portion

    def remove(self, unwanted: Callable[[Claim], bool]) -> list[Claim]:
        """Take these units off; the others stay where they are."""
        removed: list[Claim] = []
        with self._lock:
            kept: deque[Portion] = deque()
            for portion in self._portions:
                staying = [held for held in portion.claims if not unwanted(held)]
                removed += [held for held in portion.claims if unwanted(held)]
                if staying:
                    kept.append(Portion(staying, portion.loaded))
            self._portions = kept
            self._units -= len(removed)
        return removed

    def clear(self) -> list[Claim]:
        """Take everything off."""
        return self.remove(lambda held: True)
