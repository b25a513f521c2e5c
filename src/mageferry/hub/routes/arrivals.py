"""Keeping what came in: each entity a task with its unit of work, once, and never beside a newer one of itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from mageferry.http.subscriber import Entity
from mageferry.http.subscriber.entities import fingerprint_of
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.looks import Look, earlier_than, looks, precedes
from mageferry.hub.routes.models import (
    Changes,
    Outgoing,
    Route,
    RouteTask,
    TaskStage,
)
from mageferry.hub.routes.rows import put_look
from mageferry.hub.work import ledger
from mageferry.hub.work.ledger import Intent
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit

ROUTE_TASK = "route_task"
CLIENT = "client:"
_WAITING = (UnitStatus.NEW, UnitStatus.RETRY, UnitStatus.WAITING, UnitStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is to become a task. With a `reason` it is one that failed already: it couldn't be made an entity."""

    data: Any
    identifier: str
    fingerprint: str
    stage: TaskStage = TaskStage.ENTITY
    source: str = ""
    reason: str = ""
    remedy: str = ""
    version: Decimal | None = None

    @property
    def entity_key(self) -> str:
        """What tells entities apart, however long their identifiers are."""
        return entity_key(self.identifier or self.fingerprint)

    def dedup_key(self, route: Route) -> str:
        """Held by the unit of work for as long as it isn't finished."""
        return f"route:{route.pk}:{self.stage}:{self.entity_key}:{self.fingerprint}"


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of arrivals. `older`: looks that came after newer ones of their entities. `left`: how many were not
    looked at, since the run has enough tasks."""

    created: int = 0
    unchanged: int = 0
    older: int = 0
    replaced: int = 0
    left: int = 0
    failures: tuple[str, ...] = ()
    units: tuple[int, ...] = ()

    def plus(self, other: Kept) -> Kept:
        """What became of the same arrivals in two routes."""
        return Kept(
            self.created + other.created,
            self.unchanged + other.unchanged,
            self.older + other.older,
            self.replaced + other.replaced,
            max(self.left, other.left),
            (*self.failures, *other.failures),
            (*self.units, *other.units),
        )


def entity_key(identifier: str) -> str:
    return hashlib.blake2b(identifier.encode(), digest_size=16).hexdigest()


def connector_key(outgoing: Outgoing) -> str:
    """What tasks for it share: turns among others, pauses, limits."""
    return client_key(outgoing.client) if outgoing.client is not None else f"outgoing:{outgoing.code}"


def client_key(client: HttpClientRecord) -> str:
    """What a client is called in the ledger."""
    return f"{CLIENT}{client.code}"[:60]


def arrival_of(entity: Entity, source: str) -> Arrival:
    """An entity as it was read."""
    return Arrival(
        entity.data, entity.identifier, entity.fingerprint, TaskStage.ENTITY, source, version=entity.version
    )


def keep(
    route: Route,
    arrivals: Sequence[Arrival],
    *,
    run_pk: int | None = None,
    parent: RouteTask | None = None,
    most: int | None = None,
) -> Kept:
    """Write tasks and units for what is new; in a transaction of the caller's.

    What is a task already, or looks as it did when it was last processed, is left out (`Route.changes`), and so is what
    is older than that by its version. A task that waits with an older look of an entity is skipped in favour of the
    newer one.
    """
    latest = newest_of(arrivals)
    known = looks(route, [each.entity_key for each in latest])
    young = [each for each in latest if not is_older(each, known.get(each.entity_key), parent)]
    older = len(latest) - len(young)
    fresh = [each for each in young if _is_fresh(route, each, known.get(each.entity_key))]
    # Of what is taken with every run the first ones would come each time, and the others never.
    taken = fresh if most is None or route.changes == Changes.ALWAYS else fresh[:most]
    if not taken:
        return Kept(unchanged=len(young) - len(fresh), older=older, left=len(fresh))
    _free_earlier(route, taken, known)
    made = _write(route, taken, run_pk, parent)
    replaced = _replace_older(route, [task for task in made if task.stage != TaskStage.ITEM])
    failures = _park_failed(taken, made)
    return Kept(
        len(made) - len(failures),
        len(young) - len(fresh) + len(taken) - len(made),
        older,
        replaced,
        len(fresh) - len(taken),
        tuple(failures),
        tuple(task.unit_id for task in made),
    )


def newest_of(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """One of each entity: the one with the greatest version, else the last."""
    newest: dict[str, Arrival] = {}
    for each in arrivals:
        before = newest.get(each.entity_key)
        if before is None or not precedes(each.version, before.version):
            newest[each.entity_key] = each
    return list(newest.values())


def is_older(arrival: Arrival, known: Look | None, parent: RouteTask | None) -> bool:
    """Whether the route knows a newer look of the entity already."""
    if known is None or arrival.reason:
        return False
    if precedes(arrival.version, known.version):
        return True
    # An item that is read again is as old as it was when it came, unless a person has edited it.
    is_item = parent is not None and parent.stage == TaskStage.ITEM
    return (
        is_item
        and parent is not None
        and fingerprint_of(parent.entity) == parent.fingerprint
        and known.known_at > parent.created_at
    )


def _is_fresh(route: Route, arrival: Arrival, known: Look | None) -> bool:
    """Whether it has to become a task; one that is a task already is sorted out by its dedup key."""
    if known is None or arrival.reason or route.changes == Changes.ALWAYS:
        return True
    return route.changes != Changes.ONCE and known.fingerprint != arrival.fingerprint


def _free_earlier(route: Route, arrivals: Iterable[Arrival], known: Mapping[str, Look]) -> None:
    """An entity that goes back to a look which an earlier task of it still holds, while a later one waits, is to be
    sent in that look again behind the later one."""
    for each in arrivals:
        look = known.get(each.entity_key)
        if look is not None and look.task_pk is not None and look.fingerprint != each.fingerprint:
            earlier = RouteTask.objects.filter(route=route, entity_key=each.entity_key, pk__lt=look.task_pk)
            units = WorkUnit.objects.filter(dedup_key=each.dedup_key(route), route_task__in=earlier)
            units.update(dedup_key=None)


def _write(
    route: Route, arrivals: Sequence[Arrival], run_pk: int | None, parent: RouteTask | None
) -> list[RouteTask]:
    key = connector_key(route.outgoing)
    by_key = {each.dedup_key(route): each for each in arrivals}
    ledger.write_intents(
        Intent(
            ROUTE_TASK,
            f"{route.code} {each.identifier}"[:200],
            key,
            dedup_key=dedup_key,
            payload={"route": route.pk},
            priority=route.priority,
        )
        for dedup_key, each in by_key.items()
    )
    units = WorkUnit.objects.filter(dedup_key__in=list(by_key), route_task=None).order_by("pk")
    tasks = [
        _task(route, by_key[unit.dedup_key or ""], unit, RouteTask(run_id=run_pk, parent=parent))
        for unit in units
    ]
    # Somebody else may bring the same at this moment: only one of the two rows is written.
    RouteTask.objects.bulk_create(tasks, ignore_conflicts=True, batch_size=500)
    written = RouteTask.objects.filter(unit__in=[task.unit_id for task in tasks]).order_by("pk")
    return list(written.defer("entity", "transformed", "chain_state", "result", "identifier", "source"))


def _task(route: Route, arrival: Arrival, unit: WorkUnit, task: RouteTask) -> RouteTask:
    task.unit, task.route = unit, route
    task.stage, task.source = arrival.stage, arrival.source[:200]
    task.identifier, task.entity_key = arrival.identifier, arrival.entity_key
    task.fingerprint, task.entity = arrival.fingerprint, arrival.data
    task.version = arrival.version
    return task


def _park_failed(arrivals: Sequence[Arrival], made: Sequence[RouteTask]) -> list[str]:
    """Tasks of items that are no entities have failed from the start; returns the reasons."""
    reasons = []
    by_key = {(each.entity_key, each.fingerprint): each for each in arrivals if each.reason}
    for task in made:
        arrival = by_key.get((task.entity_key, task.fingerprint))
        if arrival is not None:
            WorkUnit.objects.filter(pk=task.unit_id).update(
                status=UnitStatus.FAILED,
                reason=arrival.reason,
                remedy=arrival.remedy,
                finished_at=timezone.now(),
            )
            reasons.append(arrival.reason)
    return reasons


def _replace_older(route: Route, made: Sequence[RouteTask]) -> int:
    """Older looks of the same entities of which nothing was sent are not wanted any more."""
    newest = {task.entity_key: task for task in made}
    older = (
        RouteTask.objects.filter(route=route, entity_key__in=list(newest), is_partly_done=False)
        .filter(unit__status__in=_WAITING, unit__step=Step.INTENT)
        .exclude(pk__in=[task.pk for task in made])
    )
    count = 0
    for task in older.only("pk", "unit_id", "entity_key"):
        count += WorkUnit.objects.filter(pk=task.unit_id, status__in=_WAITING, step=Step.INTENT).update(
            **replaced_by(newest[task.entity_key].unit_id)
        )
    return count


def take_over(task: RouteTask) -> None:
    """Older looks of the entity that aren't done are left; what a chain of theirs has done already stays done."""
    older = earlier_than(task).filter(unit__status__in=_WAITING, unit__step=Step.INTENT)
    for other in older.order_by("pk"):
        with transaction.atomic():
            rows = WorkUnit.objects.filter(pk=other.unit_id, status__in=_WAITING, step=Step.INTENT)
            if rows.update(**replaced_by(task.unit_id)) and other.is_partly_done and not task.is_partly_done:
                task.chain_state, task.is_partly_done = other.chain_state, True
                task.save(update_fields=["chain_state", "is_partly_done"])


def replaced_by(unit_pk: int) -> dict[str, Any]:
    """The changes that make a unit one that was replaced; its look may come again."""
    return {
        "status": UnitStatus.SKIPPED,
        "reason": f"The entity came again in another look: task {unit_pk} has it.",
        "remedy": "",
        "dedup_key": None,
        "not_before": None,
        "finished_at": timezone.now(),
        "lease_token": F("lease_token") + 1,
    }


def remember(task: RouteTask) -> None:
    """The entity is processed in this look; in the transaction that finishes its task."""
    put_look(task.route_id, task.entity_key, task.identifier, task.fingerprint, task.version, timezone.now())
    # What looked like this once may come back to it, and is a task then; so may what was skipped before.
    left = Q(route_task__in=earlier_than(task), status__in=(UnitStatus.SKIPPED, UnitStatus.REJECTED))
    WorkUnit.objects.filter(Q(pk=task.unit_id) | left).exclude(dedup_key=None).update(dedup_key=None)
