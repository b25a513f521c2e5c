"""Export orders per seller, against sandbox shops over HTTP: each seller's items one order, together the order."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller, NumberRule, OrderPartMagento
from mageferry.hub.connectors.remote_orders import orders_by_entity
from mageferry.hub.connectors.shop import close_shops
from mageferry.hub.flows import runner
from mageferry.hub.flows.create_return import CREATE_RETURN
from mageferry.hub.flows.export_orders import EXPORT_ORDERS, intent_for
from mageferry.hub.trade.models import HistoryOutcome, Order
from mageferry.hub.work import ledger
from mageferry.hub.work.dispatch import Worker, drain
from mageferry.hub.work.models import RunStatus, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_connector, make_order, make_refund, make_seller
from tests.hub.plain_shop import all_credit_memos, all_orders


@pytest.fixture
def north(back_office_connector: Magento2Connector) -> Magento2Seller:
    return make_row(back_office_connector, "North", 31)


@pytest.fixture
def south(back_office_connector: Magento2Connector) -> Magento2Seller:
    return make_row(back_office_connector, "South", 32)


@pytest.fixture
def elsewhere() -> Iterator[Sandbox]:
    """A second shop, whose order numbers are the same."""
    with Sandbox("back-office") as shop:
        yield shop
        close_shops()


def make_row(connector: Magento2Connector, seller: str, store_id: int) -> Magento2Seller:
    return Magento2Seller.objects.create(
        connector=connector, account=make_account(), seller=make_seller(seller), store_id=store_id,
        export_orders=True, export_orders_per_seller=True, create_return=True,
    )  # fmt: skip


def make_mixed_order(**changes: Any) -> Order:
    """Two items of North, one of South, and one that is nobody's when `nobodys` says so."""
    nobodys = changes.pop("nobodys", False)
    lines: list[dict[str, Any]] = [
        {"sku": "N-1", "price": Decimal("10.00"), "quantity": Decimal(1), "seller": make_seller("North")},
        {"sku": "S-1", "price": Decimal("7.77"), "quantity": Decimal(3), "unit_tax": Decimal("0.64"),
         "seller": make_seller("South")},
        {"sku": "N-2", "price": Decimal("3.33"), "quantity": Decimal(2), "unit_tax": Decimal("0.27"),
         "seller": make_seller("North")},
    ]  # fmt: skip
    if nobodys:
        lines.append({"sku": "X-1", "price": Decimal("5.00"), "quantity": Decimal(1)})
    return make_order(make_account(), lines, **changes)


def run_flow(flow: Any, row: Magento2Seller) -> Run:
    return runner.run_flow(
        flow, Magento2Seller.objects.select_related("connector", "account", "seller").get(pk=row.pk)
    )


def export_orders(row: Magento2Seller) -> Run:
    return run_flow(EXPORT_ORDERS, row)


def parts_in(shop: Sandbox) -> dict[str, dict[str, Any]]:
    """The shop's orders by their number; one that is there twice fails the test."""
    rows = all_orders(shop)
    by_number = {each["increment_id"]: each for each in rows}
    assert len(by_number) == len(rows)
    return by_number


def total(rows: Any, name: str) -> Decimal:
    return sum((Decimal(str(row.get(name) or 0)) for row in rows), Decimal(0))


def test_each_seller_gets_an_order_and_together_they_are_the_order(
    north: Magento2Seller, south: Magento2Seller, back_office: Sandbox
):
    order = make_mixed_order(discount_amount=Decimal("2.01"))
    assert (export_orders(north).created, export_orders(south).created) == (1, 1)
    parts = parts_in(back_office)
    number = f"AMZ-{order.marketplace_order_id}"
    assert set(parts) == {f"{number}-north", f"{number}-south"}
    ours, theirs = parts[f"{number}-north"], parts[f"{number}-south"]
    assert ([item["sku"] for item in ours["items"]], ours["store_id"]) == (["N-1", "N-2"], 31)
    assert ([item["sku"] for item in theirs["items"]], theirs["store_id"]) == (["S-1"], 32)
    assert {part["ext_order_id"] for part in parts.values()} == {order.marketplace_order_id}
    for name in ("subtotal", "shipping_amount", "tax_amount", "grand_total", "total_paid"):
        assert total(parts.values(), name) == getattr(order, name, order.grand_total), name
    assert total(parts.values(), "discount_amount") == -order.discount_amount


def test_the_hub_knows_which_part_holds_which_item(
    north: Magento2Seller, south: Magento2Seller, back_office: Sandbox
):
    order = make_mixed_order()
    export_orders(south)
    export_orders(north)
    order.refresh_from_db()
    by_store = {part.store_id: part for part in OrderPartMagento.objects.filter(order=order)}
    assert set(by_store) == {31, 32}
    # The first one stays the order's own.
    assert order.magento.entity_id == order.connector_id == by_store[32].entity_id
    held = {item.sku: item.connector_id for item in order.items.all()}
    assert held == {
        "N-1": by_store[31].entity_id,
        "S-1": by_store[32].entity_id,
        "N-2": by_store[31].entity_id,
    }
    assert all(item.magento_exported and item.magento.item_id for item in order.items.all())
    known = orders_by_entity(north.connector, [part.entity_id for part in by_store.values()])
    assert [each.is_part for each in known.values()] == [True, True]
    assert (export_orders(north).created, export_orders(south).created) == (0, 0)


def test_one_part_that_failed_is_tried_again_by_itself(
    north: Magento2Seller, south: Magento2Seller, back_office: Sandbox
):
    order = make_mixed_order()
    back_office.control.add_fault("maintenance", method="PUT", path="/V1/orders/create", count=4)
    assert export_orders(south).failed == 1
    back_office.control.clear_faults()
    assert export_orders(north).created == 1
    back_office.control.clear_requests()
    WorkUnit.objects.filter(status=UnitStatus.RETRY).update(not_before=None)
    assert export_orders(south).created == 1
    assert back_office.control.count_requests(method="PUT") == 1
    assert len(parts_in(back_office)) == 2
    assert total(parts_in(back_office).values(), "grand_total") == order.grand_total


def test_a_refused_part_parks_itself_and_not_the_other(
    north: Magento2Seller, south: Magento2Seller, back_office: Sandbox
):
    order = make_mixed_order()
    number = f"AMZ-{order.marketplace_order_id}-south"
    with_this_number = make_order(make_account("Own", "OWN"))
    Magento2Seller.objects.create(
        connector=south.connector, account=with_this_number.account, store_id=32, export_orders=True
    )
    run_flow(EXPORT_ORDERS, Magento2Seller.objects.get(account=with_this_number.account))
    with_this_number.refresh_from_db()
    back_office.control.touch_order(with_this_number.connector_id, {"increment_id": number})
    assert export_orders(south).failed == 1
    order.refresh_from_db()
    assert order.error.startswith("South: ")
    assert export_orders(north).created == 1
    order.refresh_from_db()
    # The other part's error stands until a person clears it; meanwhile nothing is sent again.
    assert order.error.startswith("South: ")
    assert (export_orders(south).failed, export_orders(north).created) == (0, 0)
    back_office.control.touch_order(with_this_number.connector_id, {"increment_id": "another"})
    Order.objects.filter(pk=order.pk).update(error="", remedy="")
    assert export_orders(south).created == 1


@pytest.mark.parametrize("number_rule", NumberRule.values)
@pytest.mark.parametrize("fault", ["lost_reply", "truncated", "internal_error"])
def test_an_answer_that_never_came_never_makes_a_second_part(
    north: Magento2Seller, south: Magento2Seller, back_office: Sandbox, fault: str, number_rule: str
):
    Magento2Connector.objects.update(number_rule=number_rule)
    # Both in one store, so that only the items tell them apart when Magento numbers.
    Magento2Seller.objects.filter(pk=south.pk).update(store_id=31)
    order = make_mixed_order()
    export_orders(north)
    back_office.control.add_fault(fault, method="PUT", path="/V1/orders/create", count=1)
    export_orders(south)
    WorkUnit.objects.filter(status=UnitStatus.RETRY).update(not_before=None)
    drain(["export_order"])
    assert len(all_orders(back_office)) == 2
    assert set(WorkUnit.objects.values_list("status", flat=True)) == {UnitStatus.FINISHED}
    parts = {part["entity_id"]: part for part in parts_in(back_office).values()}
    for item in order.items.all():
        assert item.sku in {each["sku"] for each in parts[item.connector_id]["items"]}


def test_four_workers_make_each_part_once(north: Magento2Seller, south: Magento2Seller, back_office: Sandbox):
    orders = [make_mixed_order() for _ in range(6)]
    ledger.write_intents([intent_for(order, row) for order in orders for row in (north, south)])
    workers = [Worker(kinds=["export_order"], threads=2) for _ in range(4)]
    threads = [threading.Thread(target=worker.run, kwargs={"until_idle": True}) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(parts_in(back_office)) == 12
    assert OrderPartMagento.objects.count() == 12
    assert back_office.control.count_requests(method="PUT") == 12


def test_items_without_a_seller_stay_and_the_history_says_so(
    north: Magento2Seller, south: Magento2Seller, back_office: Sandbox
):
    order = make_mixed_order(nobodys=True)
    run = export_orders(north)
    assert (run.created, run.skipped, run.failed) == (1, 1, 0)
    export_orders(south)
    assert len(parts_in(back_office)) == 2
    left = order.items.get(sku="X-1")
    assert (left.magento_exported, left.connector_id) == (False, None)
    (told,) = order.history.filter(outcome=HistoryOutcome.SKIPPED)
    assert told.message == "Items without a seller aren't exported: X-1. Choose their seller on the order."
    order.refresh_from_db()
    assert order.error == ""
    # Each run counts it, the history tells it once.
    assert export_orders(north).skipped == 1
    assert order.history.filter(outcome=HistoryOutcome.SKIPPED).count() == 1
    # With a seller of its own it becomes the part that was missing.
    east = make_row(north.connector, "East", 33)
    order.items.filter(sku="X-1").update(seller=east.seller)
    assert export_orders(east).created == 1
    assert total(parts_in(back_office).values(), "grand_total") == order.grand_total


def test_an_item_given_to_a_seller_whose_part_is_there_is_said_and_not_sent(
    north: Magento2Seller, back_office: Sandbox
):
    order = make_mixed_order(nobodys=True)
    export_orders(north)
    order.items.filter(sku="X-1").update(seller=north.seller)
    run = export_orders(north)
    assert (run.created, run.skipped) == (0, 1)
    assert (
        order.history.filter(message__contains="North is in Magento already")
        .get()
        .message.endswith("items that came later aren't exported: X-1. Add them in Magento by hand.")
    )
    assert len(parts_in(back_office)) == 1


def test_parts_of_one_order_may_go_to_different_shops(
    north: Magento2Seller, back_office: Sandbox, elsewhere: Sandbox
):
    other = make_connector(
        elsewhere.url, name="Elsewhere", username=elsewhere.username, password=elsewhere.password
    )
    south = make_row(other, "South", 32)
    order = make_mixed_order()
    export_orders(north)
    export_orders(south)
    here, there = parts_in(back_office), parts_in(elsewhere)
    assert (len(here), len(there)) == (1, 1)
    assert total([*here.values(), *there.values()], "grand_total") == order.grand_total
    # Both shops gave their order the same number; a refund finds the right one by the item's seller.
    assert len({part.entity_id for part in order.magento_parts.all()}) == 1
    make_refund(order, "7.77", {2: 1})
    assert (run_flow(CREATE_RETURN, north).created, run_flow(CREATE_RETURN, south).created) == (0, 1)
    assert (len(all_credit_memos(back_office)), len(all_credit_memos(elsewhere))) == (0, 1)


def test_a_refund_of_an_order_in_parts_says_by_its_items_which_one(
    north: Magento2Seller, south: Magento2Seller, back_office: Sandbox
):
    order = make_mixed_order()
    export_orders(north)
    export_orders(south)
    refund = make_refund(order, "10.00", {1: 1})
    unsaid = make_refund(order, "1.00")
    run = run_flow(CREATE_RETURN, north)
    assert (run.created, run.failed) == (1, 1)
    run_flow(CREATE_RETURN, south)
    (memo,) = all_credit_memos(back_office)
    assert (memo["order_id"], memo["grand_total"]) == (order.items.get(position=1).connector_id, 10)
    refund.refresh_from_db()
    unsaid.refresh_from_db()
    assert refund.magento.return_id == memo["entity_id"]
    assert "doesn't say of which one it is" in unsaid.magento.error


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"export_orders_per_seller": False}, "Several rows export the orders"),
        ({"seller": None}, "but no seller"),
    ],
)
def test_rows_that_leave_it_open_who_exports_what_are_refused(
    north: Magento2Seller, south: Magento2Seller, back_office: Sandbox, change: dict[str, Any], words: str
):
    make_mixed_order()
    Magento2Seller.objects.filter(pk=south.pk).update(**change)
    run = export_orders(south)
    assert run.row.status == RunStatus.FAILED
    assert words in run.row.error
    assert parts_in(back_office) == {}


def test_two_rows_for_the_same_seller_are_never_a_guess(
    north: Magento2Seller, south: Magento2Seller, back_office: Sandbox
):
    make_mixed_order()
    make_row(south.connector, "South", 33)
    assert "Several rows export the items of South" in export_orders(south).row.error
    # The other seller's row isn't held up by that.
    assert export_orders(north).created == 1
