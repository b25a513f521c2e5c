"""The shipped examples set up as a user does it, and what their tests share."""

from __future__ import annotations

from collections import Counter

from mageferry.hub.examples import all_examples
from mageferry.hub.routes.arrivals import ROUTE_TASK
from mageferry.hub.routes.models import RouteTask
from mageferry.hub.routes.runner import route_named, run_once, run_route
from mageferry.hub.transfer import import_lines
from mageferry.hub.transfer.changes import change_field
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.models import RunStatus, UnitStatus, WorkUnit


def set_up(name: str, client: str, **changes: str) -> None:
    """Import an example, and change its client: where its system is, its secret."""
    (content,) = (each.content for each in all_examples() if each.name == name)
    report = import_lines(content, dry_run=False)
    assert report.stored, [line for line in report.lines if line.problems]
    for field, value in changes.items():
        change_field("http_client", client, field.replace("__", "."), value)
    # A reply that is lost is waited for only so long.
    change_field("http_client", client, "read_seconds", 1.0)


def run(code: str) -> Counter[str]:
    """Run a route and its tasks; how the tasks stand then. Whatever fails fails the test."""
    done, outcomes = run_once(route_named(code))
    assert done.row.status == RunStatus.FINISHED, done.row.error or done.row.samples
    return outcomes


def read(code: str) -> int:
    """Run a route but for its tasks; how many new ones there are."""
    done = run_route(route_named(code))
    assert done.row.status == RunStatus.FINISHED, done.row.error or done.row.samples
    return done.created


def work_it_off(most_rounds: int = 20) -> None:
    """Attempts at what waits, without the waiting, until nothing does."""
    for _ in range(most_rounds):
        WorkUnit.objects.filter(kind=ROUTE_TASK, status=UnitStatus.RETRY).update(not_before=None)
        drain([ROUTE_TASK])
        if not WorkUnit.objects.filter(kind=ROUTE_TASK, status=UnitStatus.RETRY).exists():
            return
    raise AssertionError(reasons())


def statuses(code: str) -> Counter[str]:
    """How many tasks of a route stand how."""
    return Counter(RouteTask.objects.filter(route__code=code).values_list("unit__status", flat=True))


def reasons() -> list[str]:
    """Why tasks aren't done."""
    return list(RouteTask.objects.exclude(unit__status="finished").values_list("unit__reason", flat=True))
