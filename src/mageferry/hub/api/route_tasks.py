"""Tasks of routes over the API: found, shown the whole way, and what a person does with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status
from ninja.errors import HttpError

from mageferry.http.publisher.chain import ChainStateError
from mageferry.http.redaction import redact_json
from mageferry.hub.api.access import require
from mageferry.hub.api.shapes import Changed, Problem
from mageferry.hub.routes import operations
from mageferry.hub.routes.arrivals import entity_key
from mageferry.hub.routes.models import Route, RouteTask, TaskExchange, TaskRetry
from mageferry.hub.routes.plain import NotStorable
from mageferry.hub.work.models import UnitStatus
from mageferry.hub.work.operations import NotNow

MAY_SEE = "routes.view_routetask"
MAY_CHANGE = "routes.change_routetask"
MOST_AT_ONCE = 10_000

router = Router(tags=["tasks"])


class TaskShape(Schema):
    """A task: one entity on its way through a route. `id` is the number of its unit of work, as on the command line."""

    id: int = Field(alias="unit_id")
    route: str = Field(alias="route.code")
    identifier: str = Field(description="What tells the entity from others.")
    status: str = Field(alias="unit.status")
    step: str = Field(alias="unit.step", description="intent, sending, unclear or done.")
    attempts: int = Field(alias="unit.attempts")
    reason: str = Field(alias="unit.reason")
    remedy: str = Field(alias="unit.remedy")
    source: str = Field(description="Where it came from: page, file, delivery.")
    created_at: dt.datetime
    not_before: dt.datetime | None = Field(alias="unit.not_before")
    finished_at: dt.datetime | None = Field(alias="unit.finished_at")


class TaskPage(Schema):
    items: list[TaskShape]
    next: int | None = Field(description="Give it as `after` to read on; null at the end.")


class TaskRequest(Schema):
    """One request and its answer, as they went over the wire, secrets masked."""

    attempt: int = Field(description="Counted on after a person's retry.")
    step: str = Field(description="Step of a chain; look-up for a look after an unclear attempt.")
    sent_at: dt.datetime
    method: str
    url: str
    status: int | None = Field(description="Null: there was no answer.")
    elapsed_ms: int
    error: str
    request: str
    answer: str


class TaskRetryShape(Schema):
    """A person made the task due again: attempts of its unit are counted from 1 again."""

    at: dt.datetime
    by: str = Field(description="Whoever it was; empty when nobody said.")


class TaskDetail(TaskShape):
    """The whole way of a task: the entity as it was read, as it is sent, each request, and what came of it."""

    stage: str = Field(description="item, entity or ready: how far the data had come when the task was made.")
    run: int | None = Field(alias="run_id", description="The run that read it.")
    entity: Any = Field(description="As it was read.")
    transformed: Any = Field(description="As it is sent; null as long as that isn't known.")
    result: dict[str, Any]
    parent: int | None = Field(
        alias="parent.unit_id", default=None, description="The task that it is a part of."
    )
    parts: list[int] = Field(description="Tasks that its entity became.")
    exchanges: list[TaskRequest]
    retries: list[TaskRetryShape]

    @staticmethod
    def resolve_entity(task: RouteTask) -> Any:
        return redact_json(task.entity)

    @staticmethod
    def resolve_transformed(task: RouteTask) -> Any:
        return redact_json(task.transformed) if task.is_transformed else None

    @staticmethod
    def resolve_result(task: RouteTask) -> Any:
        return redact_json(task.result)

    @staticmethod
    def resolve_parts(task: RouteTask) -> list[int]:
        return list(task.parts.order_by("pk").values_list("unit_id", flat=True))

    @staticmethod
    def resolve_retries(task: RouteTask) -> list[TaskRetry]:
        return list(task.retries.order_by("pk"))

    @staticmethod
    def resolve_exchanges(task: RouteTask) -> list[TaskExchange]:
        return list(task.exchanges.order_by("pk"))


class TaskFilter(Schema):
    """Which tasks; all that is given holds."""

    route: str = Field("", description="Code of a route.")
    status: str = Field(
        "", description="new, processing, finished, failed, skipped, retry, waiting or rejected."
    )
    identifier: str = Field("", description="All tasks of this entity.")
    text: str = Field("", description="Part of the identifier.")
    reason: str = Field("", description="Part of the reason.")
    run: int | None = Field(None, description="Tasks that this run made.")
    created_from: dt.datetime | None = Field(None, description="Made at this moment or later.")
    created_before: dt.datetime | None = Field(None, description="Made before this moment.")

    def tasks(self) -> QuerySet[RouteTask]:
        """Raises HttpError for a route or status that there isn't."""
        if self.status and self.status not in UnitStatus.values:
            raise HttpError(
                422, f"There is no status {self.status!r}. They are: {', '.join(UnitStatus.values)}."
            )
        chosen: dict[str, Any] = {
            "unit__status": self.status,
            "entity_key": entity_key(self.identifier) if self.identifier else "",
            "identifier__icontains": self.text,
            "unit__reason__icontains": self.reason,
            "run": self.run,
            "created_at__gte": self.created_from,
            "created_at__lt": self.created_before,
        }
        rows = RouteTask.objects.filter(
            **{name: value for name, value in chosen.items() if value not in (None, "")}
        )
        if not self.route:
            return rows
        route = Route.objects.filter(code=self.route).first()
        if route is None:
            raise HttpError(422, f"There is no route {self.route!r}.")
        return rows.filter(route=route)


class TaskQuery(TaskFilter):
    after: int | None = Field(None, description="`next` of the page before.")
    limit: int = Field(100, ge=1, le=1000)


class Chosen(TaskFilter):
    """Which tasks: some by their numbers, or those that fit; no more than 10,000 at once, the oldest first."""

    tasks_by_id: list[int] = Field(
        default_factory=list, alias="ids", max_length=MOST_AT_ONCE, description="Numbers of tasks."
    )

    def chosen(self) -> QuerySet[RouteTask]:
        """Raises HttpError when nothing says which."""
        given = self.model_dump(exclude={"tasks_by_id"}, exclude_defaults=True)
        if not given and not self.tasks_by_id:
            raise HttpError(422, "Say which tasks: ids, a route, or another filter.")
        rows = self.tasks()
        if self.tasks_by_id:
            rows = rows.filter(unit__in=self.tasks_by_id)
        last = rows.order_by("pk").values_list("pk", flat=True)[MOST_AT_ONCE - 1 : MOST_AT_ONCE].first()
        return rows if last is None else rows.filter(pk__lte=last)


class SkippedTasks(Chosen):
    why: str = Field("", max_length=200, description="Said as the reason of each.")


class NewEntity(Schema):
    entity: Any = Field(description="Replaces the task's entity as a whole.")


class Settled(Schema):
    there: bool = Field(description="What you found in the other system.")
    remote_id: str | None = Field(None, description="Its id there.")


def _task(pk: int) -> RouteTask:
    return get_object_or_404(RouteTask.objects.select_related("unit", "route", "parent"), unit=pk)


@router.get("/tasks", response=TaskPage)
def tasks(request: HttpRequest, wanted: Query[TaskQuery]) -> dict[str, Any]:
    """Tasks, the newest first, a page at a time; new ones that come meanwhile shift nothing."""
    require(request, MAY_SEE)
    rows = wanted.tasks().select_related("unit", "route").defer("entity", "transformed", "chain_state")
    if wanted.after is not None:
        rows = rows.filter(pk__lt=wanted.after)
    found, limit = list(rows.order_by("-pk")[: wanted.limit + 1]), wanted.limit
    return {"items": found[:limit], "next": found[limit - 1].pk if len(found) > limit else None}


@router.get("/tasks/{int:pk}", response=TaskDetail)
def task(request: HttpRequest, pk: int) -> RouteTask:
    """One task: its entity, what it became, and each request with its answer. Values of secret names are masked."""
    require(request, MAY_SEE)
    return _task(pk)


@router.post("/tasks/{int:pk}/edit", response={200: Changed, 409: Problem, 422: Problem})
def edit(request: HttpRequest, pk: int, body: NewEntity) -> Status[Any]:
    """Give a task that has failed, or waits for another attempt, another entity and make it due. Steps of a chain that
    are done stay done; what was sent and is unclear is not edited."""
    require(request, MAY_CHANGE)
    return _changed(lambda: operations.edit_and_retry(_task(pk), body.entity, str(request.user)))


@router.post("/tasks/{int:pk}/retry", response=Changed)
def retry(request: HttpRequest, pk: int) -> dict[str, int]:
    """Make a failed, skipped or waiting task due now; what is unclear is looked for first."""
    require(request, MAY_CHANGE)
    return {"changed": operations.retry([_task(pk)], str(request.user))}


@router.post("/tasks/{int:pk}/skip", response=Changed)
def skip(request: HttpRequest, pk: int) -> dict[str, int]:
    """Leave a task undone for good; its entity comes again only in another look."""
    require(request, MAY_CHANGE)
    return {"changed": operations.skip([_task(pk)], f"Skipped by {request.user} through the API.")}


@router.post("/tasks/{int:pk}/settle", response={200: Changed, 409: Problem})
def settle(request: HttpRequest, pk: int, body: Settled) -> Status[Any]:
    """Say what became of a request whose answer never came, after looking in the other system: there, then the task is
    done, or a chain goes on behind the step; not there, then it is sent again."""
    require(request, MAY_CHANGE)
    if body.there:
        return _changed(lambda: operations.mark_done(_task(pk), body.remote_id, str(request.user)))
    return _changed(lambda: operations.send_again(_task(pk), str(request.user)))


@router.post("/tasks/retry", response=Changed)
def retry_many(request: HttpRequest, body: Chosen) -> dict[str, int]:
    """Make many failed, skipped or waiting tasks due now. Call it again while it changes 10,000."""
    require(request, MAY_CHANGE)
    return {"changed": operations.retry(body.chosen(), str(request.user))}


@router.post("/tasks/skip", response=Changed)
def skip_many(request: HttpRequest, body: SkippedTasks) -> dict[str, int]:
    """Leave many tasks undone for good. Call it again while it changes 10,000."""
    require(request, MAY_CHANGE)
    why = body.why or f"Skipped by {request.user} through the API."
    return {"changed": operations.skip(body.chosen(), why)}


def _changed(work: Callable[[], None]) -> Status[Any]:
    try:
        work()
    except (NotNow, ChainStateError) as error:
        return Status(409, {"message": str(error)})
    except NotStorable as error:
        return Status(422, {"message": f"The entity can't be kept: {error}."})
    return Status(200, {"changed": 1})
