"""Export orders, against a sandbox shop over HTTP: once and only once, whatever becomes of the answer."""

import threading
from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller, NumberRule, OrdersMagento
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows import runner
from mageferry.hub.flows.export_orders import EXPORT_ORDERS, intent_for
from mageferry.hub.mapping.order_out import build_entity
from mageferry.hub.trade.models import HistoryOutcome, Order
from mageferry.hub.work import ledger
from mageferry.hub.work.dispatch import Worker, drain
from mageferry.hub.work.models import RunStatus, Step, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_export_row, make_order
from tests.hub.plain_shop import all_orders


@pytest.fixture
def row(back_office_connector: Magento2Connector) -> Magento2Seller:
    return make_export_row(back_office_connector, make_account())


def export_orders(row: Magento2Seller) -> Run:
    return runner.run_flow(
        EXPORT_ORDERS, Magento2Seller.objects.select_related("connector", "account").get(pk=row.pk)
    )


def exported(shop: Sandbox) -> dict[str, dict[str, Any]]:
    """Marketplace orders in the shop by their number; a number that is there twice fails the test."""
    rows = [each for each in all_orders(shop) if each.get("ext_order_id")]
    by_number = {each["ext_order_id"]: each for each in rows}
    assert len(by_number) == len(rows), "an order was created twice"
    return by_number


def retry_now() -> None:
    """Let waiting retries be due at once, as time passing does."""
    WorkUnit.objects.filter(status=UnitStatus.RETRY).update(not_before=None)
    drain(["export_order"])


def test_an_order_arrives_with_its_money_people_and_numbers(row: Magento2Seller, back_office: Sandbox):
    lines = [
        {"sku": "MUG-1", "price": Decimal("12.50"), "quantity": Decimal(2), "unit_tax": Decimal("1.03125")},
        {"sku": "MUG-1", "price": Decimal("9.99"), "quantity": Decimal(1), "unit_tax": Decimal("0.83")},
    ]
    order = make_order(row.account, lines, discount_amount=Decimal("3.00"))
    run = export_orders(row)
    assert (run.created, run.failed) == (1, 0)
    theirs = exported(back_office)[order.marketplace_order_id]
    assert theirs["increment_id"] == f"AMZ-{order.marketplace_order_id}"
    assert theirs["store_id"] == 32
    assert (theirs["subtotal"], theirs["tax_amount"], theirs["discount_amount"]) == (34.99, 2.89, -3)
    assert Decimal(str(theirs["grand_total"])) == order.grand_total
    assert theirs["total_paid"] == theirs["grand_total"]
    assert theirs["billing_address"]["street"] == ["12 Quay Street", "Flat 3"]
    assert (
        theirs["extension_attributes"]["shipping_assignments"][0]["shipping"]["method"] == "flatrate_flatrate"
    )
    order.refresh_from_db()
    assert order.connector_id == theirs["entity_id"]
    assert order.magento.order_payment_id == theirs["payment"]["entity_id"]
    # The same SKU twice stays two items, each with its own id.
    ids = {item.position: item.magento.item_id for item in order.items.all()}
    assert [ids[1], ids[2]] == [item["item_id"] for item in theirs["items"]]
    assert all(item.magento_exported for item in order.items.all())
    assert order.history.get().outcome == HistoryOutcome.DONE


def test_a_second_run_sends_nothing(row: Magento2Seller, back_office: Sandbox):
    make_order(row.account)
    export_orders(row)
    back_office.control.clear_requests()
    run = export_orders(row)
    assert run.created == 0
    assert back_office.control.count_requests(method="PUT") == 0


@pytest.mark.parametrize("number_rule", NumberRule.values)
@pytest.mark.parametrize(
    "fault", ["lost_reply", "reset_after", "truncated", "empty_ok", "internal_error", "error_page"]
)
def test_an_answer_that_never_came_never_makes_a_second_order(
    row: Magento2Seller, back_office: Sandbox, fault: str, number_rule: str
):
    Magento2Connector.objects.update(number_rule=number_rule)
    order = make_order(row.account)
    back_office.control.add_fault(fault, method="PUT", path="/V1/orders/create", count=1)
    export_orders(row)
    retry_now()
    theirs = exported(back_office)[order.marketplace_order_id]
    order.refresh_from_db()
    assert order.connector_id == theirs["entity_id"]
    assert order.error == ""
    assert WorkUnit.objects.get().status == UnitStatus.FINISHED


def test_a_worker_that_died_after_sending_is_followed_by_one_that_looks_first(
    row: Magento2Seller, back_office: Sandbox
):
    order = make_order(row.account)
    ledger.write_intents([intent_for(order, row)])
    (held,) = ledger.claim("worker that dies", kinds=["export_order"])
    ledger.record_step(held, Step.SENDING)
    with open_shop(row.connector) as shop:
        shop.orders.create(
            build_entity(order, Magento2Seller.objects.select_related("connector").get(pk=row.pk))
        )
    # kill -9 here: nothing more is written, the lease runs out.
    WorkUnit.objects.update(lease_expires_at="2020-01-01T00:00:00Z")
    back_office.control.clear_requests()
    drain(["export_order"])
    assert len(exported(back_office)) == 1
    assert back_office.control.count_requests(method="PUT") == 0
    assert OrdersMagento.objects.get().order_id == order.pk


def test_the_late_worker_can_write_nothing_any_more(row: Magento2Seller):
    order = make_order(row.account)
    ledger.write_intents([intent_for(order, row)])
    (late,) = ledger.claim("late", kinds=["export_order"])
    WorkUnit.objects.update(lease_expires_at="2020-01-01T00:00:00Z")
    (now,) = ledger.claim("now", kinds=["export_order"])
    changed = threading.Event()
    with pytest.raises(ledger.LeaseLost):
        ledger.settle(late, ledger.finished(changed.set))
    assert not changed.is_set()
    ledger.settle(now, ledger.finished(changed.set))
    assert changed.is_set()


def test_four_workers_make_one_order_of_each(row: Magento2Seller, back_office: Sandbox):
    orders = [make_order(row.account) for _ in range(12)]
    ledger.write_intents([intent_for(order, row) for order in orders])
    workers = [Worker(kinds=["export_order"], threads=2) for _ in range(4)]
    threads = [threading.Thread(target=worker.run, kwargs={"until_idle": True}) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(exported(back_office)) == {order.marketplace_order_id for order in orders}
    assert back_office.control.count_requests(method="PUT") == len(orders)


def test_what_is_missing_is_named_and_the_other_orders_go_on(row: Magento2Seller, back_office: Sandbox):
    broken, whole = make_order(row.account, customer_email="nobody"), make_order(row.account)
    broken.addresses.update(lastname="")
    broken.payments.all().delete()
    run = export_orders(row)
    assert run.row.status == RunStatus.PARTLY
    assert (run.created, run.failed) == (1, 1)
    broken.refresh_from_db()
    for words in ("billing last name", "isn't an e-mail address", "no payment"):
        assert words in broken.error
    assert broken.remedy
    assert set(exported(back_office)) == {whole.marketplace_order_id}
    # Parked until a person clears the error.
    assert export_orders(row).failed == 0
    broken.addresses.update(lastname="Grady")
    Order.objects.filter(pk=broken.pk).update(error="", customer_email="ruth@example.com")
    broken.payments.create(method="card", amount=broken.grand_total, currency="USD")
    assert export_orders(row).created == 1
    assert len(exported(back_office)) == 2


def test_money_that_does_not_add_up_is_not_sent(row: Magento2Seller, back_office: Sandbox):
    order = make_order(row.account, grand_total=Decimal("1.00"))
    export_orders(row)
    order.refresh_from_db()
    assert "its grand total is 1.00" in order.error
    assert exported(back_office) == {}


def test_a_shop_that_refuses_parks_the_order_with_its_words(row: Magento2Seller, back_office: Sandbox):
    order = make_order(row.account)
    order.addresses.update(email="broken@@example")
    Magento2Connector.objects.update(payment_method="")
    export_orders(row)
    order.refresh_from_db()
    assert order.error
    assert order.history.get().outcome == HistoryOutcome.FAILED
    unit = WorkUnit.objects.get()
    assert (unit.status, unit.step) == (UnitStatus.FAILED, Step.INTENT)
    assert unit.remedy


def test_a_shop_that_is_away_does_not_park_orders(row: Magento2Seller, back_office: Sandbox):
    order = make_order(row.account)
    back_office.control.add_fault("maintenance")
    run = export_orders(row)
    assert run.failed == 1
    order.refresh_from_db()
    assert order.error == ""
    assert WorkUnit.objects.get().status == UnitStatus.RETRY
    back_office.control.clear_faults()
    retry_now()
    assert set(exported(back_office)) == {order.marketplace_order_id}


def test_a_number_that_another_order_has_is_not_adopted(row: Magento2Seller, back_office: Sandbox):
    first = make_order(row.account)
    export_orders(row)
    number = OrdersMagento.objects.get().entity_id
    back_office.control.touch_order(number, {"ext_order_id": "somebody else's"})
    Order.objects.filter(pk=first.pk).delete()
    WorkUnit.objects.all().delete()
    again = make_order(row.account, marketplace_order_id=first.marketplace_order_id)
    export_orders(row)
    again.refresh_from_db()
    assert "belongs to another order" in again.error
    assert again.connector_id is None


def test_two_rows_for_one_account_are_never_a_guess(row: Magento2Seller, back_office: Sandbox):
    make_order(row.account)
    make_export_row(row.connector, row.account, store_id=31)
    run = export_orders(row)
    assert run.row.status == RunStatus.FAILED
    assert "Several rows" in run.row.error
    assert exported(back_office) == {}


def test_a_bundle_sends_its_components_only(row: Magento2Seller, back_office: Sandbox):
    lines = [
        {"sku": "SET", "product_type": "bundle", "price": Decimal("30.00"), "quantity": Decimal(1)},
        {"sku": "A", "bundle_sku": "SET", "price": Decimal(0), "quantity": Decimal(1)},
        {"sku": "B", "bundle_sku": "SET", "price": Decimal(0), "quantity": Decimal(2)},
    ]
    order = make_order(row.account, lines)
    export_orders(row)
    items = exported(back_office)[order.marketplace_order_id]["items"]
    assert [(item["sku"], item["row_total"]) for item in items] == [("A", 10), ("B", 20)]
