"""How routes stand: what keeps them from running, and how many of their tasks wait or have failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from mageferry.http.config import ConfigError
from mageferry.http.transformers import Transformers
from mageferry.hub.routes.arrivals import client_key
from mageferry.hub.routes.models import Incoming, Outgoing, Route, RouteTask
from mageferry.hub.routes.settings import find_problems
from mageferry.hub.work.models import OPEN, Pause, UnitStatus


@dataclass(slots=True)
class TaskCounts:
    """Tasks of one route: those that wait or run, and those that have failed."""

    open: int = 0
    failed: int = 0


def task_counts() -> Mapping[int, TaskCounts]:
    """By the key of the route; 0 for routes that have none."""
    counts: dict[int, TaskCounts] = defaultdict(TaskCounts)
    rows = RouteTask.objects.filter(unit__status__in=(*OPEN, UnitStatus.FAILED))
    for route, status, count in rows.order_by().values_list("route", "unit__status").annotate(Count("pk")):
        if status == UnitStatus.FAILED:
            counts[route].failed += count
        else:
            counts[route].open += count
    return counts


def problems_of(route: Route) -> list[str]:
    """What keeps a route from running, in words; nothing when it is ready."""
    problems = [text for end in (route.incoming, route.outgoing) for text in problems_of_end(end)]
    try:
        Transformers.parse(route.transformers)
    except ConfigError as error:
        problems += [str(problem) for problem in error.problems]
    return problems


def problems_of_end(end: Incoming | Outgoing) -> list[str]:
    """What keeps an incoming or outgoing from being used, in words."""
    problems = [] if end.enabled else [f"{end} is switched off."]
    if end.client is not None and not end.client.enabled:
        problems.append(f"The HTTP client {end.client} is switched off.")
    if end.client is not None:
        held = Pause.objects.filter(connector_key=client_key(end.client)).first()
        problems += [f"The HTTP client {end.client} is paused: {held.reason}"] if held is not None else []
    return problems + [f"{end}: {problem}." for problem in find_problems(end)]
