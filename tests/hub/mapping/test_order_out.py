"""Money of exported orders: whatever the prices, quantities, taxes and discounts, the sum closes to the cent."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.mapping.amounts import cents
from mageferry.hub.mapping.order_amounts import UnsendableOrder, close_amounts
from mageferry.hub.mapping.order_out import build_entity, increment_id_for, prune
from mageferry.hub.trade.models import Account, Order, OrderAddress, OrderItem, OrderPayment

CENTS = st.integers(min_value=0, max_value=500_000).map(lambda number: Decimal(number) / 100)
LINES = st.lists(
    st.tuples(
        st.decimals(min_value="0.01", max_value="999.9999", places=4),
        st.integers(min_value=1, max_value=12),
        st.decimals(min_value=0, max_value=50, places=8),
    ),
    min_size=1,
    max_size=8,
)


def an_order(
    lines: list[tuple[Decimal, int, Decimal]], shipping: Decimal, discount: Decimal, number: str = "114-1"
) -> tuple[Order, Magento2Seller]:
    """An unsaved order whose own totals are what a marketplace would charge: each rounded by itself."""
    subtotal = cents(sum((price * quantity for price, quantity, _ in lines), Decimal(0)))
    tax = cents(sum((unit * quantity for _, quantity, unit in lines), Decimal(0)))
    discount = min(discount, subtotal)
    order: Any = Order(
        pk=1,
        account=Account(code="AMZ", name="Amazon"), marketplace_order_id=number, currency="EUR", subtotal=subtotal,
        tax_amount=tax, shipping_amount=shipping, discount_amount=discount,
        grand_total=subtotal + tax + shipping - discount, customer_email="buyer@example.com",
        placed_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
    )  # fmt: skip
    items = [
        OrderItem(
            order=order,
            position=position,
            sku=f"S{position}",
            price=price,
            quantity=Decimal(quantity),
            unit_tax=unit,
        )
        for position, (price, quantity, unit) in enumerate(lines, 1)
    ]
    order._prefetched_objects_cache = {
        "items": items,
        "addresses": [
            OrderAddress(
                kind="billing",
                firstname="Ruth",
                lastname="Grady",
                street="1 Quay",
                city="Dayton",
                postcode="45402",
                country_id="US",
                telephone="555 0123",
            )
        ],
        "payments": [OrderPayment(payment_type="payment", amount=order.grand_total)],
    }
    return order, Magento2Seller(connector=Magento2Connector(), store_id=32)


@settings(max_examples=200)
@given(LINES, CENTS, CENTS)
def test_the_sum_always_closes(
    lines: list[tuple[Decimal, int, Decimal]], shipping: Decimal, discount: Decimal
):
    order, _ = an_order(lines, shipping, discount)
    sent, totals = close_amounts(order, order._prefetched_objects_cache["items"])
    assert sum(line.row_total for line in sent) == totals.subtotal == order.subtotal
    assert sum(line.tax for line in sent) + totals.shipping_tax == totals.tax == order.tax_amount
    assert sum(line.discount for line in sent) + totals.shipping_discount == totals.discount
    assert (
        totals.subtotal + totals.shipping + totals.tax - totals.discount
        == totals.grand_total
        == order.grand_total
    )


@settings(max_examples=100)
@given(LINES, CENTS, CENTS)
def test_what_is_sent_closes_as_well(
    lines: list[tuple[Decimal, int, Decimal]], shipping: Decimal, discount: Decimal
):
    order, row = an_order(lines, shipping, discount)
    entity = build_entity(order, row)

    def amount(name: str) -> Decimal:
        return Decimal(str(entity.get(name, 0)))

    assert amount("subtotal") + amount("shipping_amount") + amount("tax_amount") + amount(
        "discount_amount"
    ) == amount("grand_total")
    assert (
        amount("total_paid")
        == amount("total_invoiced")
        == amount("grand_total")
        == amount("base_grand_total")
    )
    assert sum(Decimal(str(item["row_total"])) for item in entity["items"]) == amount("subtotal")


def test_shipping_tax_is_what_the_items_do_not_account_for():
    order, _ = an_order([(Decimal("10.00"), 1, Decimal("1.90"))], Decimal("5.00"), Decimal(0))
    order.tax_amount, order.grand_total = Decimal("2.85"), Decimal("17.85")
    _, totals = close_amounts(order, order._prefetched_objects_cache["items"])
    assert totals.shipping_tax == Decimal("0.95")


def test_totals_that_do_not_add_up_name_the_numbers():
    order, _ = an_order([(Decimal("10.00"), 1, Decimal(0))], Decimal(0), Decimal(0))
    order.subtotal = order.grand_total = Decimal("12.00")
    with pytest.raises(UnsendableOrder, match=r"items add up to 10\.00, its subtotal is 12\.00"):
        close_amounts(order, order._prefetched_objects_cache["items"])


def test_the_number_is_the_same_each_time_and_never_too_long():
    order, row = an_order([(Decimal(1), 1, Decimal(0))], Decimal(0), Decimal(0), number="114-1234567-1234567")
    assert increment_id_for(order, row) == "AMZ-114-1234567-1234567"
    order.marketplace_order_id = "x" * 64
    longest = increment_id_for(order, row)
    assert longest is not None
    assert len(longest) == 50
    assert increment_id_for(order, row) == longest
    order.marketplace_order_id = "x" * 63 + "y"
    assert increment_id_for(order, row) != longest


def test_empty_nodes_are_left_out_zero_and_false_stay():
    value = {
        "a": "",
        "b": None,
        "c": [],
        "d": {},
        "e": 0,
        "f": False,
        "g": Decimal(0),
        "h": {"i": "", "j": [None, 1]},
    }
    assert prune(value) == {"e": 0, "f": False, "g": 0, "h": {"j": [1]}}
