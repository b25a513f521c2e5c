"""The handler of tasks: transform the entity, send it, write down what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from django.db import transaction

from mageferry.http.config import ConfigError
from mageferry.http.subscriber import EntityError
from mageferry.http.subscriber.entities import fingerprint_of
from mageferry.hub.pipelines.journal import collecting
from mageferry.hub.routes.announcing import load_announced
from mageferry.hub.routes.arrivals import (
    ROUTE_TASK,
    Arrival,
    arrival_of,
    keep,
    replaced_by,
    take_over,
)
from mageferry.hub.routes.attempts import Attempt
from mageferry.hub.routes.batches import LoadedTask, release_tasks
from mageferry.hub.routes.keeping import keep_in_storage, store_in_hub
from mageferry.hub.routes.looks import earlier_than, later_than
from mageferry.hub.routes.models import OutgoingType, TaskStage
from mageferry.hub.routes.publishing import publish, publish_chain
from mageferry.hub.routes.settings import missing_records
from mageferry.hub.routes.transforming import Untransformed, read_item, transform
from mageferry.hub.security.encryption import UnreadableSecret
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles_loaded
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.models import OPEN, Step, UnitStatus, WorkUnit

OFF_SECONDS: Final = 300.0
BEHIND_SECONDS = 5.0
_SENDERS: Final[Mapping[str, Callable[[Attempt], Outcome]]] = {
    OutgoingType.HTTP: publish,
    OutgoingType.CHAIN: publish_chain,
    OutgoingType.STORAGE: keep_in_storage,
    OutgoingType.HUB: store_in_hub,
}


@handles_loaded(ROUTE_TASK, load_announced, release_tasks)
def send_task(held: Claim, loaded: LoadedTask) -> Outcome:
    """One attempt at a task."""
    task, batch = loaded.task, loaded.batch
    if task is None:
        return ledger.failed("The task's entity is gone.", "Skip it; its route reads the entity again.")
    with collecting() as requests:
        prepared = batch.route(task.route_id)
        attempt = Attempt(held, task, prepared, batch.reach, requests=requests, announced=loaded.announced)
        outcome = _attempt(attempt, loaded.is_alone and batch.is_fresh)
    if loaded.announced is not None and outcome.step is None:
        # Its step was committed as sent: where nothing was, that is taken back.
        return replace(outcome, step=Step(held.unit.step))
    return outcome


def _attempt(attempt: Attempt, is_alone: bool) -> Outcome:
    try:
        return _turned_away(attempt, is_alone) or _work(attempt)
    except ConfigError as error:
        return attempt.failed(str(error), error.remedy or "Correct the settings, then retry.")
    except UnreadableSecret as error:
        return attempt.failed(str(error), "Give the hub the key that encrypted it, then retry.")
    except Exception:
        # Whatever it was: what went out is kept for the person who looks.
        with transaction.atomic():
            attempt.write_notes()
        raise


def _turned_away(attempt: Attempt, is_alone: bool) -> Outcome | None:
    """Why the task isn't worked on now: switched off, or another look of the same entity comes first."""
    route, outgoing = attempt.route, attempt.outgoing
    for record in (route, outgoing, outgoing.client):
        if record is not None and not record.enabled:
            return attempt.put_off(f"{record} is switched off.", OFF_SECONDS, "Switch it on.")
    for problem in missing_records(outgoing):
        return attempt.failed(str(problem), problem.remedy)
    if is_alone or attempt.task.stage == TaskStage.ITEM:
        return None
    return _replaced(attempt) or _behind(attempt)


def _replaced(attempt: Attempt) -> Outcome | None:
    """A newer look is there. While something of this one was sent, only one that is done replaces it: else it waits."""
    begun = attempt.held.sent_before or attempt.task.is_partly_done
    instead = (UnitStatus.FINISHED,) if begun else (UnitStatus.FINISHED, UnitStatus.FAILED, *OPEN)
    newer = later_than(attempt.task).exclude(stage=TaskStage.ITEM).filter(unit__status__in=instead)
    replacement = newer.order_by("-pk").first()
    if replacement is None:
        return None
    own = WorkUnit.objects.filter(pk=attempt.held.pk)
    reason = replaced_by(replacement.unit_id)["reason"]

    def free_key() -> None:
        own.update(dedup_key=None)

    return ledger.skipped(reason, effect=free_key)


def _behind(attempt: Attempt) -> Outcome | None:
    """An older look is being sent, or nobody knows whether it was: this one waits. Others are replaced by it."""
    older = earlier_than(attempt.task)
    at_work = older.filter(unit__status=UnitStatus.PROCESSING)
    unclear = older.filter(
        unit__status__in=(*OPEN, UnitStatus.FAILED), unit__step__in=(Step.SENDING, Step.UNCLEAR)
    )
    first = at_work.first() or unclear.first()
    if first is not None:
        remedy = "If that one is unclear: look in the other system, then send it again or mark it as done."
        text = f"Task {first.unit_id} of the same entity comes first."
        return attempt.put_off(text, BEHIND_SECONDS, remedy)
    take_over(attempt.task)
    return None


def _work(attempt: Attempt) -> Outcome:
    task = attempt.task
    if task.stage == TaskStage.ITEM:
        return _read_again(attempt)
    if task.is_transformed and (attempt.held.sent_before or task.is_partly_done):
        # What may have arrived is looked for with the very data that was sent.
        attempt.entity = task.transformed
        return _send(attempt)
    if task.stage == TaskStage.READY:
        attempt.entity = task.entity
        return _send(attempt)
    try:
        made = _transformed(attempt)
    except Untransformed as error:
        return _untransformed(attempt, error)
    if not made:
        return attempt.skipped("Left out by the transformers of the route.")
    if len(made) > 1:
        return _split(attempt, made)
    attempt.entity = made[0]
    return _send(attempt)


def _transformed(attempt: Attempt) -> list[Any]:
    if attempt.announced is not None and attempt.announced.holds:
        return [attempt.announced.entity]
    if not attempt.route.transformers:
        return [attempt.task.entity]
    return transform(attempt.prepared.transformers, attempt.task.entity, attempt.reach)


def _send(attempt: Attempt) -> Outcome:
    return _SENDERS[attempt.outgoing.type](attempt)


def _untransformed(attempt: Attempt, error: Untransformed) -> Outcome:
    if error.transient:
        return attempt.again(error.reason, error.remedy)
    return attempt.failed(error.reason, error.remedy or "Mend the transformers or the entity, then retry.")


def _read_again(attempt: Attempt) -> Outcome:
    """An item that was no entity: with other settings, or edited, it may be one now."""
    task = attempt.task
    try:
        entities = read_item(attempt.route.incoming, task.entity, attempt.reach)
    except Untransformed as error:
        return _untransformed(attempt, error)
    except EntityError as error:
        return attempt.failed(error.message, error.remedy)
    arrivals = [arrival_of(entity, task.source) for entity in entities]
    return _becomes(attempt, arrivals)


def _split(attempt: Attempt, made: list[object]) -> Outcome:
    """An entity that became several: each is a task of its own."""
    task = attempt.task
    arrivals = [
        Arrival(
            data,
            f"{task.identifier}#{number}",
            fingerprint_of(data),
            TaskStage.READY,
            task.source,
            version=task.version,
        )
        for number, data in enumerate(made, 1)
    ]
    return _becomes(attempt, arrivals)


def _becomes(attempt: Attempt, arrivals: list[Arrival]) -> Outcome:
    task, route = attempt.task, attempt.route

    def write() -> dict[str, Any]:
        kept = keep(route, arrivals, run_pk=task.run_id, parent=task)
        return {"tasks": list(kept.units)}

    return attempt.finished(write, became=len(arrivals))
