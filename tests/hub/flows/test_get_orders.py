"""Get orders, against a sandbox shop over HTTP."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.connectors.models import (
    AccountMagento,
    Direction,
    Magento2Connector,
    Magento2Seller,
    OrdersMagento,
)
from mageferry.hub.flows import registry, runner
from mageferry.hub.flows.get_orders import GET_ORDERS, criteria_for
from mageferry.hub.trade.models import Order, OrderHistory, OrderPayment, PaymentType
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.ledger import skip, try_again
from mageferry.hub.work.marks import mark_of
from mageferry.hub.work.models import RunStatus, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_export_row, make_linked_row, make_order
from tests.hub.plain_shop import all_orders


def get_orders(row: Magento2Seller) -> Run:
    return runner.run_flow(GET_ORDERS, Magento2Seller.objects.select_related("connector").get(pk=row.pk))


@pytest.fixture
def row(storefront_connector: Magento2Connector) -> Magento2Seller:
    return make_linked_row(storefront_connector, make_account("Harbour Store", "HRB"))


def shop_orders(shop: Sandbox) -> dict[int, dict[str, Any]]:
    """The shop's orders of store 1."""
    return {each["entity_id"]: each for each in all_orders(shop) if each["store_id"] == 1}


def test_a_first_run_takes_over_every_order_of_the_store(row: Magento2Seller, storefront: Sandbox):
    run = get_orders(row)
    theirs = shop_orders(storefront)
    wanted = {number for number, each in theirs.items() if each["status"] in row.connector.reading_statuses}
    assert run.row.status == RunStatus.FINISHED
    assert (run.read, run.created, run.failed) == (len(wanted), len(wanted), 0)
    assert set(OrdersMagento.objects.values_list("entity_id", flat=True)) == wanted
    for entry in OrdersMagento.objects.select_related("order"):
        assert entry.order.grand_total == Decimal(str(theirs[entry.entity_id]["grand_total"]))
        assert entry.order.items.exists()
        assert entry.direction == Direction.DOWNLOADED
    assert OrderHistory.objects.count() == len(wanted)


def test_a_second_run_changes_nothing(row: Magento2Seller):
    first = get_orders(row)
    second = get_orders(row)
    assert second.created == second.updated == 0
    assert Order.objects.count() == first.created


def test_the_mark_is_the_start_of_the_run_and_narrows_the_next_one(row: Magento2Seller, storefront: Sandbox):
    run = get_orders(row)
    assert mark_of(row.scope, "get_orders") == run.started_at
    (number, *_) = storefront.control.add_orders(1, status="processing")
    storefront.control.touch_order(number, {"store_id": 1})
    again = get_orders(row)
    assert (again.read, again.created) == (1, 1)


def test_a_changed_order_is_brought_up_to_date_but_never_goes_back(row: Magento2Seller, storefront: Sandbox):
    get_orders(row)
    entry = OrdersMagento.objects.filter(order__status="rfs").first()
    assert entry is not None
    storefront.control.touch_order(entry.entity_id, {"status": "complete", "state": "complete"})
    run = get_orders(row)
    entry.order.refresh_from_db()
    assert run.updated == 1
    assert entry.order.status == "shipped"
    storefront.control.touch_order(entry.entity_id, {"status": "processing", "state": "processing"})
    get_orders(row)
    entry.order.refresh_from_db()
    assert (entry.order.status, entry.order.remote_status) == ("shipped", "processing")


def test_a_refund_made_in_magento_becomes_a_refund_that_is_done(row: Magento2Seller, storefront: Sandbox):
    get_orders(row)
    entry = OrdersMagento.objects.filter(order__status="rfs", order__total_refunded=0).first()
    assert entry is not None
    storefront.control.touch_order(entry.entity_id, {"total_refunded": 5.5})
    get_orders(row)
    get_orders(row)
    refund = OrderPayment.objects.get(order=entry.order, payment_type=PaymentType.REFUND)
    assert refund.amount == Decimal("5.5")
    assert refund.magento.return_created


def test_an_order_without_items_fails_alone_and_holds_the_mark(row: Magento2Seller, storefront: Sandbox):
    broken, whole = next(iter(shop_orders(storefront).items()))
    storefront.control.touch_order(broken, {"items": [], "status": "processing", "state": "processing"})
    run = get_orders(row)
    assert run.row.status == RunStatus.PARTLY
    assert run.failed == 1
    assert run.created > 10
    mark = mark_of(row.scope, "get_orders")
    assert mark is not None
    assert mark < run.started_at
    unit = WorkUnit.objects.get(kind="get_order")
    assert unit.status == UnitStatus.FAILED
    assert "has no items" in unit.reason
    assert unit.remedy
    # Mended in the shop, a person presses Retry.
    storefront.control.touch_order(broken, {"items": whole["items"]})
    try_again([unit.pk])
    drain(["get_order"])
    unit.refresh_from_db()
    assert unit.status == UnitStatus.FINISHED
    assert OrdersMagento.objects.filter(entity_id=broken).exists()


def test_a_skipped_record_lets_the_mark_pass(row: Magento2Seller, storefront: Sandbox):
    broken = next(iter(shop_orders(storefront)))
    storefront.control.touch_order(broken, {"items": [], "status": "processing", "state": "processing"})
    get_orders(row)
    unit = WorkUnit.objects.get(kind="get_order")
    skip([unit.pk], "Not ours.")
    run = get_orders(row)
    assert run.failed == 0
    assert mark_of(row.scope, "get_orders") == run.started_at


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("error_page", "There has been an error processing your request. Error log record number:"),
        ("maintenance", "503"),
        ("truncated", ""),
        ("reset", ""),
    ],
)
def test_a_failing_shop_fails_the_run_in_words_and_keeps_the_mark(
    row: Magento2Seller, storefront: Sandbox, fault: str, words: str
):
    storefront.control.add_fault(fault, path="/V1/orders")
    run = get_orders(row)
    assert run.row.status == RunStatus.FAILED
    assert words in run.row.error or words in run.row.remedy
    assert run.row.error
    assert run.row.remedy
    assert mark_of(row.scope, "get_orders") is None
    assert Order.objects.count() == 0
    row.connector.refresh_from_db()
    assert row.connector.error == run.row.error
    storefront.control.clear_faults()
    assert get_orders(row).row.status == RunStatus.FINISHED
    row.connector.refresh_from_db()
    assert row.connector.error == ""


def test_an_exported_order_is_not_taken_over_again(row: Magento2Seller, storefront: Sandbox):
    amazon = make_account()
    make_export_row(row.connector, amazon, store_id=2)
    order = make_order(amazon)
    ours = next(iter(shop_orders(storefront)))
    storefront.control.touch_order(
        ours, {"ext_order_id": order.marketplace_order_id, "status": "processing", "state": "processing"}
    )
    run = get_orders(row)
    assert run.skipped == 1
    assert not OrdersMagento.objects.filter(entity_id=ours).exists()


def test_first_run_goes_back_ninety_days(row: Magento2Seller):
    now = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    assert ("updated_at", "from", "2026-08-24 12:00:00") in [
        (each.field, each.condition, each.value)
        for group in criteria_for(row, None, now).groups
        for each in group
    ]
    assert ("updated_at", "from", "2026-11-22 11:45:00") in [
        (each.field, each.condition, each.value)
        for group in criteria_for(row, now, now).groups
        for each in group
    ]


def test_switches_are_checked_before_any_call(row: Magento2Seller, storefront: Sandbox):
    row.connector.active = False
    row.connector.save()
    storefront.control.clear_requests()
    with pytest.raises(runner.SetupProblem, match="isn't active"):
        get_orders(row)
    assert storefront.control.requests() == []


def test_two_rows_that_read_one_store_are_a_setup_problem(row: Magento2Seller):
    second = make_account("Second", "SEC")
    twin = Magento2Seller.objects.create(connector=row.connector, store_id=1, account=second)
    AccountMagento.objects.create(account=second, magento2_seller=twin)
    run = get_orders(row)
    assert run.row.status == RunStatus.FAILED
    assert "Two rows" in run.row.error


def test_flows_are_found_by_either_name():
    assert registry.flow_named("get-orders") is registry.flow_named("get_orders") is GET_ORDERS
    with pytest.raises(LookupError, match="get-orders"):
        registry.flow_named("make-coffee")
