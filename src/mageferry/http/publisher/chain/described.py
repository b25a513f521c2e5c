"""A chain as data: named steps in their order."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Self

from pydantic import model_validator

from mageferry.http.config import Description
from mageferry.http.config.fields import Text, needed, option
from mageferry.http.descriptions import ExpressionText
from mageferry.http.publisher.described import RepeatDescription
from mageferry.http.publisher.rules import AnswerDescription
from mageferry.http.requests import RequestDescription

RESERVED: Final = frozenset({"entity", "ids", "steps", "item", "index"})


class Action(StrEnum):
    """What a step does."""

    REQUEST = "request"
    STOP = "stop"
    SKIP = "skip"
    FAIL = "fail"


class IdReading(Description):
    """A remote id taken from an id map, as `&{ids.NAME}`."""

    map: str = needed("Id map", min_length=1)
    key: Text = needed("Key", "Template of our own id: &{entity.sku}.", min_length=1)
    needed: bool = option(False, "Is needed", "Without it the step fails; otherwise it is null.")


class IdSaving(Description):
    """A remote id put into an id map when the step is done."""

    map: str = needed("Id map", min_length=1)
    key: Text = needed("Key", "Template of our own id: &{entity.sku}.", min_length=1)
    value: Text = option("", "Remote id", "Template; empty: the id that the answer gave.")


class StepDescription(Description):
    """One step. Its texts see `entity`, the answers of earlier steps by name, `steps`, `ids`, `item`, `index`."""

    name: str = needed(
        "Name", "Later steps use its answer by it: &{create.id}.", pattern="^[A-Za-z_][A-Za-z0-9_]*$"
    )
    action: Action = option(Action.REQUEST, "Action", "A request; or end the chain: stop, skip, fail.")
    when: ExpressionText = option("", "When", "JMESPath: create.id, or !(ids.customer). Empty: always.")
    for_each: ExpressionText = option(
        "", "For each", "JMESPath to a list: entity.items; one request for each."
    )
    read_ids: dict[str, IdReading] = option(dict, "Read ids", "Name -> id map and key; before the condition.")
    request: RequestDescription | None = option(None, "Request")
    answer: AnswerDescription = option(AnswerDescription, "Answer")
    repeat: RepeatDescription = option(RepeatDescription, "Repeating")
    keep: ExpressionText = option("", "Keep of the answer", "JMESPath; empty: all of its body.")
    save_ids: tuple[IdSaving, ...] = option((), "Save ids")
    message: Text = option("", "Message", "Why the chain ends; for stop, skip and fail.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        if self.name in RESERVED:
            yield f"a step cannot be named {self.name}: steps see something else under it"
        if (self.action is Action.REQUEST) != (self.request is not None):
            yield "a step has a request, or another action than request"
        if self.action is not Action.REQUEST and (self.for_each or self.save_ids):
            yield "only requests are made for each, and save ids"
        if self.action is Action.FAIL and not self.message:
            yield "a failure needs a message"
        if any(not saving.value for saving in self.save_ids) and not self.answer.id:
            yield "to save the id of the answer, say in the answer where the id is"


class ChainDescription(Description):
    """A chain HTTP publisher as data."""

    steps: tuple[StepDescription, ...] = needed("Steps", min_length=1)

    @model_validator(mode="after")
    def _named(self) -> Self:
        names = [step.name for step in self.steps]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"there are two steps named {name}")
        return self
