"""Finding the one record on which the shop fails, so that the rest of its page can be read."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any, Final, Protocol

from mageferry.http import Flow
from mageferry.http.flow import Command
from mageferry.magento.errors import ConfigurationError, MagentoError, Transient
from mageferry.magento.page import Answer, FailedRecord
from mageferry.magento.types import Row

_COUNTS: Final = 3


class Piece(Protocol):
    """Asks for up to `size` rows behind `after`, within the range or up to `until`."""

    def __call__(self, after: int, size: int, until: int | None = ...) -> Flow[Answer]: ...


class Count(Protocol):
    """Asks how many rows lie behind `after`, up to and with `until`, without having one given out."""

    def __call__(self, after: int, until: int) -> Flow[int]: ...


def attempt[T](flow: Flow[T]) -> Generator[Command, Any, T | Transient]:
    """The flow's result, or its error when one record of the page may be the cause."""
    try:
        return (yield from flow)
    except Transient as error:
        if not is_page_trouble(error):
            raise
        return error


def is_page_trouble(error: MagentoError) -> bool:
    """Whether a read failed in a way that one record of the page can cause: 5xx, time-out, cut body."""
    if error.status is None:
        return error.sent
    return error.status in (500, 502, 504) or error.status < 300


def isolate(piece: Piece, count: Count, after: int, size: int) -> Flow[Answer]:
    """Read a failing page in halves: the rows before the broken record, and that record by its id.

    An empty question with the same filters comes first: when that fails as well, it is the question (an
    unknown field) or the shop, and no record. A row that comes once it is asked for alone isn't broken: the shop
    failed for a moment.
    """
    yield from piece(after, 1, after)
    rows: list[Row] = []
    keys: list[Any] = []
    span, remaining = size, 1
    while span > 0 and remaining > 0:
        half = max(1, span // 2)
        found = yield from attempt(piece(after, half))
        if isinstance(found, Transient) and half > 1:
            span = half
            continue
        if isinstance(found, Transient):
            located = yield from _locate(piece, count, after, found)
            if isinstance(located, int):
                # Whether more lies behind it is not known for certain: ask.
                failed = (FailedRecord(located, found),)
                return Answer(rows, keys, located, max(1, remaining - 1), failed)
            found = located
        rows += found.rows
        keys += found.keys
        after, remaining, span = found.settled, found.remaining, span - half
    return Answer(rows, keys, after, remaining)


def _locate(piece: Piece, count: Count, after: int, error: Transient) -> Flow[int | Answer]:
    """The id of the broken record that comes next: widen the range until it is in, then bisect.

    Or the answer with that record, when it isn't broken after all. Raises `error` when there is none.
    """
    good, step = after, 1
    while not isinstance(found := (yield from attempt(piece(after, 1, good + step))), Transient):
        if found.rows:
            return _open_ended(found)
        good, step = good + step, step * 2
        if step > 2**40:
            return (yield from _behind_all(piece, after))
    bad = good + step
    while bad - good > 1:
        middle = (good + bad) // 2
        found = yield from attempt(piece(after, 1, middle))
        if isinstance(found, Transient):
            bad = middle
        elif found.rows:
            return _open_ended(found)
        else:
            good = middle
    if (yield from _is_none(count, after, bad)):
        # Failures that only looked like a record's: the shop is failing now and then.
        raise error
    return bad


def _is_none(count: Count, after: int, until: int) -> Flow[bool]:
    """Whether the shop says that there is no row. A shop that can't say so (before 2.4 it has to give one out) has one
    as far as is known."""
    for _ in range(_COUNTS):
        number = yield from attempt(count(after, until))
        if not isinstance(number, Transient):
            return number == 0
    return False


def _open_ended(found: Answer) -> Answer:
    """An answer to a question with an end of its own: what lies behind that isn't known, so it has to be asked."""
    return replace(found, remaining=1)


def _behind_all(piece: Piece, after: int) -> Flow[Answer]:
    """There is no row behind `after`: what the list itself says now."""
    found = yield from attempt(piece(after, 1))
    if isinstance(found, Transient):
        raise ConfigurationError(
            f"The shop fails on the list behind id {after}, but on no record of it",
            remedy="Look into the shop's log (var/log/exception.log).",
        )
    return found
