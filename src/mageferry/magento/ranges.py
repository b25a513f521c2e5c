"""The plan of a wide read: which ids to ask for next. Pure; it sends nothing and waits for nothing.

Ids are cut into ranges that workers read side by side, each by its key: `id > after AND id <= until`,
sorted by id. The last range is open-ended, so rows that arrive meanwhile are found. A worker without a
range takes over the rear half of the largest one. Rows beyond a range's end are dropped when it was cut
while its page was on the way: they belong to the other range. So every row that is there throughout comes
exactly once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class _Range:
    """Ids from `after` (settled) to `until` (None: open), with about `rows` rows, `spacing` ids apart."""

    after: int
    until: int | None
    rows: float
    spacing: float
    busy: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """One page to ask for: ids above `after`, up to and with `until`."""

    after: int
    until: int | None
    size: int
    range: _Range

    def owns(self, number: int) -> bool:
        """Whether this id still belongs to the range, which may have been cut meanwhile."""
        return self.range.until is None or number <= self.range.until


class RangePlan:
    """Hands out tickets and takes their answers, in any order; not thread-safe by itself.

    >>> plan = RangePlan(page_size=100, workers=4)
    >>> ticket = plan.next_ticket()
    >>> kept = plan.settle(ticket, ids=[1, 2, 3], settled=3, remaining=0)
    >>> plan.done
    True
    """

    def __init__(self, page_size: int, workers: int = 1, after: int = 0) -> None:
        self.page_size = page_size
        self._workers = workers
        self._started = False
        self._ranges = [_Range(after, None, math.inf, 1.0)]

    @property
    def done(self) -> bool:
        """Nothing is left to ask for or to wait for."""
        return not self._ranges

    @property
    def remaining(self) -> int:
        """About how many rows are still to come, by the shop's own counts."""
        return sum(max(0, round(part.rows)) for part in self._ranges if math.isfinite(part.rows))

    def next_ticket(self) -> Ticket | None:
        """The next page to ask for; None when the answers on their way must be waited for, or all is done."""
        part = next((part for part in self._ranges if not part.busy), None) or self._steal()
        if part is None:
            return None
        part.busy = True
        return Ticket(part.after, part.until, self.page_size, part)

    def settle(self, ticket: Ticket, ids: Sequence[int], settled: int, remaining: int) -> int:
        """Take an answer: its ascending ids, up to where it settles the range and what remains behind that
        of what was asked for. Returns how many of the ids to keep, from the first."""
        part = ticket.range
        part.busy = False
        kept = len(ids)
        if part.until is not None and ticket.until != part.until:
            # Cut while on its way: the rows behind the cut are another worker's.
            kept = sum(1 for number in ids if number <= part.until)
            if ids and ids[-1] > part.until:
                remaining = 0
            elif ticket.until is not None or remaining:
                remaining = min(remaining, math.ceil((part.until - settled) / part.spacing))
        if remaining <= 0 or (part.until is not None and settled >= part.until):
            self._ranges.remove(part)
            return kept
        if len(ids) > 1:
            part.spacing = max(1.0, (ids[-1] - ids[0]) / (len(ids) - 1))
        part.after, part.rows = settled, float(remaining)
        if not self._started:
            self._started = True
            self._split(part)
        return kept

    def _split(self, part: _Range) -> None:
        """After the first page: one range for every worker, each a whole number of pages long by estimate."""
        pages = math.ceil(part.rows / self.page_size)
        shares = min(self._workers, pages)
        page_ids = self.page_size * part.spacing
        starts = [part.after + round(page_ids * (pages * share // shares)) for share in range(shares)]
        rows = part.rows / shares
        ends: list[int | None] = [*starts[1:], None]
        self._ranges = [
            _Range(start, end, rows, part.spacing) for start, end in zip(starts, ends, strict=True)
        ]

    def _steal(self) -> _Range | None:
        """Cut the range with the most rows behind its page on the way; None when not worth a request."""
        largest = max(self._ranges, key=lambda part: part.rows, default=None)
        if largest is None or not math.isfinite(largest.rows):
            return None
        behind = largest.rows - self.page_size
        if behind < self.page_size / 2:
            return None
        cut = self._cut(largest, behind)
        if cut <= largest.after or (largest.until is not None and cut >= largest.until):
            return None
        taken = _Range(cut, largest.until, behind / 2, largest.spacing)
        largest.until, largest.rows = cut, largest.rows - taken.rows
        self._ranges.insert(self._ranges.index(largest) + 1, taken)
        return taken

    def _cut(self, part: _Range, behind: float) -> int:
        """The id at which the rear half begins, a whole number of pages from the page on the way."""
        page_ids = self.page_size * part.spacing
        pages = math.ceil(behind / self.page_size)
        cut = part.after + round(page_ids * (1 + pages // 2))
        if part.until is not None:
            page_end = min(part.after + page_ids, part.until - 1)
            middle = round(page_end + (part.until - page_end) / 2)
            # Rows are spread unevenly: where the estimate leaves the range, halve the ids instead.
            cut = cut if cut < part.until else middle
        return cut
