"""A publisher as data: what users enter, checked where it enters."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from mageferry.http.config import Description
from mageferry.http.config.fields import Structure, Text, needed, option
from mageferry.http.descriptions import ExpressionText, Statuses
from mageferry.http.publisher.rules import AnswerDescription
from mageferry.http.requests import RequestDescription


class CallDescription(Description):
    """A request that only reads."""

    request: RequestDescription = needed("Request", "Filled from the same data.")
    expect: Statuses = option("200-299", "Expected statuses", min_length=3)
    nothing: Statuses = option("404", "Statuses that mean it is not there", "Empty: none.")


class LookUpDescription(CallDescription):
    """How to see whether an earlier attempt has made it."""

    found: ExpressionText = needed(
        "Found",
        "JMESPath to the list of matches (items) or to the one; null, or no match, sends again.",
        min_length=1,
    )


class RepeatDescription(Description):
    """What makes it safe to send once more when nobody knows what became of the first time."""

    safe: bool = option(
        False, "May be repeated", "The server does the same thing once only, or it only reads."
    )
    key: Text = option("", "Idempotency key", "The same for each attempt of an entity: order-&{id}.")
    key_header: str = option("Idempotency-Key", "Header of the key", pattern=r"^[A-Za-z0-9-]+$")
    look_up: LookUpDescription | None = option(None, "Look-up", "After an attempt that stayed unclear.")


class BatchDescription(Description):
    """Several entities in one request, each with a result of its own."""

    size: int = option(100, "Size", "Entities in one request, at most.", ge=1, le=10_000)
    item: Structure = option(
        "&{@}",
        "Item",
        "What each entity becomes; the request has them as &{items}, as they came as &{entities}.",
    )
    results: ExpressionText = option(
        "", "Results", "JMESPath to the list of results; empty: the answer is about all of them."
    )
    entity_key: ExpressionText = option("", "Key of an entity", "Such as sku; empty: results are in order.")
    result_key: ExpressionText = option("", "Key of a result", "What holds the same value in a result.")
    unmentioned_are_done: bool = option(
        False, "Without a result is done", "For servers that tell only what failed; otherwise it is unclear."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.entity_key) != bool(self.result_key):
            raise ValueError("the keys of entity and result are given together, or neither")
        if self.entity_key and not self.results:
            raise ValueError("keys need the path to the results")
        if self.unmentioned_are_done and not self.entity_key:
            raise ValueError("without keys nobody can say which entity has no result")
        return self


class PublisherDescription(Description):
    """A publisher: a request for an entity, how its answer is read, and what makes repeating safe."""

    request: RequestDescription = needed("Request")
    answer: AnswerDescription = option(AnswerDescription, "Answer")
    repeat: RepeatDescription = option(RepeatDescription, "Repeating")
    batch: BatchDescription | None = option(None, "Batch", "Several entities in one request.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.batch is not None and self.repeat.look_up is not None:
            raise ValueError("a batch has no look-up: leave out one of them")
        return self
