"""Runs of routes: read what is new, keep it as tasks page by page, then move the mark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from functools import reduce

import structlog
from django.db import transaction
from django.db.models import Q

from mageferry.http import HttpError
from mageferry.http.config import ConfigError
from mageferry.http.subscriber import IncomingError
from mageferry.hub.routes.arrivals import ROUTE_TASK, Kept, client_key, connector_key, keep
from mageferry.hub.routes.models import Incoming, IncomingType, Route
from mageferry.hub.routes.portions import Portion
from mageferry.hub.routes.reach import Reach
from mageferry.hub.routes.settings import missing_records
from mageferry.hub.routes.sources import Source, open_source
from mageferry.hub.work import ledger, tracing
from mageferry.hub.work.clock import Now
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.handling import handles
from mageferry.hub.work.leases import Held, holding
from mageferry.hub.work.ledger import Claim, Intent, Outcome
from mageferry.hub.work.marks import mark_of, move_mark
from mageferry.hub.work.models import RunStatus, UnitStatus, WorkUnit
from mageferry.hub.work.runs import (
    NotRunnable,
    Run,
    Watcher,
    closed_in_any_case,
    request_unit,
    run_for_unit,
    start_run,
)
from mageferry.magento import MagentoError

RUN_ROUTE = "run_route"
# What its runs, marks and schedules are called in the ledger.
ROUTE_FLOW = "route"


_RECORDS = ("incoming__client", "incoming__storage", "incoming__account", "outgoing__client")


def route_named(code: str) -> Route:
    """The route of this code. Raises LookupError naming those there are."""
    route = Route.objects.select_related(*_RECORDS).filter(code=code).first()
    if route is None:
        known = ", ".join(Route.objects.values_list("code", flat=True)) or "none yet"
        raise LookupError(f"There is no route {code!r}. The routes are: {known}.")
    return route


def run_route(route: Route, watch: Watcher | None = None, limit: int | None = None) -> Run:
    """Read what is new for a route, now, in this thread; its tasks are left to the workers.

    `limit`: most new tasks, below those of the route. The outcome is the run's row; errors of the other side don't
    raise. Raises NotRunnable, and LeaseHeld when it is running already.
    """
    check_runnable(route)
    with ExitStack() as stack:
        held = stack.enter_context(holding(lease_name(route)))
        if route.incoming.type == IncomingType.FILE:
            # Files are claimed for all routes that read them, so those take turns.
            stack.enter_context(holding(f"files:{route.incoming_id}"))
        run = start_run(ROUTE_FLOW, route.scope, _incoming_key(route), f"Route: {route}"[:200], watch)
        _work(route, run, held, min(limit or route.tasks_per_run, route.tasks_per_run))
        return run


def lease_name(route: Route) -> str:
    """What a run of the route holds, so that two never overlap."""
    return f"flow:{ROUTE_FLOW}:{route.scope}"


def check_runnable(route: Route) -> None:
    """Raises NotRunnable for a route that is switched off, or isn't read by runs."""
    for record in (route, route.incoming):
        if not record.enabled:
            raise NotRunnable(f"{record} is switched off.", "Switch it on.")
    if not route.incoming.is_polled:
        raise NotRunnable(f"{route.incoming} is a webhook: deliveries come by themselves.", "Send it one.")
    for problem in missing_records(route.incoming):
        raise NotRunnable(f"{route.incoming}: {problem.message}.", problem.remedy)


def _incoming_key(route: Route) -> str:
    client = route.incoming.client
    return client_key(client) if client is not None else connector_key(route.outgoing)


def _work(route: Route, run: Run, held: Held, most: int) -> None:
    """The run itself, with run and route on every log line and in the trace; errors end up on the run's row."""
    with (
        structlog.contextvars.bound_contextvars(run=run.row.pk, route=route.code),
        tracing.span(f"route {route.code}", run=run.row.pk),
        Reach() as reach,
        closed_in_any_case(run),
    ):
        try:
            source = open_source(route, reach, mark_of(route.scope, ROUTE_FLOW))
            if _read(route, source, run, held, most):
                _move_on(route, source)
        except ConfigError as error:
            run.close(RunStatus.FAILED, str(error), error.remedy or "Correct the settings.")
        except (HttpError, MagentoError, IncomingError) as error:
            run.close(RunStatus.FAILED, reach.masked(error.message), error.remedy)
        else:
            run.close(RunStatus.PARTLY if run.failed else RunStatus.FINISHED)


def _read(route: Route, source: Source, run: Run, held: Held, most: int) -> bool:
    """Keep portion by portion. False: it has enough tasks before it came to the end."""
    left = most
    for portion in source.portions():
        kept = _keep(route, source, portion, run, held, left)
        _count(run, portion, kept)
        if kept.left:
            run.note(f"Stopped after {most:,} new tasks; the next run goes on.")
            return False
        source.settle(portion)
        left -= kept.created
    return True


def receivers(route: Route) -> Sequence[Route]:
    """The routes that a run of this one reads for: files are there once, so all that read them get them."""
    if route.incoming.type != IncomingType.FILE:
        return [route]
    return routes_of(route.incoming)


def routes_of(incoming: Incoming) -> list[Route]:
    """The routes that take what comes in there."""
    return list(incoming.routes.filter(enabled=True).select_related("outgoing__client"))


def _keep(route: Route, source: Source, portion: Portion, run: Run, held: Held, left: int) -> Kept:
    """Tasks, units and what the source remembers in one transaction: all of a portion is there, or nothing."""
    with transaction.atomic():
        held.check()
        each = [keep(one, portion.arrivals, run_pk=run.row.pk, most=max(left, 0)) for one in receivers(route)]
        if not any(kept.left for kept in each):
            source.note(portion)
    return reduce(Kept.plus, each, Kept())


def _count(run: Run, portion: Portion, kept: Kept) -> None:
    run.add(
        read=portion.received,
        created=kept.created,
        unchanged=kept.unchanged,
        skipped=portion.dropped + kept.older,
    )
    for reason in (*kept.failures, *portion.lost):
        run.fail(reason)


def _move_on(route: Route, source: Source) -> None:
    mark = source.mark()
    if mark is not None:
        move_mark(route.scope, ROUTE_FLOW, mark)


def request_run(route: Route) -> bool:
    """Ask the workers to run a route soon. False: it is asked for already."""
    subject = f"{ROUTE_FLOW}/{route.scope}"
    payload = {"route": route.pk}
    return request_unit(
        Intent(RUN_ROUTE, subject, _incoming_key(route), payload=payload, priority=route.priority)
    )


@handles(RUN_ROUTE)
def _run_requested(held: Claim) -> Outcome:
    route = Route.objects.select_related(*_RECORDS).filter(pk=held.unit.payload["route"]).first()
    if route is None:
        return ledger.skipped("The route that was asked for is gone.")
    return run_for_unit(lambda: run_route(route))


def run_once(
    route: Route, limit: int | None = None, watch: Watcher | None = None
) -> tuple[Run, Counter[str]]:
    """Run a route and make an attempt at each of its tasks that is due, now and in this process.

    Returns the run, and how many tasks stand how after it. Raises as run_route does.
    """
    run = run_route(route, watch, limit)
    due = WorkUnit.objects.filter(route_task__route=route, status__in=(UnitStatus.NEW, UnitStatus.RETRY))
    ready = due.filter(Q(not_before=None) | Q(not_before__lte=Now())).order_by("priority", "turn")
    outcomes: Counter[str] = Counter()

    def note(held: Claim, outcome: Outcome) -> None:
        outcomes[str(outcome.status)] += 1

    drain([ROUTE_TASK], only=list(ready.values_list("pk", flat=True)), done=note)
    return run, outcomes
