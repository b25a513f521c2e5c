"""One run of a subscriber: page by page, with what holds the mark and what is remembered afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from mageferry.http.client import AsyncHttpClient, HttpClient
from mageferry.http.flow import Flow, Next, Plugin
from mageferry.http.placeholders import Scope, TemplateError
from mageferry.http.subscriber.asking import AddressNote, Received
from mageferry.http.subscriber.entities import Entity, fingerprint_of
from mageferry.http.subscriber.errors import (
    EntityError,
    IncomingError,
    RepeatedPage,
    TooManyPages,
    WrongSettings,
)
from mageferry.http.subscriber.mark import Mark
from mageferry.http.subscriber.pagination import Turn
from mageferry.http.subscriber.sifting import Page, Sieve
from mageferry.http.subscriber.subscription import Repeats, Subscriber
from mageferry.http.subscriber.together import Together


def utc_now() -> datetime:
    return datetime.now(UTC)


class Reading:
    """A run. `since`: the mark of the last one, None for a first run.

    Give back what became of each page: `done` for what is processed, `settled` for what is kept elsewhere to be
    processed or mended there. What is neither holds the mark, so the next run reads it again. After an error
    `next_page` asks for the same page once more.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        chain: Callable[[tuple[Plugin, ...]], Next],
        since: datetime | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        if since is not None and since.tzinfo is None:
            raise ValueError("since has no time zone")
        self.started_at = clock()
        self.complete = False
        self._subscriber = subscriber
        self._question = subscriber.question()
        self._note = AddressNote()
        self._handle = chain((self._note,))
        delta = subscriber.delta
        if since is None and delta is not None and delta.first_seconds is not None:
            since = self.started_at - timedelta(seconds=delta.first_seconds)
        self._mark = Mark(since, self.started_at)
        self._from = since - timedelta(seconds=delta.overlap_seconds) if since and delta else None
        self._sieve = Sieve(subscriber, self._mark, self._from)
        self._together = Together(subscriber.items.by, subscriber.recent_identifiers)
        self._turn: Turn | None = subscriber.pagination.first()
        self._received: Received | None = None
        self._origin = ""
        self._digests: set[bytes] = set()
        self._keys = {fingerprint_of(self._turn.key)}

    def next_page(self) -> Flow[Page | None]:
        """The next page, None behind the last. Raises HttpError and IncomingError."""
        turn = self._turn
        if turn is None:
            self.complete = True
            return None
        try:
            return (yield from self._page(turn))
        except IncomingError as error:
            self._received = None
            error.at(page=turn.number)
            raise
        except BaseException:
            self._received = None
            raise

    def _page(self, turn: Turn) -> Flow[Page | None]:
        received = self._received
        if received is None:
            received = yield from self._ask(turn)
        rows = received.take(self._subscriber.batch_entities)
        following: Turn | None = turn
        if received.is_empty:
            if self._is_repeated(received):
                return (yield from self._end(turn))
            following = self._following(turn, received)
        items = self._together.take(rows, turn.number, last=following is None)
        page = yield from self._sieve.sift(items, len(rows), turn.number, received.note)
        self._together.keep()
        self._received = None if received.is_empty else received
        self._go_on(turn, following, received)
        return page

    def _end(self, turn: Turn) -> Flow[Page | None]:
        """Nothing comes any more: what waited for further rows is whole."""
        page: Page | None = None
        if items := self._together.take([], turn.number, last=True):
            page = yield from self._sieve.sift(items, 0, turn.number, "")
            self._together.keep()
        self._turn, self._received, self.complete = None, None, True
        return page

    def _ask(self, turn: Turn) -> Flow[Received]:
        if turn.number > self._subscriber.max_pages:
            raise TooManyPages(
                f"There are more than {self._subscriber.max_pages:,} pages",
                remedy="Raise max_pages, ask for more at a time, or look whether the pagination ever ends.",
            )
        try:
            request = self._question.request(turn, self._scope(turn), self._origin)
        except TemplateError as error:
            raise WrongSettings("request", str(error), remedy=error.remedy) from None
        return (yield from self._question.ask(request, turn, self._handle, self._note, self._origin))

    def _scope(self, turn: Turn) -> Scope:
        given = self._subscriber.scope
        delta = self._subscriber.delta
        dates: dict[str, str | None] = {"since": None, "until": None}
        if delta is not None:
            written = delta.sent()
            dates["since"] = written.write(self._from) if self._from else None
            dates["until"] = written.write(self.started_at)
        own = given.data if isinstance(given.data, dict) else {}
        return given.with_data({**own, **dates, "page": dict(turn.values)})

    def _is_repeated(self, received: Received) -> bool:
        """Whether the page is an earlier one again, and the end. Raises RepeatedPage."""
        rule = self._subscriber.repeats
        if not received.count or rule is Repeats.ALLOW or received.digest not in self._digests:
            return False
        if rule is Repeats.FAIL:
            raise RepeatedPage(
                "The same items came before",
                remedy="Check the names of the pagination's parameters. For a server that repeats its last page give "
                "the total (pagination.stop.total), or take a repeated page for the end (repeats).",
            )
        return True

    def _following(self, turn: Turn, received: Received) -> Turn | None:
        following = self._subscriber.pagination.following(turn, received.page_answer)
        if following is not None and fingerprint_of(following.key) in self._keys:
            raise RepeatedPage(
                "The way to the next page leads to one that was read already",
                remedy="The server gives the same link or cursor twice: check the pagination's path and parameter.",
            )
        return following

    def _go_on(self, turn: Turn, following: Turn | None, received: Received) -> None:
        self._origin = self._origin or received.page_answer.origin
        if following is turn:
            return
        self._digests.add(received.digest)
        self._turn = following
        if following is None:
            self.complete = True
        else:
            self._keys.add(fingerprint_of(following.key))

    def done(self, entities: Iterable[Entity]) -> None:
        """These are processed: they are remembered, and the mark may pass them."""
        entities = list(entities)
        memories = self._subscriber.memories
        if memories.seen is not None:
            memories.seen.add([self._sieve.key(entity) for entity in entities])
        if memories.fingerprints is not None:
            memories.fingerprints.store({entity.identifier: entity.fingerprint for entity in entities})
        self.settled(entities)

    def settled(self, records: Iterable[Entity | EntityError]) -> None:
        """These are kept elsewhere, to be processed or mended there: the mark may pass them."""
        for record in records:
            self._mark.release(record.number)

    @property
    def open_count(self) -> int:
        """How many records hold the mark."""
        return self._mark.open_count

    def mark(self) -> datetime | None:
        """Where the next run begins: the latest date that came, but not past what is open, and unchanged as long as
        the run is not complete. Ask when it is over."""
        return self._mark.moment() if self.complete else self._mark.since


def pages(client: HttpClient, reading: Reading) -> Iterator[Page]:
    """The pages of a run, one at a time in memory."""
    while (page := client.run(reading.next_page())) is not None:
        yield page


async def apages(client: AsyncHttpClient, reading: Reading) -> AsyncIterator[Page]:
    """The pages of a run within an event loop."""
    while (page := await client.run(reading.next_page())) is not None:
        yield page
