"""All of one task for a person to read: where it came from, each attempt with its requests, and what can be done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from mageferry.http.config import ConfigError
from mageferry.http.redaction import redact_json
from mageferry.hub.routes.looks import others_of
from mageferry.hub.routes.models import RouteTask, TaskExchange, TaskRetry, TaskStage
from mageferry.hub.routes.reach import Reach
from mageferry.hub.routes.trial import Stage, stages_of
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.operations import RETRYABLE

_EDITABLE = (UnitStatus.FAILED, UnitStatus.RETRY)
_UNSETTLED = (Step.SENDING, Step.UNCLEAR)
MOST_OTHERS = 20


@dataclass(slots=True)
class AttemptShown:
    """The requests of one attempt, in their order; or, without a number, a person's retry."""

    number: int | None
    at: dt.datetime
    exchanges: list[TaskExchange] = field(default_factory=list)
    by: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """Which buttons make sense as the task stands."""

    retry: bool
    skip: bool
    edit: bool
    settle: bool


def choices_of(unit: WorkUnit) -> Choices:
    """The operations say the same once more when they are asked for."""
    unsettled = unit.step in _UNSETTLED
    waits = unit.status in _EDITABLE
    return Choices(
        retry=unit.status in RETRYABLE,
        skip=unit.status not in (UnitStatus.FINISHED, UnitStatus.PROCESSING, UnitStatus.SKIPPED),
        edit=waits and not unsettled,
        settle=waits and unsettled,
    )


def attempts_of(exchanges: Iterable[TaskExchange], retries: Iterable[TaskRetry] = ()) -> list[AttemptShown]:
    """Requests by attempt, and the retries between them."""
    found: list[AttemptShown] = []
    for exchange in exchanges:
        if not found or found[-1].number != exchange.attempt:
            found.append(AttemptShown(exchange.attempt, exchange.sent_at))
        found[-1].exchanges.append(exchange)
    found += [AttemptShown(None, each.at, by=each.by) for each in retries]
    return sorted(found, key=lambda each: each.at)


def other_tasks(task: RouteTask) -> list[RouteTask]:
    """The newest other tasks of the same entity."""
    return list(others_of(task).select_related("unit").order_by("-pk")[:MOST_OTHERS])


def next_attempt(unit: WorkUnit) -> str:
    """When it is tried again, in words."""
    if unit.status == UnitStatus.RETRY and unit.not_before is not None:
        if unit.not_before > timezone.now():
            return f"{timezone.localtime(unit.not_before):%Y-%m-%d %H:%M:%S}"
        return "as soon as a worker is free"
    if unit.status == UnitStatus.NEW:
        return "as soon as a worker is free"
    if unit.status == UnitStatus.PROCESSING:
        return "it is at work"
    return "none by itself" if unit.status in (UnitStatus.FAILED, UnitStatus.WAITING) else "-"


def transformed_now(task: RouteTask) -> tuple[list[Stage], str]:
    """What each transformer makes of the task's entity with the settings of now, as far as they can be used; and what
    is wrong with them."""
    stages: list[Stage] = []
    with Reach() as reach:
        try:
            for stage in _stages(task, reach):
                stages.append(stage)
        except ConfigError as error:
            return stages, str(error)
    return stages, ""


def _stages(task: RouteTask, reach: Reach) -> Iterator[Stage]:
    entities = [task.entity]
    if task.stage == TaskStage.ITEM:
        for stage in stages_of("input transformer", task.route.incoming.transformers, entities, reach):
            entities = stage.entities
            yield stage
    if task.stage != TaskStage.READY:
        yield from stages_of("transformer", task.route.transformers, entities, reach)


def unmasked(edited: Any, stored: Any) -> Any:
    """What a person edited, with what is stored wherever what `pretty` shows of it was left as it is."""
    return _unmasked(edited, redact_json(stored), stored)


def _unmasked(edited: Any, shown: Any, stored: Any) -> Any:
    if edited == shown:
        return stored
    if isinstance(edited, dict) and isinstance(shown, dict) and isinstance(stored, dict):
        return {name: _unmasked(item, shown.get(name), stored.get(name)) for name, item in edited.items()}
    if isinstance(edited, list) and isinstance(shown, list) and len(edited) == len(shown) == len(stored):
        return [_unmasked(*each) for each in zip(edited, shown, stored, strict=True)]
    return edited
