"""Create return, against a sandbox shop over HTTP: each refund one credit memo, of its amount to the cent."""

import json
import threading
from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.connectors.models import InvoiceRule, Magento2Connector, Magento2Seller
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows import runner
from mageferry.hub.flows.create_return import CREATE_RETURN, intent_for
from mageferry.hub.flows.export_orders import EXPORT_ORDERS
from mageferry.hub.flows.get_orders import GET_ORDERS
from mageferry.hub.trade.models import HistoryOutcome, Order, OrderPayment, OrderRefund
from mageferry.hub.work import ledger
from mageferry.hub.work.dispatch import Worker, drain
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_export_row, make_linked_row, make_order, make_refund
from tests.hub.plain_shop import all_credit_memos, all_orders, post

KIND = "create_return"
# 2 x 12.50 + 1 x 9.99, tax 2.06 + 0.83, shipping 4.95: 42.83.
LINES = [
    {"sku": "MUG-1", "price": Decimal("12.50"), "quantity": Decimal(2), "unit_tax": Decimal("1.03125")},
    {"sku": "CUP-1", "price": Decimal("9.99"), "quantity": Decimal(1), "unit_tax": Decimal("0.83")},
]


@pytest.fixture
def row(back_office_connector: Magento2Connector) -> Magento2Seller:
    row = make_export_row(back_office_connector, make_account())
    row.create_return = True
    row.save()
    return row


def run_flow(flow: Any, row: Magento2Seller) -> Run:
    return runner.run_flow(flow, Magento2Seller.objects.select_related("connector", "account").get(pk=row.pk))


@pytest.fixture
def order(row: Magento2Seller) -> Order:
    """An order of 42.83 that is in the back office."""
    order = make_order(row.account, LINES)
    assert run_flow(EXPORT_ORDERS, row).created == 1
    order.refresh_from_db()
    return order


def create_returns(row: Magento2Seller) -> Run:
    return run_flow(CREATE_RETURN, row)


def retry_now() -> None:
    """Let waiting retries be due at once, as time passing does."""
    WorkUnit.objects.filter(status=UnitStatus.RETRY).update(not_before=None)
    drain([KIND])


def unit_of(refund: OrderPayment) -> WorkUnit:
    return WorkUnit.objects.get(dedup_key=f"{KIND}:{refund.pk}")


def test_items_come_back_as_one_credit_memo_of_the_amount(
    row: Magento2Seller, order: Order, back_office: Sandbox
):
    refund = make_refund(order, "15.00", {1: 1})
    assert (create_returns(row).created, create_returns(row).created) == (1, 0)
    (memo,) = all_credit_memos(back_office)
    # 12.50 and 1.03 tax, and 1.47 that was given back on top.
    assert (memo["grand_total"], memo["subtotal"], memo["adjustment_positive"]) == (15, 12.5, 1.47)
    assert (memo["shipping_amount"], memo["order_id"]) == (0, order.connector_id)
    assert [(item["sku"], item["qty"]) for item in memo["items"]] == [("MUG-1", 1)]
    refund.refresh_from_db()
    assert (refund.magento.return_created, refund.magento.return_id) == (True, memo["entity_id"])
    order.refresh_from_db()
    assert order.total_refunded == Decimal("15.00")
    assert [item.quantity_refunded for item in order.items.all()] == [1, 0]
    entry = order.history.get(flow=KIND)
    assert (entry.outcome, entry.ids["return_id"]) == (HistoryOutcome.DONE, memo["entity_id"])


def test_all_that_is_left_takes_every_item_and_the_shipping(
    row: Magento2Seller, order: Order, back_office: Sandbox
):
    make_refund(order, "13.53", {1: 1})
    make_refund(order, "29.30")
    assert create_returns(row).created == 2
    first, rest = all_credit_memos(back_office)
    assert (first["grand_total"], rest["grand_total"], rest["shipping_amount"]) == (13.53, 29.3, 4.95)
    assert {item["sku"]: item["qty"] for item in rest["items"]} == {"MUG-1": 1, "CUP-1": 1}
    (theirs,) = all_orders(back_office)
    assert (theirs["total_refunded"], theirs["state"]) == (42.83, "closed")
    order.refresh_from_db()
    assert order.total_refunded == order.grand_total
    assert [item.quantity_refunded for item in order.items.all()] == [2, 1]


def test_money_alone_returns_no_item(row: Magento2Seller, order: Order, back_office: Sandbox):
    make_refund(order, "3.00")
    create_returns(row)
    (memo,) = all_credit_memos(back_office)
    assert (memo["grand_total"], memo["items"], memo["shipping_amount"]) == (3, [], 0)


def test_shipping_comes_back_as_shipping(row: Magento2Seller, order: Order, back_office: Sandbox):
    make_refund(order, "4.95", shipping="4.95")
    create_returns(row)
    (memo,) = all_credit_memos(back_office)
    assert (memo["grand_total"], memo["shipping_amount"], memo["adjustment"]) == (4.95, 4.95, 0)


def test_goods_go_back_to_stock_and_the_buyer_is_told_only_when_asked_for(
    row: Magento2Seller, order: Order, back_office: Sandbox
):
    row.sent_customer_notification = True
    row.save()
    refund = make_refund(order, "13.53", {1: 1}, back_to_stock=True)
    create_returns(row)
    address, _, body = unit_of(refund).request.partition("\n")
    request = json.loads(body)
    assert address == f"POST /V1/order/{order.connector_id}/refund"
    item_id = order.items.get(position=1).magento.item_id
    assert request["arguments"]["extension_attributes"] == {"return_to_stock_items": [item_id]}
    assert request["notify"] is True


def test_more_shipping_than_there_was_is_said_in_the_shops_words(
    row: Magento2Seller, order: Order, back_office: Sandbox
):
    refund = make_refund(order, "10.00", {1: 1}, shipping="9.00")
    run = create_returns(row)
    assert run.failed == 1
    refund.refresh_from_db()
    assert refund.magento.error == "Maximum shipping amount allowed to refund is: 4.95"
    assert order.history.get(flow=KIND).outcome == HistoryOutcome.FAILED
    # Parked until a person corrects it.
    assert create_returns(row).failed == 0
    OrderPayment.objects.filter(pk=refund.pk).update(shipping_amount=Decimal("4.95"))
    refund.magento.error = ""
    refund.magento.save()
    assert create_returns(row).created == 1
    assert [memo["grand_total"] for memo in all_credit_memos(back_office)] == [10]


@pytest.mark.parametrize(
    ("amount", "items", "words"),
    [
        ("60.00", {}, "The most money available to refund is 42.83."),
        ("40.00", {1: 9}, "We found an invalid quantity to refund item"),
        ("0", {}, "The refund's amount is 0."),
    ],
)
def test_what_the_order_does_not_allow_parks_the_refund(
    row: Magento2Seller, order: Order, back_office: Sandbox, amount: str, items: dict[int, int], words: str
):
    refund = make_refund(order, amount, items)
    create_returns(row)
    unit = unit_of(refund)
    assert words in unit.reason
    assert (unit.status, unit.step) == (UnitStatus.FAILED, Step.INTENT)
    assert unit.remedy
    assert all_credit_memos(back_office) == []


def test_an_order_with_nothing_invoiced_names_the_setting(row: Magento2Seller, back_office: Sandbox):
    Magento2Connector.objects.update(invoice_rule=InvoiceRule.NONE)
    order = make_order(row.account, LINES)
    run_flow(EXPORT_ORDERS, row)
    refund = make_refund(order, "42.83")
    create_returns(row)
    refund.refresh_from_db()
    assert "nothing invoiced" in refund.magento.error
    assert "under Invoice of the connector" in refund.magento.remedy
    assert back_office.control.count_requests(method="POST", path="refund") == 0


def test_a_closed_order_is_refused_before_anything_is_sent(
    row: Magento2Seller, order: Order, back_office: Sandbox
):
    post(back_office, f"order/{order.connector_id}/refund", {})
    refund = make_refund(order, "5.00")
    create_returns(row)
    refund.refresh_from_db()
    assert "is closed" in refund.magento.error
    assert len(all_credit_memos(back_office)) == 1


def test_a_canceled_order_is_refused(row: Magento2Seller, back_office: Sandbox):
    Magento2Connector.objects.update(invoice_rule=InvoiceRule.NONE)
    order = make_order(row.account, LINES)
    run_flow(EXPORT_ORDERS, row)
    order.refresh_from_db()
    post(back_office, f"orders/{order.connector_id}/cancel", {})
    refund = make_refund(order, "5.00")
    create_returns(row)
    assert "is canceled" in unit_of(refund).reason


@pytest.mark.parametrize(
    "fault", ["lost_reply", "reset_after", "reset", "truncated", "empty_ok", "internal_error", "error_page"]
)
def test_an_answer_that_never_came_never_makes_a_second_credit_memo(
    row: Magento2Seller, order: Order, back_office: Sandbox, fault: str
):
    refund = make_refund(order, "15.00", {1: 1})
    back_office.control.add_fault(fault, method="POST", path="/refund", count=1)
    create_returns(row)
    retry_now()
    (memo,) = all_credit_memos(back_office)
    assert memo["grand_total"] == 15
    assert unit_of(refund).status == UnitStatus.FINISHED
    refund.refresh_from_db()
    assert refund.magento.return_id == memo["entity_id"]


def test_a_credit_memo_that_cannot_be_read_back_is_adopted_later(
    row: Magento2Seller, order: Order, back_office: Sandbox
):
    refund = make_refund(order, "15.00", {1: 1})
    back_office.control.add_fault("maintenance", method="GET", path="creditmemos")
    create_returns(row)
    unit = unit_of(refund)
    assert (unit.status, unit.step) == (UnitStatus.RETRY, Step.UNCLEAR)
    back_office.control.clear_faults()
    retry_now()
    (memo,) = all_credit_memos(back_office)
    assert unit_of(refund).result["return_id"] == memo["entity_id"]


def test_a_worker_that_died_after_sending_is_followed_by_one_that_looks_first(
    row: Magento2Seller, order: Order, back_office: Sandbox
):
    refund = make_refund(order, "42.83")
    ledger.write_intents([intent_for(refund, row)])
    (held,) = ledger.claim("worker that dies", kinds=[KIND])
    ledger.record_step(held, Step.SENDING)
    with open_shop(row.connector) as shop:
        item = order.items.get(position=1).magento.item_id
        number = shop.orders.refund(order.connector_id, {item: 1}, comment=held.unit.payload["mark"])
    # kill -9 here: nothing more is written, the lease runs out.
    WorkUnit.objects.update(lease_expires_at="2020-01-01T00:00:00Z")
    back_office.control.clear_requests()
    drain([KIND])
    assert back_office.control.count_requests(method="POST", path="refund") == 0
    refund.refresh_from_db()
    assert refund.magento.return_id == number


def test_a_worker_that_died_before_the_request_left_is_waited_for_and_then_done_again(
    row: Magento2Seller, order: Order, back_office: Sandbox
):
    refund = make_refund(order, "42.83")
    ledger.write_intents([intent_for(refund, row)])
    (held,) = ledger.claim("worker that dies", kinds=[KIND])
    ledger.record_step(held, Step.SENDING)
    WorkUnit.objects.update(lease_expires_at="2020-01-01T00:00:00Z")
    drain([KIND])
    unit = unit_of(refund)
    assert (unit.status, unit.step) == (UnitStatus.RETRY, Step.UNCLEAR)
    assert all_credit_memos(back_office) == []
    retry_now()
    assert [memo["grand_total"] for memo in all_credit_memos(back_office)] == [42.83]


def test_a_credit_memo_that_lost_its_mark_is_a_persons_decision(
    row: Magento2Seller, order: Order, back_office: Sandbox
):
    refund = make_refund(order, "15.00", {1: 1})
    ledger.write_intents([intent_for(refund, row)])
    (held,) = ledger.claim("worker that dies", kinds=[KIND])
    ledger.record_step(held, Step.UNCLEAR, facts={"refunded_before": "0"})
    with open_shop(row.connector) as shop:
        shop.orders.refund(
            order.connector_id, {order.items.get(position=1).magento.item_id: 1},
            adjustment_positive=Decimal("1.47"), comment="stripped by an extension",
        )  # fmt: skip
    WorkUnit.objects.update(lease_expires_at="2020-01-01T00:00:00Z")
    drain([KIND])
    assert "went from 0.00 to 15.00, and no credit memo bears the mark" in unit_of(refund).reason
    assert len(all_credit_memos(back_office)) == 1
    # A person looked: it was another refund.
    ledger.try_again([unit_of(refund).pk])
    drain([KIND])
    assert len(all_credit_memos(back_office)) == 2


def test_four_workers_make_one_credit_memo_of_each_refund(
    row: Magento2Seller, order: Order, back_office: Sandbox
):
    refunds = [make_refund(order, "2.50") for _ in range(3)]
    refunds.append(make_refund(order, "13.53", {1: 1}))
    ledger.write_intents([intent_for(refund, row) for refund in refunds])
    workers = [Worker(kinds=[KIND], threads=2) for _ in range(4)]
    threads = [threading.Thread(target=worker.run, kwargs={"until_idle": True}) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while WorkUnit.objects.filter(status=UnitStatus.RETRY).exists():
        retry_now()
    totals = sorted(memo["grand_total"] for memo in all_credit_memos(back_office))
    assert totals == [2.5, 2.5, 2.5, 13.53]
    order.refresh_from_db()
    assert order.total_refunded == Decimal("21.03")


def test_a_refund_waits_while_an_earlier_one_of_its_order_is_unclear(
    row: Magento2Seller, order: Order, back_office: Sandbox
):
    first, second = make_refund(order, "5.00"), make_refund(order, "6.00")
    back_office.control.add_fault("maintenance", method="GET", path="creditmemos")
    create_returns(row)
    assert (unit_of(first).step, unit_of(second).step) == (Step.UNCLEAR, Step.INTENT)
    assert "earlier refund of this order" in unit_of(second).reason
    back_office.control.clear_faults()
    assert [memo["grand_total"] for memo in all_credit_memos(back_office)] == [5]
    retry_now()
    retry_now()
    assert [memo["grand_total"] for memo in all_credit_memos(back_office)] == [5, 6]


def test_an_order_of_the_shop_itself_is_refunded_there(
    storefront_connector: Magento2Connector, storefront: Sandbox
):
    account = make_account("Own shop", "OWN")
    row = make_linked_row(storefront_connector, account)
    run_flow(GET_ORDERS, row)
    order = (
        Order.objects.filter(account=account, remote_status="processing", items__sku__isnull=False)
        .exclude(payments__amount_paid=0)
        .order_by("pk")
        .first()
    )
    assert order is not None
    refund = make_refund(order, "1.25")
    with pytest.raises(runner.SetupProblem, match="switched off"):
        create_returns(row)
    Magento2Seller.objects.update(create_return=True)
    assert create_returns(row).created == 1
    refund.refresh_from_db()
    memo = next(
        each for each in all_credit_memos(storefront) if each["entity_id"] == refund.magento.return_id
    )
    assert (memo["order_id"], memo["grand_total"]) == (order.connector_id, 1.25)
    # Reading the order again finds the refund counted already.
    run_flow(GET_ORDERS, row)
    assert OrderRefund.objects.filter(order=order).count() == 1


def test_refunds_in_another_currency_are_not_sent(row: Magento2Seller, order: Order, back_office: Sandbox):
    refund = make_refund(order, "5.00")
    OrderPayment.objects.filter(pk=refund.pk).update(currency="EUR")
    create_returns(row)
    assert "in EUR, the order in Magento in USD" in unit_of(refund).reason
    assert all_credit_memos(back_office) == []
