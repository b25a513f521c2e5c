"""Refunds in a shop whose base currency is another than the order's, against a sandbox shop over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.flows import runner
from mageferry.hub.flows.create_return import CREATE_RETURN
from mageferry.hub.flows.get_orders import GET_ORDERS
from mageferry.hub.trade.models import Order
from mageferry.hub.work.models import WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_linked_row, make_refund
from tests.hub.plain_shop import all_credit_memos, all_orders, ask, post

RATE = Decimal("1.3651")


def run(flow: Any, row: Magento2Seller) -> Run:
    return runner.run_flow(flow, Magento2Seller.objects.select_related("connector", "account").get(pk=row.pk))


def in_canadian_dollars(record: dict[str, Any], rate: Decimal) -> dict[str, Any]:
    """The fields of a record that change when it was bought in another currency: the base amounts stay."""
    return {
        name.removeprefix("base_"): float(round(Decimal(str(value)) * rate, 2))
        for name, value in record.items()
        if name.startswith("base_")
        and name.removeprefix("base_") in record
        and isinstance(value, int | float)
    }


@pytest.fixture
def row(storefront_connector: Magento2Connector) -> Magento2Seller:
    row = make_linked_row(storefront_connector, make_account("Harbour Store", "HRB"))
    Magento2Seller.objects.filter(pk=row.pk).update(create_return=True)
    return row


@pytest.fixture
def rate() -> Decimal:
    return RATE


@pytest.fixture
def order(row: Magento2Seller, storefront: Sandbox, rate: Decimal) -> Order:
    """A paid order in Canadian dollars of a shop that counts in US dollars."""
    number = next(
        each["entity_id"]
        for each in all_orders(storefront)
        if each["status"] == "processing" and each["store_id"] == 1 and not each.get("total_paid")
    )
    post(storefront, f"order/{number}/invoice", {"capture": True})
    theirs = ask(storefront, "GET", f"/rest/V1/orders/{number}")
    items = [{**item, **in_canadian_dollars(item, rate)} for item in theirs["items"]]
    storefront.control.touch_order(
        theirs["entity_id"],
        {
            **in_canadian_dollars(theirs, rate),
            "items": items,
            "order_currency_code": "CAD",
            "base_currency_code": "USD",
            "base_to_order_rate": float(rate),
        },
    )
    run(GET_ORDERS, row)
    return Order.objects.get(connector_id=theirs["entity_id"])


def memos_of(order: Order, shop: Sandbox) -> list[dict[str, Any]]:
    return [each for each in all_credit_memos(shop) if each["order_id"] == order.connector_id]


def test_refunds_come_to_the_nearest_cent_of_the_base_and_the_last_closes_the_order(
    row: Magento2Seller, order: Order, storefront: Sandbox
):
    make_refund(order, "10.00")
    make_refund(order, "7.77")
    assert run(CREATE_RETURN, row).created == 2
    first, second = memos_of(order, storefront)
    # 7.32 US dollars are 9.99, 7.33 are 10.01: the amount itself can't be had.
    assert [(memo["grand_total"], memo["base_grand_total"]) for memo in (first, second)] == [
        (9.99, 7.32),
        (7.77, 5.69),
    ]
    told = [entry.message for entry in order.history.filter(flow="create_return")]
    assert "The refund is of 10.00: Magento's currencies allow no closer amount." in told[1]
    order.refresh_from_db()
    assert order.total_refunded == Decimal("17.76")
    # By the hub's sums this is all that is left; the shop has a cent more.
    make_refund(order, str(order.grand_total - Decimal("17.77")))
    assert run(CREATE_RETURN, row).created == 1
    assert sum(len(memo["items"]) for memo in memos_of(order, storefront)) > 0
    theirs = ask(storefront, "GET", f"/rest/V1/orders/{order.connector_id}")
    assert theirs["base_total_refunded"] == theirs["base_total_paid"]
    assert theirs["state"] == "closed"


def test_what_somebody_gave_back_in_the_shop_is_not_taken_for_a_rounded_cent(
    row: Magento2Seller, order: Order, storefront: Sandbox
):
    item_id = order.items.first().magento.item_id  # type: ignore[union-attr]
    post(
        storefront,
        f"order/{order.connector_id}/refund",
        {
            "items": [{"order_item_id": item_id, "qty": 0}],
            "arguments": {"shipping_amount": 0, "adjustment_positive": 1},
        },
    )
    make_refund(order, str(order.grand_total))
    assert run(CREATE_RETURN, row).failed == 1
    unit = WorkUnit.objects.get(kind="create_return")
    assert "The most money available to refund is" in unit.reason
    assert len(memos_of(order, storefront)) == 1


@pytest.mark.parametrize("rate", [Decimal("2.5")])
def test_a_credit_memo_of_a_cent_more_is_no_refund_of_its_own(
    row: Magento2Seller, order: Order, storefront: Sandbox
):
    make_refund(order, "10.07")
    run(CREATE_RETURN, row)
    (memo,) = memos_of(order, storefront)
    run(GET_ORDERS, row)
    assert (memo["grand_total"], order.payments.filter(payment_type="refund").count()) == (10.08, 1)
