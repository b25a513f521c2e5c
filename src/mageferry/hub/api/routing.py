"""Incomings, outgoings and routes over the API: stored as documents, tried out, and run."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from ninja.pagination import LimitOffsetPagination, paginate

from mageferry.hub.api.access import require
from mageferry.hub.api.http import Listed, Refused, StoredShape, delete_unused, stored
from mageferry.hub.api.shapes import Changed, Problem, ScheduleChange, ScheduleShape
from mageferry.hub.routes import operations
from mageferry.hub.routes.documents import (
    IncomingDocument,
    OutgoingDocument,
    RouteDocument,
    end_document,
    route_document,
    store_end,
    store_route,
)
from mageferry.hub.routes.models import Incoming, Outgoing, Route
from mageferry.hub.routes.preview import preview_request, preview_route
from mageferry.hub.routes.readiness import problems_of, problems_of_end, task_counts
from mageferry.hub.routes.runner import check_runnable, request_run
from mageferry.hub.routes.schedules import follow_routes, schedule_of
from mageferry.hub.routes.trial import MOST_ITEMS, try_step
from mageferry.hub.work import schedules
from mageferry.hub.work.cron import BadCron, BadTimeZone
from mageferry.hub.work.operations import NotNow
from mageferry.hub.work.runs import NotRunnable

router = Router(tags=["routes"])


class RouteListed(Listed):
    enabled: bool
    incoming: str = Field(description="Code of the incoming.")
    outgoing: str = Field(description="Code of the outgoing.")
    open_tasks: int = Field(description="Tasks that wait or run.")
    failed_tasks: int = Field(description="Tasks that wait for a person.")


class ExchangeShape(Schema):
    """A request and its answer, secrets masked. `status` null: no answer came, or nothing was sent."""

    method: str
    url: str
    request_headers: list[tuple[str, str]]
    request_body: str
    status: int | None
    headers: list[tuple[str, str]]
    body: str
    error: str
    elapsed_ms: int
    step: str = Field(description="Step of a chain.")


class StageShape(Schema):
    title: str = Field(description="Which transformer this is behind.")
    entities: list[Any]
    failures: list[str]


class TrialShape(Schema):
    """What one page brought and what becomes of its first items; `error`: where it ended."""

    exchanges: list[ExchangeShape]
    items: list[Any]
    received: int
    stages: list[StageShape]
    identifiers: list[str]
    error: str
    remedy: str


class TrialRequest(Schema):
    route: str = Field("", description="Code of a route whose transformers are tried as well.")
    sample: Any = Field(
        None, description="A list of items to go on with instead of reading, as for webhooks."
    )
    limit: int = Field(MOST_ITEMS, ge=1, le=200, description="How many of the items are shown.")


class EntityPreviewRequest(Schema):
    entity: Any = Field(description="An entity as the incoming would bring it.")
    answers: dict[str, Any] = Field(
        default_factory=dict, description="For a chain: what its steps would be answered, by their names."
    )


class EntityPreview(Schema):
    """The requests as they would be sent, without the sign-in; `entry`: what a storage or the hub would get.
    `problem`: why it goes no further."""

    requests: list[ExchangeShape]
    entry: Any
    problem: str
    remedy: str


class RunAsked(Schema):
    asked: bool = Field(description="False: a run was asked for already and hasn't ended.")


class RouteScheduleChange(ScheduleChange):
    paused: bool | None = Field(None, description="Hold it, or let it go on.")


def _end(record: Incoming | Outgoing) -> dict[str, Any]:
    return {"document": end_document(record), "problems": problems_of_end(record)}


def _route(route: Route) -> dict[str, Any]:
    return {"document": route_document(route), "problems": problems_of(route)}


def _routes() -> QuerySet[Route]:
    return Route.objects.select_related("incoming__client", "outgoing__client")


def _ends[End: (Incoming, Outgoing)](model: type[End]) -> QuerySet[End]:
    return model._default_manager.select_related("client", "storage", "account")


@router.get("/incomings", response=list[Listed])
@paginate(LimitOffsetPagination)
def incomings(request: HttpRequest) -> QuerySet[Incoming]:
    """Where entities come from."""
    require(request, "routes.view_incoming")
    return Incoming.objects.all()


@router.get("/incomings/{code}", response=StoredShape)
def incoming(request: HttpRequest, code: str) -> dict[str, Any]:
    """One incoming; stored secrets are shown as ********."""
    require(request, "routes.view_incoming")
    return _end(get_object_or_404(_ends(Incoming), code=code))


@router.post("/incomings", response={201: StoredShape, 422: Refused})
def create_incoming(request: HttpRequest, body: IncomingDocument) -> Status[Any]:
    """Store a new incoming."""
    require(request, "routes.add_incoming")
    return stored(201, lambda: _end(store_end(body, Incoming())))


@router.put("/incomings/{code}", response={200: StoredShape, 422: Refused})
def change_incoming(request: HttpRequest, code: str, body: IncomingDocument) -> Status[Any]:
    """Change an incoming. A secret given as ******** stays."""
    require(request, "routes.change_incoming")
    record = get_object_or_404(Incoming, code=code)
    return stored(200, lambda: _end(store_end(body, record)))


@router.delete("/incomings/{code}", response={204: None, 409: Problem})
def delete_incoming(request: HttpRequest, code: str) -> Status[Any]:
    """Delete an incoming that no route reads."""
    require(request, "routes.delete_incoming")
    return delete_unused(get_object_or_404(Incoming, code=code))


@router.post("/incomings/{code}/try", response={200: TrialShape, 404: Problem})
def try_incoming(request: HttpRequest, code: str, body: TrialRequest) -> Status[Any]:
    """Read one page for real and show what becomes of it, step by step; nothing is stored or sent on."""
    require(request, "routes.change_incoming")
    record = get_object_or_404(_ends(Incoming), code=code)
    route = _routes().filter(code=body.route).first() if body.route else None
    if body.route and route is None:
        return Status(404, {"message": f"There is no route {body.route!r}."})
    return Status(200, try_step(record, route, body.sample, body.limit))


@router.get("/outgoings", response=list[Listed])
@paginate(LimitOffsetPagination)
def outgoings(request: HttpRequest) -> QuerySet[Outgoing]:
    """Where entities go."""
    require(request, "routes.view_outgoing")
    return Outgoing.objects.all()


@router.get("/outgoings/{code}", response=StoredShape)
def outgoing(request: HttpRequest, code: str) -> dict[str, Any]:
    """One outgoing; stored secrets are shown as ********."""
    require(request, "routes.view_outgoing")
    return _end(get_object_or_404(_ends(Outgoing), code=code))


@router.post("/outgoings", response={201: StoredShape, 422: Refused})
def create_outgoing(request: HttpRequest, body: OutgoingDocument) -> Status[Any]:
    """Store a new outgoing."""
    require(request, "routes.add_outgoing")
    return stored(201, lambda: _end(store_end(body, Outgoing())))


@router.put("/outgoings/{code}", response={200: StoredShape, 422: Refused})
def change_outgoing(request: HttpRequest, code: str, body: OutgoingDocument) -> Status[Any]:
    """Change an outgoing. A secret given as ******** stays."""
    require(request, "routes.change_outgoing")
    record = get_object_or_404(Outgoing, code=code)
    return stored(200, lambda: _end(store_end(body, record)))


@router.delete("/outgoings/{code}", response={204: None, 409: Problem})
def delete_outgoing(request: HttpRequest, code: str) -> Status[Any]:
    """Delete an outgoing that no route sends to."""
    require(request, "routes.delete_outgoing")
    return delete_unused(get_object_or_404(Outgoing, code=code))


@router.post("/outgoings/{code}/preview", response=EntityPreview)
def preview_outgoing(request: HttpRequest, code: str, body: EntityPreviewRequest) -> Any:
    """What an entity would be sent as. Nothing is sent, looked up or written."""
    require(request, "routes.change_outgoing")
    return preview_request(get_object_or_404(_ends(Outgoing), code=code), body.entity, body.answers)


@router.get("/routes", response=list[RouteListed])
@paginate(LimitOffsetPagination)
def routes(request: HttpRequest) -> list[dict[str, Any]]:
    """The routes, with how many of their tasks wait and have failed."""
    require(request, "routes.view_route")
    counts = task_counts()
    return [
        {
            "code": route.code,
            "name": route.name,
            "enabled": route.enabled,
            "incoming": route.incoming.code,
            "outgoing": route.outgoing.code,
            "open_tasks": counts[route.pk].open,
            "failed_tasks": counts[route.pk].failed,
        }
        for route in _routes()
    ]


@router.get("/routes/{code}", response=StoredShape)
def route(request: HttpRequest, code: str) -> dict[str, Any]:
    """One route, and what keeps it from running."""
    require(request, "routes.view_route")
    return _route(get_object_or_404(_routes(), code=code))


@router.post("/routes", response={201: StoredShape, 422: Refused})
def create_route(request: HttpRequest, body: RouteDocument) -> Status[Any]:
    """Store a new route."""
    require(request, "routes.add_route")
    return stored(201, lambda: _route(store_route(body, Route())))


@router.put("/routes/{code}", response={200: StoredShape, 422: Refused})
def change_route(request: HttpRequest, code: str, body: RouteDocument) -> Status[Any]:
    """Change a route."""
    require(request, "routes.change_route")
    record = get_object_or_404(Route, code=code)
    return stored(200, lambda: _route(store_route(body, record)))


@router.delete("/routes/{code}", response={204: None, 409: Problem})
def delete_route(request: HttpRequest, code: str) -> Status[Any]:
    """Delete a route with its finished tasks and its schedule; not while tasks wait or have failed."""
    require(request, "routes.delete_route")
    try:
        operations.remove_route(get_object_or_404(Route, code=code))
    except NotNow as error:
        return Status(409, {"message": str(error)})
    return Status(204, None)


@router.post("/routes/{code}/run", response={202: RunAsked, 409: Problem})
def run_route(request: HttpRequest, code: str) -> Status[Any]:
    """Ask the workers to read what is new for a route, now."""
    require(request, "routes.change_route")
    found = get_object_or_404(_routes(), code=code)
    try:
        check_runnable(found)
    except NotRunnable as error:
        return Status(409, {"message": str(error)})
    return Status(202, {"asked": request_run(found)})


@router.post("/routes/{code}/from-the-beginning", response=Changed)
def from_the_beginning(request: HttpRequest, code: str) -> dict[str, int]:
    """Forget how far the route has read; what is unchanged is no task again."""
    require(request, "routes.change_route")
    operations.read_from_the_beginning(get_object_or_404(Route, code=code))
    return {"changed": 1}


@router.post("/routes/{code}/preview", response=list[EntityPreview])
def preview(request: HttpRequest, code: str, body: EntityPreviewRequest) -> Any:
    """What an entity of the incoming would be sent as, behind the transformers of the route: for each entity that
    they make of it. Nothing is sent or written; transformers that look something up do so."""
    require(request, "routes.change_route")
    return preview_route(get_object_or_404(_routes(), code=code), body.entity, body.answers)


@router.get("/routes/{code}/schedule", response={200: ScheduleShape, 404: Problem})
def schedule(request: HttpRequest, code: str) -> Status[Any]:
    """When the route runs by itself."""
    require(request, "routes.view_route")
    found = _schedule(code)
    return Status(200, found) if found is not None else _unscheduled(code)


@router.patch("/routes/{code}/schedule", response={200: ScheduleShape, 404: Problem, 422: Problem})
def set_schedule(request: HttpRequest, code: str, body: RouteScheduleChange) -> Status[Any]:
    """Change when the route runs, or hold it; what isn't given stays."""
    require(request, "routes.change_route")
    found = _schedule(code)
    if found is None:
        return _unscheduled(code)
    try:
        schedules.set_schedule(
            found, cron=body.cron, time_zone=body.time_zone, spread_seconds=body.spread_seconds
        )
    except (BadCron, BadTimeZone) as error:
        return Status(422, {"message": str(error)})
    if body.paused is not None:
        change = schedules.pause_schedules if body.paused else schedules.resume_schedules
        change([found.pk])
    found.refresh_from_db()
    return Status(200, found)


def _schedule(code: str) -> Any:
    found = get_object_or_404(Route, code=code)
    follow_routes()
    return schedule_of(found)


def _unscheduled(code: str) -> Status[Any]:
    return Status(
        404,
        {"message": f"The route {code} has no schedule: its deliveries come by themselves, or it is off."},
    )
