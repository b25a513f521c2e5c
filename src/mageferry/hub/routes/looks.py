"""The looks of an entity, and which of two is the newer: by their versions, else by when they came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet

from mageferry.hub.routes.models import Processed, Route, RouteTask, TaskStage
from mageferry.hub.work.models import OPEN, UnitStatus


@dataclass(frozen=True, slots=True)
class Look:
    """How a route knows an entity: by its newest task that isn't done, else as it was last processed. `task_pk`: of
    that task. `known_at`: when it came, or was processed."""

    fingerprint: str
    version: Decimal | None
    known_at: dt.datetime
    task_pk: int | None = None


def looks(route: Route, entity_keys: Iterable[str]) -> Mapping[str, Look]:
    """How the route knows entities. What a person skipped counts: it is known, and not wanted."""
    keys = list(entity_keys)
    done = Processed.objects.filter(route=route, entity_key__in=keys)
    known = {
        key: Look(fingerprint, version, at)
        for key, fingerprint, version, at in done.values_list(
            "entity_key", "fingerprint", "version", "processed_at"
        )
    }
    undone = Q(unit__status__in=(*OPEN, UnitStatus.FAILED)) | Q(
        unit__status__in=(UnitStatus.SKIPPED, UnitStatus.REJECTED), unit__dedup_key__isnull=False
    )
    tasks = RouteTask.objects.filter(
        undone, route=route, entity_key__in=keys, stage__in=(TaskStage.ENTITY, TaskStage.READY)
    )
    rows = tasks.order_by("pk").values_list("entity_key", "fingerprint", "version", "created_at", "pk")
    known.update({key: Look(fingerprint, version, at, pk) for key, fingerprint, version, at, pk in rows})
    return known


def precedes(one: Decimal | None, other: Decimal | None) -> bool:
    """Whether one version is before another; without both nothing is known."""
    return one is not None and other is not None and one < other


def others_of(task: RouteTask) -> QuerySet[RouteTask]:
    """The other tasks of the same entity."""
    return RouteTask.objects.filter(route=task.route_id, entity_key=task.entity_key).exclude(pk=task.pk)


def later_than(task: RouteTask) -> QuerySet[RouteTask]:
    """Tasks of the same entity with a newer look: by their versions, else those that came after it."""
    return _beside(task, Q(pk__gt=task.pk), Q(version__gt=task.version))


def earlier_than(task: RouteTask) -> QuerySet[RouteTask]:
    """Tasks of the same entity with an older look."""
    return _beside(task, Q(pk__lt=task.pk), Q(version__lt=task.version))


def _beside(task: RouteTask, by_arrival: Q, by_version: Q) -> QuerySet[RouteTask]:
    if task.version is None:
        return others_of(task).filter(by_arrival)
    same = Q(version=None) | Q(version=task.version)
    return others_of(task).filter(by_version | same & by_arrival)
