"""Invoicing exported orders with a call, against a sandbox shop: once, whatever becomes of the answer."""

from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.connectors.models import InvoiceRule, Magento2Connector, Magento2Seller
from mageferry.hub.flows import runner
from mageferry.hub.flows.create_return import CREATE_RETURN
from mageferry.hub.flows.export_orders import EXPORT_ORDERS
from mageferry.hub.trade.models import HistoryOutcome
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_export_row, make_order, make_refund
from tests.hub.plain_shop import all_credit_memos, all_invoices, all_orders, post


@pytest.fixture
def row(back_office_connector: Magento2Connector) -> Magento2Seller:
    back_office_connector.invoice_rule = InvoiceRule.CALL
    back_office_connector.save()
    row = make_export_row(back_office_connector, make_account())
    row.create_return = True
    row.save()
    return row


def run_flow(row: Magento2Seller, flow: Any = EXPORT_ORDERS) -> Run:
    return runner.run_flow(flow, Magento2Seller.objects.select_related("connector", "account").get(pk=row.pk))


def retry_now() -> None:
    WorkUnit.objects.filter(status=UnitStatus.RETRY).update(not_before=None)
    drain(["invoice_order"])


def test_an_order_is_created_and_then_invoiced(row: Magento2Seller, back_office: Sandbox):
    order = make_order(row.account)
    run = run_flow(row)
    assert (run.created, run.failed) == (1, 0)
    (theirs,), (invoice,) = all_orders(back_office), all_invoices(back_office)
    assert (theirs["state"], theirs["total_paid"]) == ("processing", theirs["grand_total"])
    assert Decimal(str(invoice["grand_total"])) == order.grand_total
    messages = list(order.history.order_by("id").values_list("message", flat=True))
    assert messages == ["Exported to Magento.", "Invoiced in Magento."]
    assert order.history.first().ids == {"invoice_ids": [invoice["entity_id"]]}
    # And so it can be refunded.
    make_refund(order, str(order.grand_total))
    assert run_flow(row, CREATE_RETURN).created == 1
    assert Decimal(str(all_credit_memos(back_office)[0]["grand_total"])) == order.grand_total


@pytest.mark.parametrize(
    "fault", ["lost_reply", "reset_after", "reset", "truncated", "empty_ok", "internal_error", "error_page"]
)
def test_an_answer_that_never_came_never_makes_a_second_invoice(
    row: Magento2Seller, back_office: Sandbox, fault: str
):
    make_order(row.account)
    back_office.control.add_fault(fault, method="POST", path="/invoice", count=1)
    run_flow(row)
    retry_now()
    assert len(all_invoices(back_office)) == 1
    assert set(WorkUnit.objects.values_list("status", flat=True)) == {UnitStatus.FINISHED}


def test_an_order_that_somebody_invoiced_meanwhile_is_fine(row: Magento2Seller, back_office: Sandbox):
    order = make_order(row.account)
    back_office.control.add_fault("maintenance", method="POST", path="/invoice")
    run_flow(row)
    back_office.control.clear_faults()
    order.refresh_from_db()
    number = int(post(back_office, f"order/{order.connector_id}/invoice", {}))
    retry_now()
    unit = WorkUnit.objects.get(kind="invoice_order")
    assert (unit.status, unit.result) == (UnitStatus.FINISHED, {"invoice_ids": [number]})
    assert len(all_invoices(back_office)) == 1


def test_an_order_that_cannot_be_invoiced_says_why(row: Magento2Seller, back_office: Sandbox):
    order = make_order(row.account)
    back_office.control.add_fault("maintenance", method="POST", path="/invoice")
    run_flow(row)
    back_office.control.clear_faults()
    order.refresh_from_db()
    post(back_office, f"orders/{order.connector_id}/cancel", {})
    retry_now()
    unit = WorkUnit.objects.get(kind="invoice_order")
    assert unit.status == UnitStatus.FAILED
    assert "status of canceled" in unit.reason
    assert order.history.filter(outcome=HistoryOutcome.FAILED).exists()


def test_orders_created_as_paid_are_not_invoiced(row: Magento2Seller, back_office: Sandbox):
    Magento2Connector.objects.update(invoice_rule=InvoiceRule.PAID)
    make_order(row.account)
    run_flow(row)
    assert all_invoices(back_office) == []
