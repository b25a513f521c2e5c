"""How the work of a route goes: tasks by status and hour, runs, its schedule."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count
from django.db.models.functions import TruncHour
from django.utils import timezone

from mageferry.hub.routes.models import Route, RouteTask
from mageferry.hub.routes.runner import ROUTE_FLOW, RUN_ROUTE
from mageferry.hub.work.models import FlowRun, RunStatus, UnitStatus
from mageferry.hub.work.operations import open_units

HOURS_SHOWN: Final = 24
RUNS_SHOWN: Final = 10
_COLOURS: Final = {
    UnitStatus.FINISHED: "#0f766e",
    UnitStatus.SKIPPED: "#78716c",
    UnitStatus.NEW: "#0284c7",
    UnitStatus.PROCESSING: "#6366f1",
    UnitStatus.WAITING: "#a855f7",
    UnitStatus.RETRY: "#f59e0b",
    UnitStatus.FAILED: "#e11d48",
    UnitStatus.REJECTED: "#9f1239",
}


@dataclass(frozen=True, slots=True)
class RunShown:
    """A run with how far it has come; `percent` is None while nobody knows."""

    row: FlowRun
    percent: int | None

    @property
    def is_running(self) -> bool:
        return self.row.status == RunStatus.RUNNING


@dataclass(frozen=True, slots=True)
class WorkShown:
    """The parts of the page that change while it is looked at."""

    counts: list[tuple[str, str, int]]
    runs: list[RunShown]
    is_asked_for: bool

    @property
    def moves(self) -> bool:
        """Whether it is worth looking again soon."""
        busy = (UnitStatus.NEW, UnitStatus.PROCESSING)
        running = any(run.is_running for run in self.runs)
        return (
            running or self.is_asked_for or any(status in busy and count for status, _, count in self.counts)
        )


def work_of(route: Route) -> WorkShown:
    """Counts and runs as they stand now."""
    counts = dict(
        RouteTask.objects.filter(route=route).order_by().values_list("unit__status").annotate(Count("pk"))
    )
    rows = FlowRun.objects.filter(flow=ROUTE_FLOW, scope=route.scope).order_by("-pk")[:RUNS_SHOWN]
    return WorkShown(
        [(value, label, counts.get(value, 0)) for value, label in UnitStatus.choices],
        [RunShown(row, _percent(row)) for row in rows],
        open_units(f"{ROUTE_FLOW}/{route.scope}", RUN_ROUTE).exists(),
    )


def _percent(row: FlowRun) -> int | None:
    if row.status != RunStatus.RUNNING:
        return 100
    return min(100, row.read * 100 // row.expected) if row.expected else None


def tasks_by_hour(route: Route) -> str:
    """Tasks of the last day by the hour they came and how they stand, as the data of a stacked bar chart."""
    newest = timezone.now().replace(minute=0, second=0, microsecond=0)
    hours = [newest - dt.timedelta(hours=back) for back in reversed(range(HOURS_SHOWN))]
    counts: dict[str, dict[dt.datetime, int]] = defaultdict(dict)
    rows = (
        RouteTask.objects.filter(route=route, created_at__gte=hours[0])
        .order_by()
        .annotate(hour=TruncHour("created_at", tzinfo=dt.UTC))
        .values_list("unit__status", "hour")
        .annotate(Count("pk"))
    )
    for status, hour, count in rows:
        counts[status][hour] = count
    return json.dumps(
        {
            "labels": [f"{timezone.localtime(hour):%H:%M}" for hour in hours],
            "datasets": [_bars(status, counts[status], hours) for status in _COLOURS if status in counts],
        }
    )


def legend() -> list[tuple[str, str]]:
    """What the colours of the chart mean."""
    return [(str(status.label), colour) for status, colour in _COLOURS.items()]


def _bars(status: UnitStatus, counts: dict[dt.datetime, int], hours: list[dt.datetime]) -> dict[str, Any]:
    return {
        "label": status.label,
        "data": [counts.get(hour, 0) for hour in hours],
        "backgroundColor": _COLOURS[status],
        "stack": "tasks",
        "barThickness": 14,
        "displayYAxis": True,
    }
