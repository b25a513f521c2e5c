"""What paginations have in common: the turn to ask for, the answer they look at, and when to stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from httpx2 import Headers

from mageferry.http.placeholders import TemplateError
from mageferry.http.subscriber.errors import PaginationError
from mageferry.http.subscriber.expressions import kind_of, optional, parse, search


@dataclass(frozen=True, slots=True, repr=False)
class Turn:
    """One page to ask for.

    `key`: what may come only once in a run: an address, a cursor, a page number. `parameters` go into the query,
    `values` are for placeholders, `url` takes the place of the whole address. `received`: items before this page.
    """

    number: int
    key: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""
    received: int = 0

    def __repr__(self) -> str:
        # Links and cursors may hold a token.
        return f"<Turn {self.number}>"


@dataclass(frozen=True, slots=True, repr=False)
class PageAnswer:
    """What a pagination sees of an answer. `document` is None for tables; `count`: the items the server sent,
    before any filter; `url`: the address that answered; `origin`: the one that was asked first, without redirects."""

    document: Any
    headers: Headers
    url: str
    origin: str
    count: int


class Pagination(Protocol):
    """Leads from page to page; keeps nothing itself, so one serves many runs."""

    @property
    def reads_body(self) -> bool:
        """Whether it needs a document: no pagination of tables then."""

    def first(self) -> Turn: ...

    def following(self, turn: Turn, answer: PageAnswer) -> Turn | None:
        """The next turn, None behind the last page. Raises PaginationError."""


@dataclass(frozen=True, slots=True)
class Stop:
    """When pages end, by what the server returned. An empty page always ends them.

    `total`: JMESPath of how many there are in all. `more`: JMESPath of a flag that there are more. `short_page`:
    fewer items than asked for end them; that saves a request, but some servers give fewer than they are asked for
    on every page, and then all others would be missing.
    """

    total: str = ""
    more: str = ""
    short_page: bool = False

    @property
    def reads_body(self) -> bool:
        return bool(self.total or self.more)

    def check(self, path: str) -> None:
        """Raises WrongSettings for expressions that do not parse."""
        optional(self.total, f"{path}.total")
        optional(self.more, f"{path}.more")

    def ends(self, turn: Turn, answer: PageAnswer, size: int | None) -> bool:
        """Whether that was the last page. Raises PaginationError when the total is no number."""
        if answer.count == 0:
            return True
        if self.more and not is_true(found(self.more, "more", answer)):
            return True
        if self.total and turn.received + answer.count >= _number(found(self.total, "total", answer)):
            return True
        return self.short_page and size is not None and answer.count < size


def found(text: str, name: str, answer: PageAnswer) -> Any:
    """What an expression finds in the answer. Raises PaginationError when it cannot be evaluated."""
    try:
        return search(parse(text, f"pagination.{name}"), answer.document)
    except TemplateError as error:
        raise PaginationError(f"The pagination's {name}: {error.message}", remedy=error.remedy) from None


def is_true(value: Any) -> bool:
    """A flag as servers write it, XML and forms as texts."""
    if isinstance(value, str):
        return value.strip().lower() not in ("", "0", "false", "no", "null")
    return bool(value)


def _number(value: Any) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value)
    raise PaginationError(
        f"The total of items is not in the answer, or no number ({kind_of(value)})",
        remedy="Fix pagination.stop.total, or leave it empty: an empty page ends the reading then.",
    )
