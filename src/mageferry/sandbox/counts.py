"""How many rows: counted once while nothing is written, and by steps for lists that are read by their key.

A list's answer says how many rows match in all. Counting a million of them anew for every page would take longer
than the page itself.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Protocol

from mageferry.sandbox.php import Value

MAX_KNOWN = 10_000


class Countable(Protocol):
    """What is counted in: a database that knows when it was changed."""

    @property
    def changes(self) -> int: ...

    def value(self, statement: str, values: Iterable[Value] = ()) -> Value: ...


class Counts:
    def __init__(self, database: Countable) -> None:
        self._database = database
        self._changes = -1
        self._known: dict[tuple[str, tuple[Value, ...]], int] = {}
        self._anchors: dict[str, list[tuple[int, int]]] = {}

    def of(self, statement: str, values: Iterable[Value] = ()) -> int:
        """What a counting statement gives."""
        self._forget_if_changed()
        key = (statement, tuple(values))
        if key not in self._known:
            self._known[key] = int(str(self._database.value(*key) or 0))
        return self._known[key]

    def between(self, table: str, key: str, above: int | None, upto: int | None) -> int:
        """Rows whose key is above one number and not above another; None is no limit."""
        lower = 0 if above is None else self._upto(table, key, above)
        whole = self.of(f"SELECT COUNT(*) FROM {table}")
        return max((whole if upto is None else self._upto(table, key, upto)) - lower, 0)

    def _upto(self, table: str, key: str, number: int) -> int:
        """Rows up to a key, counted from the nearest key that is known already."""
        self._forget_if_changed()
        anchors = self._anchors.setdefault(table, [])
        place = bisect_left(anchors, (number, -1))
        if place < len(anchors) and anchors[place][0] == number:
            return anchors[place][1]
        start, known = anchors[place - 1] if place else (-(2**63), 0)
        statement = f'SELECT COUNT(*) FROM {table} WHERE "{key}" > ? AND "{key}" <= ?'
        found = known + int(str(self._database.value(statement, (start, number)) or 0))
        insort(anchors, (number, found))
        return found

    def _forget_if_changed(self) -> None:
        full = len(self._known) + sum(map(len, self._anchors.values())) > MAX_KNOWN
        if self._changes != self._database.changes or full:
            self._changes = self._database.changes
            self._known.clear()
            self._anchors.clear()
