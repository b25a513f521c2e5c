"""A schedule for each route that is polled: made by itself, following the switches."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from mageferry.hub.routes.arrivals import client_key
from mageferry.hub.routes.models import Route
from mageferry.hub.routes.runner import ROUTE_FLOW, RUN_ROUTE
from mageferry.hub.work.clock import database_now
from mageferry.hub.work.models import Schedule
from mageferry.hub.work.scheduler import chore
from mageferry.hub.work.schedules import pause_schedules, plan, resume_schedules, set_schedule

FOLLOW_SECONDS: Final = 15.0
CRON: Final = "*/15 * * * *"


def follow_routes() -> int:
    """Make the schedules that are missing; those of routes that are switched off, or gone, rest.

    One that a person edited or paused stays as it is. Returns how many were made.
    """
    polled = {
        route.scope: route
        for route in Route.objects.select_related("incoming__client", "outgoing__client")
        if route.enabled and route.incoming.enabled and route.incoming.is_polled
    }
    own = Schedule.objects.filter(kind=RUN_ROUTE)
    known = {each.scope: each for each in own}
    missing = [schedule_for(route) for scope, route in polled.items() if scope not in known]
    changed = [each.pk for scope, each in known.items() if each.enabled != (scope in polled)]
    with transaction.atomic():
        Schedule.objects.bulk_create(missing, ignore_conflicts=True, batch_size=200)
        for schedule in own.filter(pk__in=changed):
            own.filter(pk=schedule.pk).update(enabled=schedule.scope in polled)
    return len(missing)


def schedule_for(route: Route) -> Schedule:
    """The schedule that a route gets, until a person changes it; not saved."""
    client = route.incoming.client
    schedule = Schedule(
        kind=RUN_ROUTE,
        flow=ROUTE_FLOW,
        scope=route.scope,
        connector_key=client_key(client) if client is not None else "",
        title=f"Route: {route}"[:200],
        payload={"route": route.pk},
        priority=route.priority,
        cron=CRON,
    )
    plan(schedule, database_now())
    return schedule


def schedule_of(route: Route) -> Schedule | None:
    """The schedule of a route, for showing and editing it."""
    return Schedule.objects.filter(kind=RUN_ROUTE, scope=route.scope).first()


def put_schedule(
    route: Route, *, cron: str | None = None, time_zone: str | None = None, paused: bool | None = None
) -> Schedule:
    """Make the schedule of a route if it has none yet, and change it. Raises BadCron, BadTimeZone."""
    made = schedule_for(route)
    made.enabled = route.enabled and route.incoming.enabled and route.incoming.is_polled
    columns = ("flow", "scope", "connector_key", "title", "payload", "priority", "cron", "enabled", "next_at")
    new = {name: getattr(made, name) for name in columns}
    schedule, _ = Schedule.objects.get_or_create(
        kind=RUN_ROUTE, flow=new.pop("flow"), scope=new.pop("scope"), defaults=new
    )
    if (cron, time_zone) != (schedule.cron, schedule.time_zone):
        set_schedule(schedule, cron=cron, time_zone=time_zone)
    if paused is not None and paused != schedule.paused:
        (pause_schedules if paused else resume_schedules)([schedule.pk])
    return schedule


chore("follow routes", FOLLOW_SECONDS)(follow_routes)
