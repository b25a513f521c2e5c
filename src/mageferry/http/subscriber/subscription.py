"""The subscriber's options, checked when it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from mageferry.http.flow import Flow
from mageferry.http.placeholders import Scope
from mageferry.http.plugins.expect import StatusRanges
from mageferry.http.requests import RequestTemplate
from mageferry.http.subscriber.asking import Question
from mageferry.http.subscriber.dates import DateFormat
from mageferry.http.subscriber.entities import DateRule, EntityRules, ItemsPattern
from mageferry.http.subscriber.errors import WrongSettings
from mageferry.http.subscriber.expressions import parse
from mageferry.http.subscriber.formats import AnswerFormat
from mageferry.http.subscriber.memory import Memories
from mageferry.http.subscriber.pagination import OnePage, Pagination


class Transform(Protocol):
    """The input transformer: an item as it came -> the items to go on with, none to leave it out, several to split
    it. A flow, so it may ask a server. What it raises is reported for this item alone."""

    def __call__(self, item: Any, /) -> Flow[Sequence[Any]]: ...


def plain(function: Callable[[Any], Any]) -> Transform:
    """A transformer out of a function that gives one item for another; None leaves it out."""

    def transform(item: Any, /) -> Flow[Sequence[Any]]:
        yield from ()
        made = function(item)
        return [] if made is None else [made]

    return transform


class Repeats(StrEnum):
    """When a page comes with the very items of an earlier one: an error, the end, or no matter."""

    FAIL = "fail"
    STOP = "stop"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Delta:
    """Reading what has changed since last time.

    `path`: JMESPath of the date in the item as it came (before the transformer). `format` and `zone`: how dates are
    written, `iso`, `timestamp`, `timestamp_ms` or a pattern of strptime, and the time zone of those that name none.
    `sent_format`, `sent_zone`: the same for `since` and `until` in the request; empty as the dates of the items.
    `overlap_seconds`: how much is read again, for what was written late. `first_seconds`: how far back a first run
    goes; None for everything. `drop_older`: leave out what is older, for servers that cannot search by date.
    """

    path: str
    format: str = "iso"
    zone: str = "UTC"
    sent_format: str = ""
    sent_zone: str = ""
    overlap_seconds: float = 900.0
    first_seconds: float | None = None
    drop_older: bool = False

    def __post_init__(self) -> None:
        if self.overlap_seconds < 0:
            raise WrongSettings("delta.overlap_seconds", "must not be less than 0")
        self.rule()
        self.sent()

    def rule(self) -> DateRule:
        """How dates of items are found and read."""
        return DateRule(parse(self.path, "delta.path"), DateFormat.to_read(self.format, self.zone, "delta."))

    def sent(self) -> DateFormat:
        """How dates are written into the request."""
        return DateFormat.to_write(
            self.sent_format or self.format, self.sent_zone or self.zone, "delta.sent_"
        )


@dataclass(frozen=True, slots=True)
class Subscriber:
    """What is read, and how. Wrong settings raise WrongSettings at once. It keeps nothing of a run, so one serves
    any number of runs and threads.

    `statuses`: answers; all others are UnexpectedStatus. `end_statuses`: from the second page on they mean that
    there are no more, as 404 for some. `max_pages`: more are an error. `batch_entities`: a page of more items is
    handed out in several. `recent_identifiers`: over how many entities duplicates within a run are recognised.
    """

    request: RequestTemplate
    answer: AnswerFormat = field(default_factory=AnswerFormat)
    items: ItemsPattern = field(default_factory=ItemsPattern)
    pagination: Pagination = field(default_factory=OnePage)
    transform: Transform | None = None
    entities: EntityRules = field(default_factory=EntityRules)
    delta: Delta | None = None
    memories: Memories = field(default_factory=Memories)
    scope: Scope = field(default_factory=Scope)
    statuses: StatusRanges = field(default_factory=lambda: StatusRanges(((200, 299),)))
    end_statuses: frozenset[int] = frozenset()
    repeats: Repeats = Repeats.FAIL
    max_pages: int = 10_000
    batch_entities: int = 1_000
    recent_identifiers: int = 100_000

    def __post_init__(self) -> None:
        for name in ("max_pages", "batch_entities", "recent_identifiers"):
            if getattr(self, name) < 1:
                raise WrongSettings(name, "is a whole number from 1")
        if self.answer.kind.is_table and self.items.pattern:
            raise WrongSettings(
                "items.pattern", "has no meaning for a table", remedy="Leave it empty: each row is an item."
            )
        if self.answer.kind.is_table and self.pagination.reads_body:
            raise WrongSettings(
                "pagination",
                "looks into the body, which is a table",
                remedy="Use page numbers or offsets without total and more, or the Link header.",
            )

    def question(self) -> Question:
        """What is asked in every turn."""
        return Question(
            self.request,
            self.answer,
            self.items,
            self.statuses,
            self.end_statuses,
        )
