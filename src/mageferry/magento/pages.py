"""Reading a whole list: complete and without repeats while rows come and go.

Pages by number lose and repeat rows when the list changes between two requests, so lists are read by key:
sorted by a unique column, each request asks for what lies behind the last row. This also works on Magento
2.3 and older, where a page past the end is the last page again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from mageferry.http import Flow
from mageferry.magento.criteria import Filter, SearchCriteria
from mageferry.magento.errors import Rejected, Transient
from mageferry.magento.isolation import attempt, isolate
from mageferry.magento.page import Answer, Key, Page, ignored, total_of, unpack
from mageferry.magento.ranges import RangePlan, Ticket
from mageferry.magento.resources import ResourceSpec
from mageferry.magento.types import Json, Row

type Ask = Callable[[SearchCriteria], Flow[Json]]

# With its placeholder filled; some modules write the number right into the text.
_PAGE_LIMIT_TEXT: Final = re.compile(r"Maximum SearchCriteria pageSize is (\d{1,9})\b")
_MAX_FAILURES_IN_A_ROW: Final = 20


class PageReader[T](Protocol):
    """What the drivers drive: tickets out, answers in. Only `fetch` may run side by side."""

    @property
    def workers(self) -> int:
        """How many requests may be under way at a time."""

    @property
    def done(self) -> bool: ...

    def next_ticket(self) -> T | None: ...

    def fetch(self, ticket: T) -> Flow[Answer]: ...

    def settle(self, ticket: T, answer: Answer) -> Page[Any] | None: ...


@dataclass(slots=True)
class PageLimit:
    """The largest page a shop gives, learned from its refusal and remembered for the connection."""

    size: int | None = None

    def bound(self, size: int) -> int:
        return size if self.size is None else min(size, self.size)

    def learn(self, error: Rejected, size: int) -> bool:
        """Take over a smaller page size that the shop demands; False when that is not what it said."""
        told = _PAGE_LIMIT_TEXT.match(error.message)
        if told is None or not 0 < int(told[1]) < size:
            return False
        self.size = int(told[1])
        return True


@dataclass(slots=True)
class ListQuestions:
    """Asks one list for pieces of it."""

    spec: ResourceSpec
    criteria: SearchCriteria
    ask: Ask
    limit: PageLimit = field(default_factory=PageLimit)

    def __post_init__(self) -> None:
        if self.criteria.orders or self.criteria.page is not None:
            raise ValueError(
                "A whole list is read in the order of its key: leave sort() and current_page() out"
            )
        names = self.criteria.item_fields
        needed = self.spec.row_identity or (self.spec.row_key,)
        if names:
            self.criteria = self.criteria.fields(*(name for name in needed if name not in names))

    def rows(self, conditions: list[tuple[str, Key]], size: int) -> Flow[tuple[list[Row], int]]:
        """The first `size` rows by key under these conditions on it, and how many there are in all."""
        while True:
            bounded = self.limit.bound(size)
            try:
                answer = yield from self.ask(self._piece(conditions, bounded))
            except Rejected as error:
                if not self.limit.learn(error, bounded):
                    raise
            else:
                return unpack(answer, self.spec.name)

    def count(self, after: int, until: int) -> Flow[int]:
        """How many rows there are with keys behind `after`, up to and with `until`, without having one given out: a
        page past the end is empty. Magento 2.3 and older gives out the last one."""
        past_the_end = self._piece([("gt", after), ("lteq", until)], 1).current_page(until - after + 1)
        answer = yield from self.ask(past_the_end)
        return total_of(answer, self.spec.name)

    def _piece(self, conditions: list[tuple[str, Key]], size: int) -> SearchCriteria:
        key = self.spec.key
        groups = tuple((Filter(key, condition, str(value)),) for condition, value in conditions)
        sorts = [(key, "ASC")] + [(name, "ASC") for name in self.spec.row_identity if name != key]
        piece = replace(self.criteria, groups=(*self.criteria.groups, *groups), size=size)
        for name, _ in sorts:
            piece = piece.sort(name)
        return piece


class KeyReader:
    """Reads a list whose rows have a unique number, by one worker or several."""

    def __init__(self, questions: ListQuestions, page_size: int, workers: int = 1) -> None:
        self._questions = questions
        self._plan = RangePlan(page_size, workers)
        self.workers = workers
        self._failures_in_a_row = 0

    @property
    def done(self) -> bool:
        return self._plan.done

    def next_ticket(self) -> Ticket | None:
        return self._plan.next_ticket()

    def fetch(self, ticket: Ticket) -> Flow[Answer]:
        """The page of a ticket. When the shop fails on it, its pieces, with the broken record named."""

        def piece(after: int, size: int, until: int | None = ticket.until) -> Flow[Answer]:
            return self._piece(after, until, self._questions.limit.bound(size))

        answer = yield from attempt(piece(ticket.after, ticket.size))
        if isinstance(answer, Transient) and answer.status == 500:
            # Not asked again by the retry rule, since an unknown field is answered like this, too.
            answer = yield from attempt(piece(ticket.after, ticket.size))
        if isinstance(answer, Answer):
            return answer
        found = yield from isolate(piece, self._questions.count, ticket.after, ticket.size)
        if not found.failed and answer.status != 500:
            # All pieces came: the page was too heavy, not broken.
            self._plan.page_size = max(1, min(self._plan.page_size, ticket.size // 2))
        return found

    def settle(self, ticket: Ticket, answer: Answer) -> Page[Any] | None:
        """Take the answer into the plan; the page to hand out, or None when it brought nothing."""
        kept = self._plan.settle(ticket, answer.keys, answer.settled, answer.remaining)
        limit = self._questions.limit
        self._plan.page_size = limit.bound(self._plan.page_size)
        self._count_failures(answer)
        failed = tuple(each for each in answer.failed if ticket.owns(each.id))
        if not kept and not failed:
            return None
        keys = answer.keys[:kept]
        return Page(
            answer.rows if kept == len(answer.rows) else answer.rows[:kept],
            keys[0] if keys else None,
            keys[-1] if keys else None,
            self._plan.remaining,
            failed,
        )

    def _count_failures(self, answer: Answer) -> None:
        self._failures_in_a_row = self._failures_in_a_row + 1 if answer.failed and not answer.rows else 0
        if self._failures_in_a_row >= _MAX_FAILURES_IN_A_ROW:
            raise answer.failed[-1].error

    def _piece(self, after: int, until: int | None, size: int) -> Flow[Answer]:
        """Up to `size` rows behind `after`, up to and with `until`."""
        conditions: list[tuple[str, Key]] = [("gt", after)]
        if until is not None:
            conditions.append(("lteq", until))
        rows, total = yield from self._questions.rows(conditions, size)
        keys = self._checked(rows, after, until)
        return Answer(rows, keys, keys[-1] if keys else after, total - len(rows) if rows else 0)

    def _checked(self, rows: list[Row], after: int, until: int | None) -> list[int]:
        """The rows' ids. Were they not filtered and sorted by, we would read for ever, or lose rows."""
        name = self._questions.spec.row_key
        keys: list[int] = []
        last = after
        for row in rows:
            key = row.get(name) if isinstance(row, dict) else None
            if isinstance(key, str) and key.isdigit():
                key = int(key)
            if not isinstance(key, int) or isinstance(key, bool):
                raise ignored(f"a row of {self._questions.spec.name} has no number in {name}")
            if key <= last or (until is not None and key > until):
                raise ignored(f"{name} {key} came again or out of order after {last}")
            keys.append(key)
            last = key
        return keys


@dataclass(frozen=True, slots=True)
class TextTicket:
    """The next page of a list whose key is a text: rows from this key on."""

    after: str | None
    size: int


class TextKeyReader:
    """Reads a list by a text, which several rows may share, such as source items by SKU.

    Each page begins with the rows of the last key again and leaves out those it has seen, so that a key whose
    rows lie on two pages loses none. The order is the database's; only equality is judged here.
    """

    def __init__(self, questions: ListQuestions, page_size: int) -> None:
        self._questions = questions
        self.workers = 1
        self._page_size = page_size
        self._after: str | None = None
        self._seen: set[tuple[Any, ...]] = set()
        self._done = False
        self._handed_out = 0
        self._expected = 0

    @property
    def done(self) -> bool:
        return self._done

    def next_ticket(self) -> TextTicket | None:
        return None if self._done else TextTicket(self._after, self._page_size)

    def fetch(self, ticket: TextTicket) -> Flow[Answer]:
        """The page of a ticket; where the shop fails on it, a smaller one: one that is too heavy, or that a broken
        row lies on. The broken row itself can't be passed: nobody knows the text behind it."""
        size = ticket.size
        # A page begins with the rows of the last key again: it has to hold one more.
        least = 1 + sum(1 for mark in self._seen if mark[0] == ticket.after)
        while True:
            answer = yield from attempt(self._piece(ticket, size))
            if isinstance(answer, Answer):
                return answer
            # Other failures are asked again by the retry rule.
            if answer.status != 500 or size <= least:
                raise answer
            size = max(size // 4, least)

    def _piece(self, ticket: TextTicket, size: int) -> Flow[Answer]:
        conditions: list[tuple[str, Key]] = [] if ticket.after is None else [("gteq", ticket.after)]
        rows, total = yield from self._questions.rows(conditions, size)
        key = self._questions.spec.row_key
        keys = [row.get(key) if isinstance(row, dict) else None for row in rows]
        if not all(isinstance(each, str) and each for each in keys):
            raise ignored(f"a row of {self._questions.spec.name} has no {key}")
        return Answer(rows, keys, keys[-1] if keys else None, total - len(rows) if rows else 0)

    def settle(self, ticket: TextTicket, answer: Answer) -> Page[Any] | None:
        """Take the answer; the page of new rows, or None when it brought none."""
        identity = self._questions.spec.row_identity
        marks = [tuple(row.get(name) for name in identity) for row in answer.rows]
        fresh = [row for row, mark in zip(answer.rows, marks, strict=True) if mark not in self._seen]
        if not fresh and answer.remaining > 0:
            self._grow(ticket, answer)
        # While the key stays the same its rows may leave and come back: keep them all in mind.
        self._seen = set(marks) | (self._seen if ticket.after == answer.settled else set())
        self._check_progress(len(fresh), len(answer.rows) + answer.remaining)
        self._after = answer.settled
        self._done = answer.remaining <= 0
        if not fresh:
            return None
        key = self._questions.spec.row_key
        return Page(fresh, fresh[0][key], fresh[-1][key], answer.remaining)

    def _grow(self, ticket: TextTicket, answer: Answer) -> None:
        """A whole page of one key's rows that we have seen: only a larger page leads on."""
        bounded = self._questions.limit.bound(ticket.size * 2)
        same_key = ticket.after is not None and answer.keys[0].casefold() == ticket.after.casefold()
        if bounded <= ticket.size or not same_key:
            raise ignored(f"the same {ticket.size} rows came again after {ticket.after}")
        self._page_size = bounded

    def _check_progress(self, fresh: int, total: int) -> None:
        """Far more rows than there were at first: the shop does not sort, and we would read for ever."""
        self._expected = self._expected or 2 * total + 1000
        self._handed_out += fresh
        if self._handed_out > self._expected:
            raise ignored(f"{self._handed_out} rows came where {total} were announced")
