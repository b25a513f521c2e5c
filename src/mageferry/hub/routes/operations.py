"""What a person does with tasks and routes: edit, retry, skip, settle what is unclear, take a route away.

Everything goes through the operations of the ledger, so its rules hold: nothing that was sent and is unclear is
edited, nothing that runs is skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mageferry.hub.routes.ends import remember
from mageferry.hub.routes.models import Route, RouteTask
from mageferry.hub.routes.plain import plain
from mageferry.hub.routes.publishing import packed_state, stored_state
from mageferry.hub.routes.runner import ROUTE_FLOW, RUN_ROUTE
from mageferry.hub.work import operations
from mageferry.hub.work.marks import reset_mark
from mageferry.hub.work.models import OPEN, FlowRun, Schedule, Step, UnitStatus, WorkUnit
from mageferry.hub.work.operations import NotNow

_EDITABLE = (UnitStatus.FAILED, UnitStatus.RETRY)
_AT_ONCE = 500


def edit_and_retry(task: RouteTask, entity: Any, by: str = "") -> None:
    """Give a task another entity and make it due; only while it has failed or waits for another attempt.

    Steps of a chain that are done stay done; `by` names the person. Raises NotNow, and NotStorable for data that
    can't be kept.
    """
    data = plain(entity)
    with transaction.atomic():
        unit = WorkUnit.objects.select_for_update().get(pk=task.unit_id)
        if unit.status not in _EDITABLE:
            raise NotNow(
                f"Task {unit.pk} is {unit.get_status_display()}: only failed and waiting ones are edited."
            )
        operations.check_editable(unit)
        RouteTask.objects.filter(pk=task.pk).update(entity=data, transformed=None, is_transformed=False)
        operations.try_again([unit.pk], by)


def retry(tasks: QuerySet[RouteTask] | Collection[RouteTask], by: str = "") -> int:
    """Failed, skipped and waiting tasks become due now; returns how many. `by` names the person."""
    return sum(operations.try_again(_units(portion), by) for portion in portions_of(tasks))


def skip(tasks: QuerySet[RouteTask] | Collection[RouteTask], reason: str) -> int:
    """Leave tasks undone for good; the entities come again only in another look. Returns how many."""
    return sum(operations.skip(_units(portion), reason) for portion in portions_of(tasks))


def portions_of(tasks: QuerySet[RouteTask] | Collection[RouteTask]) -> Iterator[Sequence[RouteTask]]:
    """The tasks that there are now, some hundred at a time and without their data, by their ids: what is done with one
    portion may take its tasks out of the query."""
    if not isinstance(tasks, QuerySet):
        yield list(tasks)
        return
    rows = tasks.order_by("pk").select_related(None).only("pk", "unit_id", "identifier", "route_id")
    newest = tasks.order_by("-pk").values_list("pk", flat=True).first()
    rows = rows.filter(pk__lte=newest or 0)
    while portion := list(rows[:_AT_ONCE]):
        yield portion
        rows = rows.filter(pk__gt=portion[-1].pk)


def failed_tasks(route: Route) -> QuerySet[RouteTask]:
    """The tasks of a route that wait for a person."""
    return RouteTask.objects.filter(route=route, unit__status=UnitStatus.FAILED)


def _units(tasks: Iterable[RouteTask]) -> list[int]:
    return [task.unit_id for task in tasks]


def send_again(task: RouteTask, by: str = "") -> None:
    """Somebody has looked: what was sent isn't there. It is sent once more. Raises NotNow, ChainStateError."""
    with transaction.atomic():
        _unclear_unit(task)
        if task.chain_state:
            state = packed_state(stored_state(task).send_again())
            RouteTask.objects.filter(pk=task.pk).update(chain_state=state)
        WorkUnit.objects.filter(pk=task.unit_id).update(step=Step.INTENT)
        operations.try_again([task.unit_id], by)


def mark_done(task: RouteTask, remote_id: str | int | None = None, by: str = "") -> None:
    """Somebody has looked: what was sent is there. The task is done; a chain goes on behind that step.

    Raises NotNow, ChainStateError.
    """
    with transaction.atomic():
        _unclear_unit(task)
        state = stored_state(task)
        if state.sending:
            body = {"id": remote_id} if remote_id is not None else None
            settled = packed_state(state.settle(body, remote_id))
            RouteTask.objects.filter(pk=task.pk).update(chain_state=settled)
            WorkUnit.objects.filter(pk=task.unit_id).update(step=Step.INTENT)
            operations.try_again([task.unit_id], by)
            return
        result = {"remote_id": remote_id, "adopted": True}
        RouteTask.objects.filter(pk=task.pk).update(result=result)
        WorkUnit.objects.filter(pk=task.unit_id).update(
            status=UnitStatus.FINISHED,
            step=Step.DONE,
            reason="",
            remedy="A person found it in the other system.",
            result=result,
            not_before=None,
            finished_at=timezone.now(),
        )
        remember([task])


def _unclear_unit(task: RouteTask) -> WorkUnit:
    """The unit of a task that was sent and isn't settled, held. Raises NotNow."""
    unit = WorkUnit.objects.select_for_update().get(pk=task.unit_id)
    task.refresh_from_db()
    if unit.status not in _EDITABLE or unit.step not in (Step.SENDING, Step.UNCLEAR):
        raise NotNow(
            f"Task {unit.pk} is {unit.get_status_display()} ({unit.get_step_display().lower()}): there is nothing "
            "unclear to be settled. Retry it instead."
        )
    return unit


def read_from_the_beginning(route: Route) -> None:
    """Forget how far the route has read; what is unchanged is no task again."""
    reset_mark(route.scope, ROUTE_FLOW)
    Route.objects.filter(pk=route.pk).update(position=None)


def remove_route(route: Route) -> None:
    """Take a route away with its finished tasks, runs and schedule. Raises NotNow while tasks wait or have failed."""
    with transaction.atomic():
        left = RouteTask.objects.filter(route=route, unit__status__in=(*OPEN, UnitStatus.FAILED)).count()
        if left:
            raise NotNow(
                f"{left:,} tasks of {route} wait or have failed: let them be done, or skip them first."
            )
        own = WorkUnit.objects.filter(route_task__route=route)
        while pks := list(own.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]):
            WorkUnit.objects.filter(pk__in=pks).delete()
        Schedule.objects.filter(kind=RUN_ROUTE, scope=route.scope).delete()
        FlowRun.objects.filter(flow=ROUTE_FLOW, scope=route.scope).delete()
        reset_mark(route.scope, ROUTE_FLOW)
        route.delete()
