"""A subscriber as data: what users enter, checked where it enters, each problem with its field.

subscriber = SubscriberDescription.parse({
    "request": {"path": "/orders", "query": {"status": "new"}},
    "items": {"pattern": "orders"},
    "pagination": {"type": "page", "size_parameter": "limit", "size": 100, "stop": {"total": "total"}},
    "entities": {"identifier": ["id"]},
}).build()
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, model_validator

from mageferry.http.config import ConfigError, Description, Unfit
from mageferry.http.config.fields import needed, option
from mageferry.http.config.validation import validate
from mageferry.http.descriptions import ExpressionText, Statuses
from mageferry.http.placeholders import Scope
from mageferry.http.plugins.expect import StatusRanges
from mageferry.http.requests import ReadingDescription
from mageferry.http.subscriber.entities import EntityRules, ItemsPattern
from mageferry.http.subscriber.fitting import SettingsDescription, fitting
from mageferry.http.subscriber.formats import Format
from mageferry.http.subscriber.formats.described import FormatDescription
from mageferry.http.subscriber.memory import Memories
from mageferry.http.subscriber.pagination.described import OnePageDescription, PaginationChoice
from mageferry.http.subscriber.schema import EntitySchema
from mageferry.http.subscriber.subscription import Delta, Repeats, Subscriber
from mageferry.http.transformers import LISTED, Ports, Transformers
from mageferry.http.transformers import json_schema as transformers_schema

# What can be counted back from today; more has no meaning, and dates end at the year 1.
_LONGEST_SECONDS = 100 * 366 * 86_400.0


class IncomingAnswerDescription(FormatDescription):
    """How answers are read, and which ones are answers."""

    format: Format = option(Format.JSON, "Format", "auto: by the content type.")
    expect: Statuses = option("200-299", "Expected statuses", "Ranges such as 200-299, 404.", min_length=3)
    end: Statuses = option("", "Statuses behind the last page", "Such as 404, from the second page on.")


class ItemsDescription(Description):
    """Where the items are."""

    pattern: ExpressionText = option(
        "", "Items", "JMESPath: items, data.orders[*], orders[].lines[]; empty: the whole document."
    )
    nothing_is_error: bool = option(
        True, "Nothing is an error", "When the pattern finds nothing; an empty list is something."
    )

    together: ExpressionText = option(
        "",
        "Rows together",
        "JMESPath within an item, such as order_no: items that have the same there are rows of one item, which is "
        "{key, rows}. Empty: each is one.",
    )

    def build(self) -> ItemsPattern:
        return ItemsPattern(**dict(self))


def _check_identifier(text: str) -> str:
    if not text:
        raise ValueError("is empty: write JMESPath, such as id")
    return text


class EntityDescription(Description):
    """What makes an item an entity."""

    identifier: tuple[Annotated[ExpressionText, AfterValidator(_check_identifier)], ...] = option(
        (), "Identifier", "JMESPaths in the entity, joined; none: how it looks identifies it."
    )
    separator: str = option(":", "Separator", "Between the parts of an identifier.", min_length=1)
    json_schema: dict[str, Any] | None = option(None, "JSON Schema", "What does not fit it fails alone.")
    compared: ExpressionText = option(
        "", "Compared", "JMESPath of what tells whether it has changed; empty: all of it."
    )

    version: ExpressionText = option(
        "",
        "Version",
        "JMESPath of a number or moment that grows with each change: an older look never replaces a newer one. Empty: "
        "the date of delta.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        with fitting("entities"):
            if self.json_schema is not None:
                EntitySchema(self.json_schema, "entities.json_schema")
        return self

    def build(self) -> EntityRules:
        return EntityRules(self.identifier, self.separator, self.json_schema, self.compared, self.version)


_DATE_HELP = "iso, timestamp, timestamp_ms, or such as %d.%m.%Y %H:%M."


class DeltaDescription(SettingsDescription):
    """Reading what has changed since last time."""

    place = "delta"

    path: ExpressionText = needed("Date", "JMESPath of it in the item as it came.", min_length=1)
    format: str = option("iso", "Format of dates", _DATE_HELP)
    zone: str = option("UTC", "Time zone", "Of dates that name none, such as Europe/Berlin.")
    sent_format: str = option("", "Format of since and until", "In the request; empty: as the dates.")
    sent_zone: str = option("", "Time zone of since and until", "Empty: as of the dates.")
    overlap_seconds: float = option(
        900.0, "Overlap (seconds)", "Read again, for what was written late.", ge=0, le=_LONGEST_SECONDS
    )
    first_seconds: float | None = option(
        None, "First run (seconds)", "How far back; empty: everything.", gt=0, le=_LONGEST_SECONDS
    )
    drop_older: bool = option(False, "Leave out older", "For servers that cannot search by date.")

    def build(self) -> Delta:
        """The settings themselves. Raises WrongSettings."""
        return Delta(**dict(self))


def _check_transformers(listed: tuple[Any, ...]) -> tuple[Any, ...]:
    try:
        Transformers.parse(listed, "")
    except ConfigError as error:
        raise Unfit(error.problems) from None
    return listed


class SubscriberDescription(Description):
    """A subscriber: what is asked, how answers lead on, and what becomes of the items in them."""

    request: ReadingDescription = needed("Request")
    answer: IncomingAnswerDescription = option(IncomingAnswerDescription, "Answer")
    items: ItemsDescription = option(ItemsDescription, "Items")
    pagination: PaginationChoice = option(OnePageDescription, "Pages", "What leads from page to page.")
    delta: DeltaDescription | None = option(None, "Changes", "Reading only what has changed since last time.")
    transformers: Annotated[tuple[Any, ...], AfterValidator(_check_transformers)] = option(
        (),
        "Input transformers",
        "Of each item by itself, before it is an entity.",
        json_schema_extra=LISTED,
    )
    entities: EntityDescription = option(EntityDescription, "Entities")
    repeats: Repeats = option(
        Repeats.FAIL, "A repeated page", "The very items of an earlier one: an error, the end, or no matter."
    )
    max_pages: int = option(10_000, "Pages at most", "More are an error.", ge=1)
    batch_entities: int = option(
        1_000, "Handed out at a time", "A page of more items is handed out in several.", ge=1
    )
    recent_identifiers: int = option(
        100_000, "Recent identifiers", "Over how many a run recognises duplicates.", ge=1
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        with fitting(""):
            self._built(Transformers([]), Ports(), Memories(), Scope())
        return self

    @classmethod
    def parse(cls, value: Any, path: str = "") -> Self:
        """From decoded JSON. Raises ConfigError with all that is wrong."""
        return validate(cls, value, path)

    def build(
        self,
        path: str = "",
        *,
        ports: Ports | None = None,
        memories: Memories | None = None,
        scope: Scope | None = None,
    ) -> Subscriber:
        """The subscriber. `path`: where the description stands, for errors of transformers while it runs."""
        transformers = Transformers.parse(self.transformers, f"{path}.transformers".removeprefix("."))
        return self._built(transformers, ports or Ports(), memories or Memories(), scope or Scope())

    def _built(
        self, transformers: Transformers, ports: Ports, memories: Memories, scope: Scope
    ) -> Subscriber:
        return Subscriber(
            self.request.build("request"),
            self.answer.written(),
            self.items.build(),
            self.pagination.build(),
            transformers.for_items(ports) if self.transformers else None,
            self.entities.build(),
            self.delta.build() if self.delta is not None else None,
            memories,
            scope,
            StatusRanges.parse(self.answer.expect),
            frozenset(StatusRanges.parse(self.answer.end)),
            self.repeats,
            self.max_pages,
            self.batch_entities,
            self.recent_identifiers,
        )

    @classmethod
    def schema_document(cls) -> dict[str, Any]:
        """Its JSON Schema (2020-12), with the transformers in it, for forms and editors."""
        schema = cls.model_json_schema()
        transformers = transformers_schema()
        field = schema["properties"]["transformers"]
        kept = {name: field[name] for name in ("title", "description", "default") if name in field}
        schema["properties"]["transformers"] = {**kept, "$ref": "#/$defs/transformers"}
        return {
            "$schema": transformers["$schema"],
            **schema,
            "$defs": {**schema["$defs"], **transformers["$defs"]},
        }
