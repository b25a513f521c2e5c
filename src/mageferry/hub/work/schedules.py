"""Schedules: what is due, asked for once; edited, paused and resumed while everything runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import structlog
from django.db import transaction
from django.db.models import QuerySet

from mageferry.hub.work import metrics, tracing
from mageferry.hub.work.clock import Now, database_now
from mageferry.hub.work.cron import BadCron, BadTimeZone, Cron, Spread, parse_time_zone
from mageferry.hub.work.ledger import Intent, write_intents
from mageferry.hub.work.models import EVERYTHING, OPEN, Pause, Schedule, WorkUnit

log = structlog.stdlib.get_logger(__name__)

_FIRED_AT_ONCE = 200


def fire_due(limit: int = _FIRED_AT_ONCE) -> int:
    """Ask for the work of each schedule that is due; returns how many were.

    Any number of processes may call this: a schedule's row is held while its next time is written, together with the
    unit of work, so each time fires once. Times that were missed (nothing ran, or it was paused) count as one.
    """
    if not _due().exists():
        return 0
    now = database_now()
    with transaction.atomic():
        schedules = list(_due().order_by("next_at").select_for_update(skip_locked=True)[:limit])
        busy = _busy(schedules)
        intents = []
        for schedule in schedules:
            if schedule.subject not in busy and schedule.next_at is not None:
                intents.append(_intent(schedule))
                schedule.last_at = now
            plan(schedule, now)
        write_intents(intents)
        Schedule.objects.bulk_update(schedules, ("next_at", "last_at", "error"), batch_size=50)
    for intent in intents:
        metrics.schedules_fired.labels(intent.payload.get("flow", intent.kind)).inc()
    return len(schedules)


def _due() -> QuerySet[Schedule]:
    due = Schedule.objects.filter(enabled=True, paused=False, next_at__lte=Now())
    held = list(Pause.objects.values_list("connector_key", flat=True))
    if EVERYTHING in held:
        return due.none()
    return due.exclude(connector_key__in=held) if held else due


def _busy(schedules: Sequence[Schedule]) -> set[str]:
    """Subjects with work that isn't done: they are left out this time, so that two runs never overlap."""
    subjects = [schedule.subject for schedule in schedules]
    kinds = {schedule.kind for schedule in schedules}
    return set(
        WorkUnit.objects.filter(kind__in=kinds, subject__in=subjects, status__in=OPEN).values_list(
            "subject", flat=True
        )
    )


def _intent(schedule: Schedule) -> Intent:
    with tracing.span(f"schedule {schedule.flow}", scope=schedule.scope, due_at=str(schedule.next_at)):
        return Intent(
            schedule.kind,
            schedule.subject,
            schedule.connector_key,
            # Belt and braces: one time of one schedule is one unit, whoever fires it.
            dedup_key=f"schedule:{schedule.pk}:{schedule.next_at:%Y%m%dT%H%M%S.%f}",
            payload=schedule.payload,
            priority=schedule.priority,
            trace=tracing.traceparent(),
        )


def plan(schedule: Schedule, now: dt.datetime) -> None:
    """Set when a schedule is due next. One that can't be read stops with the reason on it."""
    try:
        schedule.next_at = Cron.parse(schedule.cron).next_after(
            now,
            parse_time_zone(schedule.time_zone),
            Spread(f"{schedule.flow} {schedule.scope}", schedule.spread_seconds),
        )
        schedule.error = ""
    except (BadCron, BadTimeZone) as error:
        schedule.next_at, schedule.error = None, str(error)
        log.error("A schedule can't be read", schedule=str(schedule), error=str(error))


def set_schedule(
    schedule: Schedule,
    *,
    cron: str | None = None,
    time_zone: str | None = None,
    spread_seconds: int | None = None,
) -> None:
    """Change when a schedule fires. Raises BadCron, BadTimeZone; then nothing is changed."""
    if cron is not None:
        Cron.parse(cron)
        schedule.cron = cron
    if time_zone is not None:
        parse_time_zone(time_zone)
        schedule.time_zone = time_zone
    if spread_seconds is not None:
        schedule.spread_seconds = spread_seconds
    plan(schedule, database_now())
    schedule.save(update_fields=["cron", "time_zone", "spread_seconds", "next_at", "error"])


def pause_schedules(pks: Sequence[int]) -> int:
    """Hold schedules; returns how many weren't held before."""
    return Schedule.objects.filter(pk__in=pks, paused=False).update(paused=True)


def resume_schedules(pks: Sequence[int]) -> int:
    """Let schedules go on; a time that was missed meanwhile is made up for once, at once."""
    return Schedule.objects.filter(pk__in=pks, paused=True).update(paused=False)


def pause_connector(connector_key: str, reason: str = "") -> bool:
    """Start nothing more for a connector (EVERYTHING: for any) until resumed. False: it was paused already."""
    _, made = Pause.objects.get_or_create(connector_key=connector_key, defaults={"reason": reason[:200]})
    return made


def resume_connector(connector_key: str) -> bool:
    """Start again. False: it wasn't paused."""
    return bool(Pause.objects.filter(connector_key=connector_key).delete()[0])


def paused_connectors() -> dict[str, str]:
    """What is paused, key to reason; EVERYTHING stands for all."""
    return dict(Pause.objects.values_list("connector_key", "reason"))
