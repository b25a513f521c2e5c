"""The ledger's values: what is to be done, who has it, what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from mageferry.hub.work.models import Step, UnitStatus, WorkUnit

MAX_PAYLOAD_BYTES = 256 * 1024


class PayloadTooLarge(ValueError):
    """A unit's payload is larger than the ledger takes."""

    def __init__(self, what: str, size: int) -> None:
        super().__init__(
            f"The payload of {what} has {size:,} bytes; {MAX_PAYLOAD_BYTES:,} fit. "
            "Put the data into a table or storage of the hub and its id into the payload."
        )


class BadPayload(ValueError):
    """A unit's payload isn't a JSON object."""


class DuplicateWork(ValueError):
    """There is a unit with this dedup key already."""

    def __init__(self, unit: WorkUnit) -> None:
        self.unit = unit
        super().__init__(
            f"{unit.subject} is in the ledger already: unit {unit.pk}, {unit.get_status_display()} "
            f"(dedup key {unit.dedup_key}). Retry that unit instead of adding another."
        )


def check_payload(what: str, payload: object) -> None:
    """Raises BadPayload when it isn't a JSON object, PayloadTooLarge when it is too long."""
    if not isinstance(payload, dict):
        raise BadPayload(f'The payload of {what} must be a JSON object, like {{"order": 12}}.')
    try:
        size = len(orjson.dumps(payload))
    except TypeError as error:
        raise BadPayload(f"The payload of {what} can't be written as JSON: {error}.") from None
    if size > MAX_PAYLOAD_BYTES:
        raise PayloadTooLarge(what, size)


@dataclass(frozen=True, slots=True)
class Intent:
    """A unit to be written: same fields as the row. `wait_seconds`: not before then."""

    kind: str
    subject: str
    connector_key: str = ""
    dedup_key: str | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    priority: int = 50
    wait_seconds: float = 0
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A unit in hand: its row as claimed and the fencing token of the claim."""

    unit: WorkUnit
    owner: str
    token: int

    @property
    def pk(self) -> int:
        return self.unit.pk

    @property
    def sent_before(self) -> bool:
        """An earlier attempt sent the write and its outcome isn't recorded: look before sending again."""
        return self.unit.step in (Step.SENDING, Step.UNCLEAR)


@dataclass(frozen=True, slots=True)
class Shared:
    """An effect that is written for several units at once: `write` is given the items of all that are recorded
    together. It raises nothing that is about one of them only, or all are recorded one by one."""

    write: Callable[[Sequence[Any]], None]
    item: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. `effect` and `shared` run in the same transaction as the record of it.

    `most_attempts`: after how many a retry becomes a failure; None for the ledger's own rule.
    """

    status: UnitStatus
    reason: str = ""
    remedy: str = ""
    request: str = ""
    answer: str = ""
    wait_seconds: float = 0
    step: Step | None = None
    result: dict[str, Any] = field(default_factory=dict)
    effect: Callable[[], None] | None = None
    most_attempts: int | None = None
    shared: Shared | None = None


def finished(effect: Callable[[], None] | None = None, **more: Any) -> Outcome:
    return Outcome(UnitStatus.FINISHED, step=Step.DONE, effect=effect, **more)


def skipped(reason: str, **more: Any) -> Outcome:
    return Outcome(UnitStatus.SKIPPED, reason=reason, **more)


def failed(reason: str, remedy: str = "", **more: Any) -> Outcome:
    return Outcome(UnitStatus.FAILED, reason=reason, remedy=remedy, **more)


def retry(reason: str, wait_seconds: float, remedy: str = "", **more: Any) -> Outcome:
    return Outcome(UnitStatus.RETRY, reason=reason, wait_seconds=wait_seconds, remedy=remedy, **more)
