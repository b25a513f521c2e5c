"""What was asked of the shop, so that tests can count requests. Headers and bodies are not kept: they
hold secrets.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass

MAX_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """``status`` is 0 when no answer was sent; ``fault`` is the kind that struck, if any."""

    at: str
    method: str
    path: str
    query: str
    status: int
    fault: str
    milliseconds: float
    bytes_sent: int

    def describe(self) -> dict[str, object]:
        return asdict(self)


class Journal:
    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)
        self._counts: Counter[tuple[str, str]] = Counter()
        self.open_now = 0
        self.open_most = 0
        """The most requests that were open at the same time."""

    def begin(self) -> None:
        self.open_now += 1
        self.open_most = max(self.open_most, self.open_now)

    def end(self, entry: Entry) -> None:
        self.open_now -= 1
        self._entries.append(entry)
        self._counts[entry.method, entry.path] += 1

    def entries(self) -> list[Entry]:
        return list(self._entries)

    def count(self, method: str = "", path: str = "") -> int:
        """Requests so far, of a method and of a path without its query when they are given."""
        return sum(
            number
            for (made, asked), number in self._counts.items()
            if method in ("", made) and path in ("", asked)
        )

    def clear(self) -> None:
        self._entries.clear()
        self._counts.clear()
        self.open_most = self.open_now
