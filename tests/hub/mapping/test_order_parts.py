"""Parts of orders: whatever the sellers, prices, taxes and discounts, they add up to the order to the cent."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mageferry.hub.connectors.models import NumberRule
from mageferry.hub.mapping.amounts import cents
from mageferry.hub.mapping.order_out import build_entity, increment_id_for
from mageferry.hub.mapping.order_parts import items_of_seller, split_order
from mageferry.hub.trade.models import OrderItem, Seller
from tests.hub.mapping.test_order_out import CENTS, LINES, an_order

SELLERS = [
    Seller(pk=pk, name=name, code=name.lower()) for pk, name in enumerate(("North", "South", "East"), 1)
]
AMOUNTS = (
    "subtotal", "shipping_amount", "shipping_tax_amount", "tax_amount", "discount_amount", "grand_total", "total_paid",
)  # fmt: skip


def share_out(order: Any, whose: list[int | None]) -> None:
    for number, item in enumerate(order._prefetched_objects_cache["items"]):
        item.pk = number + 1
        chosen = whose[number % len(whose)]
        item.seller = SELLERS[chosen] if chosen is not None else None


@settings(max_examples=150, deadline=None)
@given(LINES, CENTS, CENTS, st.lists(st.sampled_from([0, 1, 2, None]), min_size=1, max_size=8), st.booleans())
def test_the_parts_add_up_to_the_order(
    lines: list[tuple[Decimal, int, Decimal]],
    shipping: Decimal,
    discount: Decimal,
    whose: list[int | None],
    taxed: bool,
):
    order, _ = an_order(lines, shipping, discount)
    if taxed and shipping:
        extra = cents(shipping * Decimal("0.07"))
        order.tax_amount, order.grand_total = order.tax_amount + extra, order.grand_total + extra
    share_out(order, whose)
    parts = split_order(order)
    totals = [part.totals for part in parts.values()]
    for name, whole in (
        ("subtotal", order.subtotal),
        ("shipping", order.shipping_amount),
        ("tax", order.tax_amount),
        ("discount", order.discount_amount),
        ("grand_total", order.grand_total),
    ):
        assert sum(getattr(each, name) for each in totals) == whole, name
    for part in parts.values():
        assert part.totals.subtotal == sum(line.row_total for line in part.lines)
        assert part.totals.tax == sum(line.tax for line in part.lines) + part.totals.shipping_tax
        assert 0 <= part.totals.shipping_discount <= part.totals.shipping
    assert sum(len(part.lines) for part in parts.values()) == len(lines)


@settings(max_examples=50, deadline=None)
@given(LINES, CENTS, CENTS)
def test_what_is_sent_of_the_parts_adds_up_as_well(
    lines: list[tuple[Decimal, int, Decimal]], shipping: Decimal, discount: Decimal
):
    order, row = an_order(lines, shipping, discount)
    share_out(order, [0, 1, 2])
    whole = build_entity(order, row)
    parts = [build_entity(order, row, seller) for seller in SELLERS[: len(lines)]]
    for name in (*AMOUNTS, *(f"base_{name}" for name in AMOUNTS)):
        sent = sum((Decimal(str(part.get(name, 0))) for part in parts), Decimal(0))
        assert sent == Decimal(str(whole.get(name, 0))), name
    assert len({part["increment_id"] for part in parts}) == len(parts)
    assert {part["ext_order_id"] for part in parts} == {order.marketplace_order_id}


def test_a_part_has_a_number_of_its_own_that_stays_the_same():
    order, row = an_order([(Decimal(1), 1, Decimal(0))], Decimal(0), Decimal(0), number="114-7")
    assert increment_id_for(order, row, SELLERS[0]) == "AMZ-114-7-north"
    order.marketplace_order_id = "x" * 64
    numbers = [increment_id_for(order, row, seller) for seller in (*SELLERS, None)]
    assert len(set(numbers)) == 4
    assert {len(number or "") for number in numbers} == {50}
    row.connector.number_rule = NumberRule.MAGENTO
    assert increment_id_for(order, row, SELLERS[0]) is None


def test_components_go_with_the_seller_of_their_bundle_unless_they_have_one():
    north, south, _ = SELLERS
    items = [
        OrderItem(pk=1, sku="SET", product_type="bundle", seller=north),
        OrderItem(pk=2, sku="POT", bundle_sku="SET"),
        OrderItem(pk=3, sku="CUP", bundle_sku="SET", seller=south),
    ]
    assert [item.sku for item in items_of_seller(items, north)] == ["POT", "SET"]
    assert [item.sku for item in items_of_seller(items, south)] == ["CUP", "SET"]
