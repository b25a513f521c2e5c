"""Money through the real thing: hub, what is sent, and what the shop keeps are the same to the cent."""

import random
from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.connectors.models import InvoiceRule, Magento2Connector, Magento2Seller
from mageferry.hub.flows import runner
from mageferry.hub.flows.create_return import CREATE_RETURN
from mageferry.hub.flows.export_orders import EXPORT_ORDERS
from mageferry.hub.mapping.amounts import cents
from mageferry.hub.trade.models import Order
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_export_row, make_order, make_refund, make_seller
from tests.hub.plain_shop import all_credit_memos, all_orders

ORDERS = 24


def run_flow(flow: Any, row: Magento2Seller) -> None:
    run = runner.run_flow(
        flow, Magento2Seller.objects.select_related("connector", "account", "seller").get(pk=row.pk)
    )
    assert (run.row.error, run.failures) == ("", [])


def make_odd_order(row: Magento2Seller, dice: random.Random, sellers: tuple[str, ...] = ()) -> Order:
    """Crooked prices and quantities, discounts, taxes of items and shipping, several currencies."""
    assert row.account is not None
    lines: list[dict[str, Any]] = [
        {
            "sku": f"T-{number}",
            "price": Decimal(dice.randint(1, 9999)) / 100,
            "quantity": Decimal(dice.randint(1, 7)),
            "unit_tax": Decimal(dice.choice((0, dice.randint(1, 99999)))) / 10000,
            "seller": make_seller(dice.choice(sellers)) if sellers else None,
        }
        for number in range(dice.randint(1, 6))
    ]
    subtotal = sum((line["price"] * line["quantity"] for line in lines), Decimal(0))
    order = make_order(
        row.account, lines, currency=dice.choice(("USD", "EUR", "GBP", "JPY")),
        shipping_amount=Decimal(dice.choice((0, 499, 1250))) / 100,
        discount_amount=cents(subtotal * dice.choice((0, 7, 33)) / 100),
    )  # fmt: skip
    shipping_tax = cents(order.shipping_amount * dice.choice((0, 19)) / 100)
    order.tax_amount += shipping_tax
    order.grand_total += shipping_tax
    order.save()
    return order


def sums(shop: Sandbox) -> dict[str, Decimal]:
    """What the shop's orders add up to, by marketplace order id."""
    found: dict[str, Decimal] = {}
    for each in all_orders(shop):
        total = found.get(each["ext_order_id"], Decimal(0))
        found[each["ext_order_id"]] = total + Decimal(str(each["grand_total"]))
    return found


@pytest.mark.parametrize("invoice_rule", [InvoiceRule.PAID, InvoiceRule.CALL])
def test_orders_arrive_and_are_given_back_in_parts_to_the_last_cent(
    back_office_connector: Magento2Connector, back_office: Sandbox, invoice_rule: InvoiceRule
):
    dice = random.Random(f"refunds {invoice_rule}")
    Magento2Connector.objects.update(invoice_rule=invoice_rule)
    row = make_export_row(back_office_connector, make_account())
    Magento2Seller.objects.update(create_return=True)
    orders = [make_odd_order(row, dice) for _ in range(ORDERS)]
    run_flow(EXPORT_ORDERS, row)
    assert sums(back_office) == {order.marketplace_order_id: order.grand_total for order in orders}
    wanted = []
    for order in orders:
        part = max(Decimal("0.01"), cents(order.grand_total * dice.randint(1, 60) / 100))
        items = {1: 1} if dice.random() < 0.6 else {}
        # An item back for less than it cost would leave a fee that Magento takes for settled.
        first = order.items.get(position=1)
        worth = cents(first.price + first.unit_tax)
        wanted.append(make_refund(order, str(max(part, worth) if items else part), items))
        if order.grand_total > wanted[-1].amount:
            wanted.append(make_refund(order, str(order.grand_total - wanted[-1].amount)))
    run_flow(CREATE_RETURN, row)
    memos = {memo["entity_id"]: memo for memo in all_credit_memos(back_office)}
    assert len(memos) == len(wanted)
    for refund in wanted:
        refund.refresh_from_db()
        assert Decimal(str(memos[refund.magento.return_id]["grand_total"])) == refund.amount
    for theirs in all_orders(back_office):
        assert theirs["total_refunded"] == theirs["grand_total"]
        assert theirs["state"] == "closed"
    for order in orders:
        order.refresh_from_db()
        assert order.total_refunded == order.grand_total
        assert all(item.quantity_refunded == item.quantity for item in order.items.all())


def test_orders_in_parts_add_up_in_the_shop(back_office_connector: Magento2Connector, back_office: Sandbox):
    dice = random.Random("parts")
    account = make_account()
    rows = [
        Magento2Seller.objects.create(
            connector=back_office_connector, account=account, seller=make_seller(name), store_id=store_id,
            export_orders=True, export_orders_per_seller=True,
        )
        for name, store_id in (("North", 31), ("South", 32), ("East", 33))
    ]  # fmt: skip
    orders = [make_odd_order(rows[0], dice, ("North", "South", "East")) for _ in range(ORDERS)]
    for row in rows:
        run_flow(EXPORT_ORDERS, row)
    assert sums(back_office) == {order.marketplace_order_id: order.grand_total for order in orders}
    for theirs in all_orders(back_office):
        amounts = [Decimal(str(theirs[name])) for name in ("subtotal", "shipping_amount", "tax_amount")]
        amounts.append(Decimal(str(theirs["discount_amount"])))
        assert sum(amounts) == Decimal(str(theirs["grand_total"])) == Decimal(str(theirs["total_paid"]))
