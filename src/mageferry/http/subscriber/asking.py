"""One request and its answer, whose items are read as they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, ClassVar

from mageferry.http.authentication.tokens import said
from mageferry.http.encoding import with_replaced_query
from mageferry.http.errors import BodyTooLarge, HttpError, UnexpectedStatus
from mageferry.http.flow import Flow, Next, Stage
from mageferry.http.message import Request, Response
from mageferry.http.placeholders import Scope
from mageferry.http.plugins.expect import StatusRanges
from mageferry.http.plugins.redirect import same_origin
from mageferry.http.redaction import is_secret_name
from mageferry.http.requests import RequestTemplate
from mageferry.http.subscriber.entities import ItemsPattern, canonical
from mageferry.http.subscriber.errors import EntityError, ForeignHost
from mageferry.http.subscriber.formats import AnswerFormat, Rows, decode
from mageferry.http.subscriber.pagination import PageAnswer, Turn

_NO_CONTENT = 204
type Item = Any


class Received:
    """The items of one answer. They are counted and hashed as they are taken, so a table is never held whole."""

    def __init__(self, items: Iterator[Item], answer: PageAnswer, note: str = "") -> None:
        self._items = items
        self._ahead: list[Item] = []
        self._answer = answer
        self._digest = hashlib.blake2b(digest_size=16)
        self.count = 0
        self.note = note

    def take(self, most: int) -> list[tuple[int, Item]]:
        """The next items with their place in the page, from 1."""
        items = [*self._ahead, *islice(self._items, most + 1 - len(self._ahead))]
        self._ahead = items[most:]
        taken = list(enumerate(items[:most], self.count + 1))
        for _, item in taken:
            self._digest.update(str(item).encode() if isinstance(item, EntityError) else canonical(item))
            self._digest.update(b"\n")
        self.count += len(taken)
        return taken

    @property
    def is_empty(self) -> bool:
        """Whether everything is taken."""
        return not self._ahead

    @property
    def digest(self) -> bytes:
        """The same for the same items in the same order."""
        return self._digest.digest()

    @property
    def page_answer(self) -> PageAnswer:
        """What the pagination looks at, once everything is taken."""
        return replace(self._answer, count=self.count)


class AddressNote:
    """Notes where a request really goes: behind the plugins that complete addresses, before any redirect."""

    stage: ClassVar[Stage] = Stage.PREPARE

    def __init__(self) -> None:
        self.url = ""

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        self.url = request.url
        return (yield from next(request))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked and how the answer is read: the same for every page of a run."""

    template: RequestTemplate
    answer: AnswerFormat
    items: ItemsPattern
    statuses: StatusRanges
    end_statuses: frozenset[int]

    def request(self, turn: Turn, scope: Scope, origin: str) -> Request:
        """The request of a turn. `origin`: the first address that was asked; empty for the first."""
        request = replace(self.template.fill(scope), max_body_bytes=self.answer.limits.body_bytes)
        if not turn.url:
            return replace(
                request, url=with_replaced_query(request.url, turn.parameters, plus=self.template.plus)
            )
        request = replace(request, url=turn.url)
        if same_origin(origin, turn.url):
            return request
        if request.content:
            raise ForeignHost(
                "The next page is on another host, where no body is sent",
                remedy="Ask that host with a subscriber of its own.",
            )
        return replace(request.without_headers(is_secret_name), anonymous=True)

    def ask(
        self, request: Request, turn: Turn, handle: Next, note: AddressNote, origin: str
    ) -> Flow[Received]:
        """Ask and begin to read. Raises HttpError, UnreadableAnswer and NothingFound."""
        try:
            response = yield from handle(request)
        except HttpError as error:
            if turn.number > 1:
                error.message = f"Page {turn.number}: {error.message}"
                error.args = (error.message,)
            limit = self.answer.limits.body_bytes
            if isinstance(error, BodyTooLarge) and error.limit_bytes == limit:
                error.remedy = "Ask for less at a time (a smaller page), or raise limits.body_bytes."
            raise
        asked = note.url or request.url
        seen = PageAnswer(None, response.headers, response.url or asked, origin or asked, 0)
        if turn.number > 1 and response.status in self.end_statuses:
            return Received(iter(()), seen, f"Answered {response.status}: there are no more pages")
        if response.status not in self.statuses:
            raise UnexpectedStatus(
                f"Page {turn.number}: the server answered {response.status}{said(response)}",
                status=response.status,
                content=response.content,
                remedy=f"Expected is {self.statuses}. When this is an answer and no error, add it to those.",
                request_line=request.line,
            )
        if response.status == _NO_CONTENT:
            return Received(iter(()), seen, "Answered 204: there is nothing")
        return self._read(response, seen)

    def _read(self, response: Response, seen: PageAnswer) -> Received:
        decoded = decode(response.content, response.headers.get("content-type", ""), self.answer)
        if isinstance(decoded, Rows):
            return Received(decoded.rows, seen)
        items, note = self.items.find(decoded.data)
        self.answer.limits.check_items(len(items))
        return Received(iter(items), replace(seen, document=decoded.data), note)
