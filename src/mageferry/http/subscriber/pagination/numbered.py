"""Paginations that count: no pages at all, page numbers, offsets; and cursors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mageferry.http.placeholders import as_text
from mageferry.http.subscriber.errors import PaginationError, WrongSettings
from mageferry.http.subscriber.expressions import kind_of, parse
from mageferry.http.subscriber.pagination.turns import PageAnswer, Stop, Turn, found, is_true


@dataclass(frozen=True, slots=True)
class OnePage:
    """One answer holds everything."""

    @property
    def reads_body(self) -> bool:
        return False

    def first(self) -> Turn:
        return Turn(1, "", values={"number": 1})

    def following(self, turn: Turn, answer: PageAnswer) -> Turn | None:
        return None


class _Counted(ABC):
    """Pages that are told apart by a number: their own, or that of the items before them."""

    __slots__ = ()
    size_parameter: str
    size: int | None
    stop: Stop

    def __post_init__(self) -> None:
        _check_size(self.size, self.size_parameter, self.stop)

    @property
    def reads_body(self) -> bool:
        return self.stop.reads_body

    def first(self) -> Turn:
        return self._turn(1, 0)

    def following(self, turn: Turn, answer: PageAnswer) -> Turn | None:
        if self.stop.ends(turn, answer, self.size):
            return None
        return self._turn(turn.number + 1, turn.received + answer.count)

    @abstractmethod
    def _turn(self, number: int, received: int) -> Turn:
        """The page of this number, from 1, behind so many items."""


@dataclass(frozen=True, slots=True)
class PageNumber(_Counted):
    """Pages by number. `parameter` and `size_parameter` are query parameters; empty ones are not sent, as when
    placeholders (`&{page.number}`, `&{page.size}`) carry them. `fixed`: more parameters, for every page."""

    parameter: str = "page"
    start: int = 1
    size_parameter: str = ""
    size: int | None = None
    stop: Stop = field(default_factory=Stop)
    fixed: Mapping[str, str] = field(default_factory=dict)

    def _turn(self, number: int, received: int) -> Turn:
        sent = self.start + number - 1
        parameters = _named({self.size_parameter: self.size, self.parameter: sent})
        return Turn(
            number,
            str(sent),
            {**self.fixed, **parameters},
            {"number": sent, "size": self.size},
            received=received,
        )


@dataclass(frozen=True, slots=True)
class Offset(_Counted):
    """Pages by the number of items before them. It goes on by what came, not by what was asked for: a server that
    gives fewer loses nothing."""

    parameter: str = "offset"
    start: int = 0
    size_parameter: str = "limit"
    size: int = 100
    stop: Stop = field(default_factory=Stop)

    def _turn(self, number: int, received: int) -> Turn:
        offset = self.start + received
        values = {"number": number, "size": self.size, "offset": offset}
        parameters = _named({self.size_parameter: self.size, self.parameter: offset})
        return Turn(number, str(offset), parameters, values, received=received)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Pages by a mark that each answer gives for the next one. `path`: JMESPath of it, such as `paging.next`, or
    `items[-1].id` where a key leads on. `more`: JMESPath of a flag, for servers that give a cursor also behind the
    last page. Empty pages do not end it, since some servers filter after paging."""

    path: str
    parameter: str = "cursor"
    size_parameter: str = ""
    size: int | None = None
    more: str = ""

    def __post_init__(self) -> None:
        parse(self.path, "pagination.path")
        Stop(more=self.more).check("pagination")
        _check_size(self.size, self.size_parameter, Stop())

    @property
    def reads_body(self) -> bool:
        return True

    def first(self) -> Turn:
        return self._turn(1, None, 0)

    def following(self, turn: Turn, answer: PageAnswer) -> Turn | None:
        if self.more and not is_true(found(self.more, "more", answer)):
            return None
        cursor = found(self.path, "path", answer)
        if cursor is None or cursor == "" or cursor is False:
            return None
        if not isinstance(cursor, str | int | float):
            raise PaginationError(
                f"The cursor is no text or number, but {kind_of(cursor)}",
                remedy=f"Fix pagination.path ({self.path}).",
            )
        return self._turn(turn.number + 1, as_text(cursor), turn.received + answer.count)

    def _turn(self, number: int, cursor: str | None, received: int) -> Turn:
        values = {"number": number, "size": self.size, "cursor": cursor}
        parameters = _named({self.size_parameter: self.size, self.parameter: cursor})
        return Turn(
            number, "" if cursor is None else f"cursor {cursor}", parameters, values, received=received
        )


def search_criteria(size: int = 100, sort: str = "entity_id") -> PageNumber:
    """Pages of a list by Magento's searchCriteria, sorted by a field that every row has another value of: in any
    other order rows come twice and others never."""
    return PageNumber(
        "searchCriteria[currentPage]",
        size_parameter="searchCriteria[pageSize]",
        size=size,
        stop=Stop(total="total_count"),
        fixed={
            "searchCriteria[sortOrders][0][field]": sort,
            "searchCriteria[sortOrders][0][direction]": "ASC",
        },
    )


def _named(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {name: as_text(value) for name, value in parameters.items() if name and value is not None}


def _check_size(size: int | None, size_parameter: str, stop: Stop) -> None:
    stop.check("pagination.stop")
    if size is not None and size < 1:
        raise WrongSettings("pagination.size", "is a whole number from 1")
    if size is None and (stop.short_page or size_parameter):
        raise WrongSettings("pagination.size", "is needed", remedy="Say how many items to ask for.")
