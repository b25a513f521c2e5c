"""Running a flow for one seller row: checks, the lease, the run's row, and errors turned into words."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from django.db.models import QuerySet

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.flows.registry import Flow, flow_named
from mageferry.hub.work import ledger, tracing
from mageferry.hub.work.handling import handles
from mageferry.hub.work.leases import Held, holding
from mageferry.hub.work.ledger import Claim, Intent, Outcome
from mageferry.hub.work.models import RunStatus
from mageferry.hub.work.outages import outage_of
from mageferry.hub.work.runs import (
    NotRunnable,
    Run,
    Watcher,
    closed_in_any_case,
    request_unit,
    run_for_unit,
    start_run,
)
from mageferry.magento.errors import MagentoError

RUN_FLOW = "run_flow"


class SetupProblem(NotRunnable):
    """A flow can't run as the connector is set up: what is wrong and how to mend it."""


def rows_of(
    flow: Flow, connector: Magento2Connector | QuerySet[Magento2Connector]
) -> Sequence[Magento2Seller]:
    """The rows of a connector, or of several, for which the flow is switched on."""
    chosen = (
        {"connector": connector} if isinstance(connector, Magento2Connector) else {"connector__in": connector}
    )
    rows = Magento2Seller.objects.filter(**chosen, **{flow.switch: True})
    if flow.needs_account_link:
        rows = rows.filter(account_magento__isnull=False)
    return list(rows.select_related("connector", "account", "seller"))


def run_flow(flow: Flow, row: Magento2Seller, watch: Watcher | None = None) -> Run:
    """Run a flow for a row, now, in this thread. The outcome is the run's row; errors of the shop don't raise.

    Raises SetupProblem when the flow isn't switched on, LeaseHeld when it is running already.
    """
    _check_switches(flow, row)
    with holding(f"flow:{flow.name}:{row.scope}") as held:
        run = start_run(flow.name, row.scope, row.connector.key, f"{flow.title}: {row}", watch)
        _work(flow, row, run, held)
        return run


def _work(flow: Flow, row: Magento2Seller, run: Run, held: Held) -> None:
    """The flow's own work, with run and flow on every log line and in the trace; errors end up on the run's row."""
    with (
        structlog.contextvars.bound_contextvars(run=run.row.pk, flow=flow.name, scope=row.scope),
        tracing.span(f"flow {flow.name}", run=run.row.pk, scope=row.scope, connector=row.connector.name),
        closed_in_any_case(run),
    ):
        try:
            flow.work(row, run, held)
        except MagentoError as error:
            _close(run, row.connector, error.message, error.remedy)
        except SetupProblem as problem:
            _close(run, row.connector, problem.reason, problem.remedy)
        else:
            _end(run, row)


def _end(run: Run, row: Magento2Seller) -> None:
    """Close a run whose flow came to its end; where the shop went down meanwhile, that is its outcome."""
    down = outage_of(row.connector.key)
    if down is not None:
        run.close(
            RunStatus.FAILED,
            f"The shop is down: {down.reason}",
            "What is left is done when it answers again.",
        )
        return
    run.close(RunStatus.PARTLY if run.failed else RunStatus.FINISHED)
    Magento2Connector.objects.filter(pk=row.connector_id).exclude(error="").update(error="", remedy="")


def _check_switches(flow: Flow, row: Magento2Seller) -> None:
    connector = row.connector
    if not connector.active:
        raise SetupProblem(f"The connector {connector.name} isn't active.", "Tick Active on the connector.")
    if not getattr(row, flow.switch):
        raise SetupProblem(
            f"{flow.title} is switched off for {row}.", f"Tick {flow.title} on this row of the connector."
        )


def _close(run: Run, connector: Magento2Connector, error: str, remedy: str) -> None:
    run.close(RunStatus.FAILED, error, remedy)
    Magento2Connector.objects.filter(pk=connector.pk).update(error=error, remedy=remedy)


def request_run(flow: Flow, row: Magento2Seller) -> bool:
    """Ask the workers to run a flow for a row soon (a button, an API call). False: it is asked for already."""
    subject, payload = f"{flow.name}/{row.scope}", {"flow": flow.name, "row": row.pk}
    return request_unit(Intent(RUN_FLOW, subject, row.connector.key, payload=payload, priority=flow.priority))


@handles(RUN_FLOW)
def _run_requested(held: Claim) -> Outcome:
    try:
        flow = flow_named(held.unit.payload["flow"])
        row = Magento2Seller.objects.select_related("connector", "account", "seller").get(
            pk=held.unit.payload["row"]
        )
    except (LookupError, Magento2Seller.DoesNotExist):
        return ledger.skipped("The row or the flow that it was asked for is gone.")
    return run_for_unit(lambda: run_flow(flow, row))


def active_connectors(name: str = "") -> Sequence[Magento2Connector]:
    """The active connectors, or the one of this name. Raises LookupError naming those there are."""
    if not name:
        return list(Magento2Connector.objects.filter(active=True))
    connector = Magento2Connector.objects.filter(name__iexact=name).first()
    if connector is None:
        known = ", ".join(Magento2Connector.objects.values_list("name", flat=True)) or "none yet"
        raise LookupError(f"There is no connector {name!r}. The connectors are: {known}.")
    return [connector]
