"""A person's retry of tasks: the ledger counts attempts from 1 again, the task goes on counting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import F
from django.utils import timezone

from mageferry.hub.routes.arrivals import ROUTE_TASK
from mageferry.hub.routes.models import RouteTask, TaskRetry
from mageferry.hub.work.models import WorkUnit
from mageferry.hub.work.retries import on_retry


@on_retry(ROUTE_TASK)
def note_retry(units: Sequence[WorkUnit], by: str) -> None:
    """An entry for each task, and its attempts so far are kept; in the transaction that makes it due."""
    at = timezone.now()
    tasks = RouteTask.objects.filter(unit__in=units).values_list("pk", flat=True)
    TaskRetry.objects.bulk_create(TaskRetry(task_id=pk, at=at, by=by[:150]) for pk in tasks)
    alike = defaultdict(list)
    for unit in units:
        alike[unit.attempts].append(unit.pk)
    for attempts, pks in alike.items():
        if attempts:
            RouteTask.objects.filter(unit__in=pks).update(attempts_before=F("attempts_before") + attempts)
