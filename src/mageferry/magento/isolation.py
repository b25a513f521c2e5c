"""Finding the one record on which the shop fails, so that the rest of its page can be read."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

from mageferry.http import Flow
from mageferry.http.flow import Command
from mageferry.magento.errors import ConfigurationError, MagentoError, Transient
from mageferry.magento.page import Answer, FailedRecord
from mageferry.magento.types import Row


class Piece(Protocol):
    """Asks for up to `size` rows behind `after`, within the range or up to `until`."""

    def __call__(self, after: int, size: int, until: int | None = ...) -> Flow[Answer]: ...


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


def isolate(piece: Piece, after: int, size: int) -> Flow[Answer]:
    """Read a failing page in halves: the rows before the broken record, and that record by its id.

    An empty question with the same filters comes first: when that fails as well, it is the question (an
    unknown field) or the shop, and no record.
    """
    yield from piece(after, 1, after)
    rows: list[Row] = []
    keys: list[Any] = []
    span, remaining = size, 1
    while span > 0 and remaining > 0:
        half = max(1, span // 2)
        found = yield from attempt(piece(after, half))
        if isinstance(found, Answer):
            rows += found.rows
            keys += found.keys
            after, remaining, span = found.settled, found.remaining, span - half
        elif half > 1:
            span = half
        else:
            broken = yield from _locate(piece, after)
            # Whether more lies behind it is not known for certain: ask.
            return Answer(rows, keys, broken, max(1, remaining - 1), (FailedRecord(broken, found),))
    return Answer(rows, keys, after, remaining)


def _locate(piece: Piece, after: int) -> Flow[int]:
    """The id of the broken record that comes next: widen the range until it is in, then bisect."""
    good, step = after, 1
    while not (yield from _fails(piece, after, good + step)):
        good, step = good + step, step * 2
        if step > 2**40:
            raise ConfigurationError(
                f"The shop fails on the list behind id {after}, but on no record of it",
                remedy="Look into the shop's log (var/log/exception.log).",
            )
    bad = good + step
    while bad - good > 1:
        middle = (good + bad) // 2
        if (yield from _fails(piece, after, middle)):
            bad = middle
        else:
            good = middle
    return bad


def _fails(piece: Piece, after: int, until: int) -> Flow[bool]:
    return isinstance((yield from attempt(piece(after, 1, until))), Transient)
