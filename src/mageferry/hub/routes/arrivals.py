"""Keeping what came in: each entity a task with its unit of work, once, and never beside a newer one of itself."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.db.models import F
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
from mageferry.hub.routes.rows import insert_tasks
from mageferry.hub.work.bulk import Row
from mageferry.hub.work.ledger import Intent
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.new_units import insert_units
from mageferry.hub.work.statements import prepared

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
    replaced = _replace_older(route, [each for each in made if each.arrival.stage != TaskStage.ITEM])
    failures = _park_failed(made)
    return Kept(
        len(made) - len(failures),
        len(young) - len(fresh) + len(taken) - len(made),
        older,
        replaced,
        len(fresh) - len(taken),
        tuple(failures),
        tuple(each.unit_pk for each in made),
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


@dataclass(frozen=True, slots=True)
class _Made:
    """A task that was written."""

    pk: int
    unit_pk: int
    arrival: Arrival


def _write(
    route: Route, arrivals: Sequence[Arrival], run_pk: int | None, parent: RouteTask | None
) -> list[_Made]:
    key = connector_key(route.outgoing)
    by_key = {each.dedup_key(route): each for each in arrivals}
    units = insert_units(
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
    known = set(by_key).difference(dedup_key for _, dedup_key in units if dedup_key)
    if known:
        # A unit whose task was taken away gets one again.
        lone = WorkUnit.objects.filter(dedup_key__in=known, route_task=None)
        units = sorted([*units, *lone.values_list("pk", "dedup_key")])
    now, arrived = timezone.now(), {pk: by_key[dedup_key or ""] for pk, dedup_key in units}
    rows = [_task_row(route, each, pk, run_pk, parent, now) for pk, each in arrived.items()]
    # Somebody else may bring the same at this moment: only one of the two rows is written.
    tasks = insert_tasks(rows)
    return sorted(
        (_Made(pk, unit_pk, arrived[unit_pk]) for unit_pk, pk in tasks.items()), key=attrgetter("pk")
    )


def _task_row(
    route: Route,
    arrival: Arrival,
    unit_pk: int,
    run_pk: int | None,
    parent: RouteTask | None,
    now: dt.datetime,
) -> Row:
    changes = {"version": arrival.version, "entity": arrival.data, "chain_state": ""}
    version, entity, chain_state = prepared(RouteTask, changes)
    return (
        *(unit_pk, route.pk, run_pk, parent.pk if parent is not None else None, arrival.stage.value),
        *(arrival.identifier, arrival.entity_key, arrival.fingerprint, version),
        *(arrival.source[:200], entity, None, False, False, chain_state, "{}", now),
    )


def _park_failed(made: Sequence[_Made]) -> list[str]:
    """Tasks of items that are no entities have failed from the start; returns the reasons."""
    failed = [each for each in made if each.arrival.reason]
    for each in failed:
        WorkUnit.objects.filter(pk=each.unit_pk).update(
            status=UnitStatus.FAILED,
            reason=each.arrival.reason,
            remedy=each.arrival.remedy,
            finished_at=timezone.now(),
        )
    return [each.arrival.reason for each in failed]


def _replace_older(route: Route, made: Sequence[_Made]) -> int:
    """Older looks of the same entities of which nothing was sent are not wanted any more."""
    newest = {each.arrival.entity_key: each for each in made}
    older = (
        RouteTask.objects.filter(route=route, entity_key__in=list(newest), is_partly_done=False)
        .filter(unit__status__in=_WAITING, unit__step=Step.INTENT)
        .exclude(pk__in=[each.pk for each in made])
    )
    count = 0
    for unit_pk, key in older.values_list("unit_id", "entity_key"):
        count += WorkUnit.objects.filter(pk=unit_pk, status__in=_WAITING, step=Step.INTENT).update(
            **replaced_by(newest[key].unit_pk)
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
