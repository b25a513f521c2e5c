"""The API of operations: units of work, schedules, pauses, and tidying up; the same verbs as on the command line."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from ninja.errors import HttpError
from ninja.pagination import LimitOffsetPagination, paginate

from mageferry.hub.api import shapes
from mageferry.hub.api.access import MAY_ACT, MAY_READ, require
from mageferry.hub.configuration import configuration
from mageferry.hub.flows import runner
from mageferry.hub.flows.schedules import follow_switches
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.arrivals import CLIENT, client_key
from mageferry.hub.work import operations, schedules
from mageferry.hub.work.cron import BadCron, BadTimeZone
from mageferry.hub.work.models import EVERYTHING, Pause, Schedule, UnitStatus, WorkUnit
from mageferry.hub.work.units import BadPayload, PayloadTooLarge

router = Router()


@router.get("/work", response=list[shapes.Unit])
@paginate(LimitOffsetPagination)
def work(request: HttpRequest, status: str = "", kind: str = "") -> QuerySet[WorkUnit]:
    """Units of work, the newest first."""
    require(request, MAY_READ)
    found = WorkUnit.objects.order_by("-id")
    if status and status not in UnitStatus.values:
        raise HttpError(422, f"There is no status {status!r}. They are: {', '.join(UnitStatus.values)}.")
    if status:
        found = found.filter(status=status)
    return found.filter(kind=kind) if kind else found


@router.get("/work/{int:pk}", response=shapes.UnitDetail)
def unit(request: HttpRequest, pk: int) -> WorkUnit:
    """One unit with what was sent and answered, secrets masked."""
    require(request, MAY_READ)
    return get_object_or_404(WorkUnit, pk=pk)


@router.post("/work/{int:pk}/retry", response=shapes.Changed)
def retry(request: HttpRequest, pk: int) -> dict[str, int]:
    """Make a failed, skipped, cancelled or waiting unit due again."""
    require(request, MAY_ACT)
    get_object_or_404(WorkUnit, pk=pk)
    return {"changed": operations.try_again([pk], str(request.user))}


@router.post("/work/{int:pk}/skip", response=shapes.Changed)
def skip(request: HttpRequest, pk: int) -> dict[str, int]:
    """Leave a unit undone for good."""
    require(request, MAY_ACT)
    get_object_or_404(WorkUnit, pk=pk)
    return {"changed": operations.skip([pk], f"Skipped by {request.user} through the API.")}


@router.post("/work/{int:pk}/cancel", response=shapes.Changed)
def cancel(request: HttpRequest, pk: int) -> dict[str, int]:
    """Stop a unit, also a running one that has sent nothing yet."""
    require(request, MAY_ACT)
    get_object_or_404(WorkUnit, pk=pk)
    return {"changed": operations.cancel([pk], f"Cancelled by {request.user} through the API.")}


@router.post("/work/{int:pk}/edit", response={200: shapes.Changed, 409: shapes.Problem, 422: shapes.Problem})
def edit(request: HttpRequest, pk: int, body: shapes.NewPayload) -> Status[Any]:
    """Give a unit another payload and retry it."""
    require(request, MAY_ACT)
    get_object_or_404(WorkUnit, pk=pk)
    try:
        operations.edit_and_retry(pk, body.payload, str(request.user))
    except operations.NotNow as error:
        return Status(409, {"message": str(error)})
    except (BadPayload, PayloadTooLarge) as error:
        return Status(422, {"message": str(error)})
    return Status(200, {"changed": 1})


@router.post("/prune", response=shapes.Removed)
def prune(request: HttpRequest, body: shapes.Pruning) -> dict[str, int]:
    """Remove old finished units and runs; what isn't given is as configured."""
    require(request, MAY_ACT)
    chosen = configuration()
    days = chosen.keep_days if body.days is None else body.days
    keep = chosen.keep_units if body.keep is None else body.keep
    return {"removed": operations.prune(days=days, keep=keep)}


@router.post("/repair", response=shapes.Repaired)
def repair(request: HttpRequest) -> operations.Repair:
    """Mend what a crash left behind."""
    require(request, MAY_ACT)
    return operations.repair_stuck()


@router.get("/schedules", response=list[shapes.ScheduleShape])
@paginate(LimitOffsetPagination)
def list_schedules(request: HttpRequest, connector: str = "", flow: str = "") -> QuerySet[Schedule]:
    """When flows run by themselves: of a connector (its name), or of a flow."""
    require(request, MAY_READ)
    follow_switches()
    found = Schedule.objects.all()
    if connector:
        found = found.filter(connector_key__in=_keys(connector))
    return found.filter(flow=flow.replace("-", "_")) if flow else found


@router.patch("/schedules/{int:pk}", response={200: shapes.ScheduleShape, 422: shapes.Problem})
def set_schedule(request: HttpRequest, pk: int, body: shapes.ScheduleChange) -> Status[Any]:
    """Change when a schedule is due; it holds at once, while everything runs."""
    require(request, MAY_ACT)
    schedule = get_object_or_404(Schedule, pk=pk)
    try:
        schedules.set_schedule(
            schedule, cron=body.cron, time_zone=body.time_zone, spread_seconds=body.spread_seconds
        )
    except (BadCron, BadTimeZone) as error:
        return Status(422, {"message": str(error)})
    return Status(200, schedule)


@router.post("/schedules/{int:pk}/pause", response=shapes.Changed)
def pause_schedule(request: HttpRequest, pk: int) -> dict[str, int]:
    """Hold a schedule. What runs is finished."""
    require(request, MAY_ACT)
    get_object_or_404(Schedule, pk=pk)
    return {"changed": schedules.pause_schedules([pk])}


@router.post("/schedules/{int:pk}/resume", response=shapes.Changed)
def resume_schedule(request: HttpRequest, pk: int) -> dict[str, int]:
    """Let a schedule go on; a time that was missed is made up for once."""
    require(request, MAY_ACT)
    get_object_or_404(Schedule, pk=pk)
    return {"changed": schedules.resume_schedules([pk])}


@router.get("/pauses", response=list[shapes.PauseShape])
def list_pauses(request: HttpRequest) -> QuerySet[Pause]:
    """What is held: by a person, or because the other side is down."""
    require(request, MAY_READ)
    return Pause.objects.order_by("connector_key")


@router.post("/pauses", response={200: shapes.Changed, 404: shapes.Problem})
def pause(request: HttpRequest, body: shapes.PauseRequest) -> Status[Any]:
    """Hold a connector, or everything: nothing new is begun, what runs is finished."""
    require(request, MAY_ACT)
    keys = _keys(body.connector)
    if not keys:
        return _no_connector(body.connector)
    reason = body.reason or f"Paused by {request.user} through the API."
    return Status(200, {"changed": sum(schedules.pause_connector(key, reason) for key in keys)})


@router.post("/pauses/resume", response={200: shapes.Changed, 404: shapes.Problem})
def resume(request: HttpRequest, body: shapes.ResumeRequest) -> Status[Any]:
    """Let a connector, or everything, go on."""
    require(request, MAY_ACT)
    keys = _keys(body.connector)
    if not keys:
        return _no_connector(body.connector)
    return Status(200, {"changed": sum(schedules.resume_connector(key) for key in keys)})


def _keys(connector: str) -> list[str]:
    """The ledger's name of a connector, or client:CODE; of everything for *. None when there is no such connector."""
    if connector.strip() == EVERYTHING:
        return [EVERYTHING]
    if connector.startswith(CLIENT):
        known = HttpClientRecord.objects.filter(code=connector.removeprefix(CLIENT)).first()
        return [client_key(known)] if known is not None else []
    try:
        return [each.key for each in runner.active_connectors(connector)] if connector.strip() else []
    except LookupError:
        return []


def _no_connector(name: str) -> Status[Any]:
    try:
        runner.active_connectors(name or " ")
    except LookupError as error:
        return Status(404, {"message": f"{error.args[0]} Or write * for all of them."})
    return Status(404, {"message": "Name a connector, or write * for all of them."})
