"""Incomings, outgoings and routes over the API: stored as documents, tried out, and run."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from ninja.pagination import LimitOffsetPagination, paginate

from mageferry.hub.api.access import require
from mageferry.hub.api.kept import KeptKind, Listed, Told, serve
from mageferry.hub.api.shapes import Changed, ExchangeShape, Problem, ScheduleChange, ScheduleShape
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


def _delete_route(route: Route) -> Status[Any]:
    try:
        operations.remove_route(route)
    except NotNow as error:
        return Status(409, {"message": str(error)})
    return Status(204, None)


def _ends[End: (Incoming, Outgoing)](model: type[End]) -> QuerySet[End]:
    return model._default_manager.select_related("client", "storage", "account")


serve(
    router,
    "routing",
    KeptKind(
        "incoming",
        "incomings",
        Incoming,
        IncomingDocument,
        lambda document, record: store_end(document, record or Incoming()),
        _end,
        Told(
            "One incoming; stored secrets are shown as ********.",
            "Store a new incoming.",
            "Change an incoming. A secret given as ******** stays.",
            "Delete an incoming that no route reads.",
            listed="Where entities come from.",
        ),
        lambda: _ends(Incoming),
    ),
)
serve(
    router,
    "routing",
    KeptKind(
        "outgoing",
        "outgoings",
        Outgoing,
        OutgoingDocument,
        lambda document, record: store_end(document, record or Outgoing()),
        _end,
        Told(
            "One outgoing; stored secrets are shown as ********.",
            "Store a new outgoing.",
            "Change an outgoing. A secret given as ******** stays.",
            "Delete an outgoing that no route sends to.",
            listed="Where entities go.",
        ),
        lambda: _ends(Outgoing),
    ),
)
serve(
    router,
    "routing",
    KeptKind(
        "route",
        "routes",
        Route,
        RouteDocument,
        lambda document, record: store_route(document, record or Route()),
        _route,
        Told(
            "One route, and what keeps it from running.",
            "Store a new route.",
            "Change a route.",
            "Delete a route with its finished tasks and its schedule; not while tasks wait or have failed.",
        ),
        _routes,
        delete=_delete_route,
    ),
)


@router.post("/incomings/{code}/try", response={200: TrialShape, 404: Problem})
def try_incoming(request: HttpRequest, code: str, body: TrialRequest) -> Status[Any]:
    """Read one page for real and show what becomes of it, step by step; nothing is stored or sent on."""
    require(request, "routes.change_incoming")
    record = get_object_or_404(_ends(Incoming), code=code)
    route = _routes().filter(code=body.route).first() if body.route else None
    if body.route and route is None:
        return Status(404, {"message": f"There is no route {body.route!r}."})
    return Status(200, try_step(record, route, body.sample, body.limit))


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
