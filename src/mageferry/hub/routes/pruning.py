"""What is removed by itself: finished tasks by the rule of their route, expired entries, old deliveries
and refusals."""

from __future__ import annotations

import datetime as dt

import structlog
from django.utils import timezone

from mageferry.hub.routes.models import Route, TakenDelivery
from mageferry.hub.routes.refusals import prune_refusals
from mageferry.hub.routes.storages import prune_entries
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.hub.work.scheduler import chore

log = structlog.stdlib.get_logger(__name__)

_AT_ONCE = 500


def prune_tasks(route: Route) -> int:
    """Remove the finished tasks that are older, or more, than the route keeps; returns how many.

    Failed ones stay until a person retries or skips them, and so do skipped ones that hold the look of an entity: they
    say that it isn't wanted.
    """
    done = WorkUnit.objects.filter(
        route_task__route=route,
        status__in=(UnitStatus.FINISHED, UnitStatus.SKIPPED, UnitStatus.REJECTED),
        dedup_key=None,
    )
    before = timezone.now() - dt.timedelta(days=route.keep_days)
    pks = list(done.filter(finished_at__lt=before).values_list("pk", flat=True))
    newest = done.exclude(pk__in=pks).order_by("-pk").values_list("pk", flat=True)
    pks += list(newest[route.keep_tasks :])
    for start in range(0, len(pks), _AT_ONCE):
        WorkUnit.objects.filter(pk__in=pks[start : start + _AT_ONCE]).delete()
    return len(pks)


def prune() -> None:
    """Everything that is due to go."""
    removed = sum(prune_tasks(route) for route in Route.objects.all())
    expired = prune_entries()
    TakenDelivery.objects.filter(until__lt=timezone.now()).delete()
    refusals = prune_refusals()
    if removed or expired or refusals:
        log.info(
            "Old tasks, expired entries and old refusals were removed",
            tasks=removed,
            entries=expired,
            refusals=refusals,
        )


chore("routes", 600, once_for_all=True)(prune)
