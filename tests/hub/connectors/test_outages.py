"""A shop that is down: its connector is paused with one notice, asked again, and goes on by itself."""

from __future__ import annotations

import pytest

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.connectors.outages import PROBE
from mageferry.hub.flows import runner
from mageferry.hub.flows.export_orders import EXPORT_ORDERS
from mageferry.hub.work import outages, schedules
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.models import OPEN, Pause, RunStatus, UnitStatus, WorkUnit
from mageferry.hub.work.outages import FAILURES, Health
from mageferry.hub.work.runs import Run
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_export_row, make_order
from tests.hub.plain_shop import all_orders
from tests.hub.work.builders import reach_their_time

ORDERS = 12


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures in a row are enough; the tests don't wait for them to go on for seconds."""
    monkeypatch.setattr(outages, "FAILING_SECONDS", 0.0)


@pytest.fixture
def row(back_office_connector: Magento2Connector) -> Magento2Seller:
    Magento2Connector.objects.update(concurrency=2)
    row = make_export_row(Magento2Connector.objects.get(), make_account())
    for _ in range(ORDERS):
        make_order(row.account)
    return row


def export_orders(row: Magento2Seller) -> Run:
    return runner.run_flow(
        EXPORT_ORDERS, Magento2Seller.objects.select_related("connector", "account").get(pk=row.pk)
    )


def probes() -> list[WorkUnit]:
    return list(WorkUnit.objects.filter(kind=PROBE).order_by("pk"))


def test_failures_in_a_row_mean_down_and_any_answer_ends_the_row():
    health = Health()
    assert not any(health.failed() for _ in range(FAILURES - 1))
    health.answered()
    assert [health.failed() for _ in range(FAILURES)] == [False] * (FAILURES - 1) + [True]


def test_a_short_row_of_failures_is_not_an_outage(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outages, "FAILING_SECONDS", 10.0)
    health = Health()
    assert not any(health.failed() for _ in range(10 * FAILURES))


def test_an_outage_pauses_the_connector_with_one_notice_instead_of_a_failure_each(
    row: Magento2Seller, back_office: Sandbox
):
    back_office.control.add_fault("maintenance")
    run = export_orders(row)
    pause = Pause.objects.get()
    assert (pause.connector_key, pause.automatic, pause.reason) == (row.connector.key, True, "it answers 503")
    row.connector.refresh_from_db()
    assert row.connector.error == "The shop is down: it answers 503"
    assert (run.row.status, run.row.error) == (RunStatus.FAILED, "The shop is down: it answers 503")
    tried = WorkUnit.objects.filter(kind="export_order", attempts__gt=0).count()
    assert tried < FAILURES + 2 * row.connector.concurrency < ORDERS
    assert WorkUnit.objects.filter(kind="export_order", status__in=OPEN).count() == ORDERS
    assert len(probes()) == 1


def test_it_goes_on_by_itself_when_the_shop_answers(row: Magento2Seller, back_office: Sandbox):
    back_office.control.add_fault("bad_gateway")
    export_orders(row)
    reach_their_time()
    drain([PROBE])
    assert Pause.objects.exists(), "still down"
    assert [unit.status for unit in probes()] == [UnitStatus.FINISHED, UnitStatus.WAITING]
    back_office.control.clear_faults()
    reach_their_time()
    drain([PROBE])
    assert not Pause.objects.exists()
    row.connector.refresh_from_db()
    assert row.connector.error == ""
    reach_their_time()
    drain(["export_order"])
    numbers = [each["ext_order_id"] for each in all_orders(back_office)]
    assert len(numbers) == len(set(numbers)) == ORDERS
    assert len(probes()) == 2


def test_a_refusal_is_an_answer(row: Magento2Seller, back_office: Sandbox):
    outages.declare_down(row.connector.key, "gone", outages.ledger.Intent(PROBE, "probe", payload={
        "connector_key": row.connector.key, "probes": 0}))  # fmt: skip
    back_office.control.add_fault("unauthorized")
    drain([PROBE])
    assert not Pause.objects.exists()


def test_a_pause_that_a_person_made_is_left_alone(row: Magento2Seller, back_office: Sandbox):
    schedules.pause_connector(row.connector.key, "Stocktaking.")
    back_office.control.add_fault("maintenance")
    export_orders(row)
    pause = Pause.objects.get()
    assert (pause.automatic, pause.reason) == (False, "Stocktaking.")
    assert not probes()


def test_a_probe_without_an_outage_does_nothing(row: Magento2Seller, back_office: Sandbox):
    back_office.control.add_fault("maintenance")
    export_orders(row)
    schedules.resume_connector(row.connector.key)
    reach_their_time()
    drain([PROBE])
    assert [unit.status for unit in probes()] == [UnitStatus.SKIPPED]
