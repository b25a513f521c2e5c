"""Money of refunds: what is planned is what the shop's own arithmetic comes to, and partial refunds sum to the full."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mageferry.hub.mapping.amounts import cents
from mageferry.hub.mapping.order_out import build_entity
from mageferry.hub.mapping.refund_out import (
    RefundPlan,
    ReturnedItem,
    UnrefundableOrder,
    Wish,
    plan_refund,
)
from mageferry.hub.mapping.sale import Sale, read_sale
from mageferry.sandbox.sales.lines import SalesOrder
from mageferry.sandbox.sales.refund_entries import register_refund
from mageferry.sandbox.sales.refunding import RefundRequest, check_refund, draft_refund
from tests.hub.mapping.test_order_out import CENTS, LINES, an_order

NOW = "2026-11-22 10:00:00"


class Shop:
    """The sandbox's own sums for one order, without the HTTP around them."""

    def __init__(self, entity: dict[str, Any], rate: Decimal = Decimal(1)) -> None:
        record = {"entity_id": 7, "increment_id": "7", **json.loads(json.dumps(entity))}
        for item_id, item in enumerate(record["items"], 31):
            item["item_id"] = item_id
        self.order = SalesOrder(record)
        if rate != 1:
            self._price_in_another_currency(rate)

    def _price_in_another_currency(self, rate: Decimal) -> None:
        """The base amounts stay, those in the order's currency are converted, as a checkout does."""
        record: dict[str, Any] = self.order.record
        record["base_to_order_rate"] = float(rate)
        for each in (record, *record["items"]):
            for name in [name for name in each if name.startswith("base_") and name != "base_to_order_rate"]:
                if isinstance(each[name], int | float):
                    each[name.removeprefix("base_")] = float(cents(Decimal(str(each[name])) * rate))

    @property
    def sale(self) -> Sale:
        return read_sale(json.loads(json.dumps(self.order.record)))

    def refund(self, plan: RefundPlan) -> Decimal:
        """Make the credit memo; its grand total in the order's currency."""
        request = RefundRequest(
            plan.quantities, plan.shipping_amount, plan.adjustment_positive, plan.adjustment_negative
        )
        draft = draft_refund(self.order, request)
        assert check_refund(draft, request) == []
        register_refund(draft, NOW, notify=False)
        return draft.get("grand_total")


@st.composite
def sales(draw: st.DrawFn) -> Shop:
    """An exported order: any prices, taxes, discounts, with tax of the shipping in some."""
    order, row = an_order(draw(LINES), draw(CENTS), draw(CENTS))
    if order.shipping_amount and draw(st.booleans()):
        extra = cents(order.shipping_amount * Decimal("0.19"))
        order.tax_amount += extra
        order.grand_total += extra
    assume(order.grand_total > 0)
    return Shop(build_entity(order, row))


def some_items(draw: st.DataObject, sale: Sale) -> list[ReturnedItem]:
    found = []
    for line in sale.lines.values():
        quantity = draw.draw(st.integers(0, int(line.to_refund)))
        if quantity:
            found.append(ReturnedItem(line.item_id, None, line.sku, Decimal(quantity)))
    return found


@settings(max_examples=150, deadline=None)
@given(sales(), st.data())
def test_partial_refunds_are_of_their_amount_to_the_cent_and_sum_to_the_order(
    shop: Shop, data: st.DataObject
):
    whole = cents(shop.sale.left)
    refunded = Decimal(0)
    for _ in range(data.draw(st.integers(0, 4))):
        sale = shop.sale
        if sale.left < Decimal("0.02") or sale.state == "closed":
            break
        shipping = Decimal(data.draw(st.integers(0, int(sale.shipping_left * 100)))) / 100
        amount = Decimal(data.draw(st.integers(1, int(sale.left * 100) - 1))) / 100
        plan = plan_refund(sale, Wish(amount, shipping, some_items(data, sale)))
        assert shop.refund(plan) == plan.grand_total == amount
        refunded += amount
    # Magento takes an order for settled when what is left equals the fees that were kept back.
    assume(shop.sale.state != "closed")
    rest = cents(shop.sale.left)
    assert shop.refund(plan_refund(shop.sale, Wish(rest, Decimal(0)))) == rest
    assert refunded + rest == whole
    assert shop.sale.left == 0


@settings(max_examples=60, deadline=None)
@given(sales(), st.data())
def test_what_magento_computes_by_itself_needs_no_adjustment(shop: Shop, data: st.DataObject):
    """One unit after the other, with the amounts that Magento's own rounding comes to, down to the last cent."""
    whole, refunded = cents(shop.sale.left), Decimal(0)
    for line in list(shop.sale.lines.values()):
        for _ in range(int(line.to_refund)):
            sale = shop.sale
            if not cents(sale.left):
                break  # What is left to give back costs nothing.
            probe = plan_refund(sale, Wish(sale.left, Decimal(0), [_one(line.item_id)]))
            natural = sale.left - probe.adjustment_positive + probe.adjustment_negative
            if cents(natural) <= 0:
                continue
            plan = plan_refund(sale, Wish(cents(natural), Decimal(0), [_one(line.item_id)]))
            assert (plan.adjustment_positive, plan.adjustment_negative) == (0, 0)
            refunded += shop.refund(plan)
    rest = cents(shop.sale.left)
    if rest:
        refunded += shop.refund(plan_refund(shop.sale, Wish(rest, Decimal(0))))
    assert refunded == whole


def _one(item_id: int) -> ReturnedItem:
    return ReturnedItem(item_id, None, "S", Decimal(1))


@settings(max_examples=50, deadline=None)
@given(sales(), st.sampled_from(["0.8437", "1.1", "1.3651", "147.25"]), st.data())
def test_where_the_currencies_differ_the_nearest_amount_is_taken_and_the_base_never_exceeded(
    shop: Shop, rate: str, data: st.DataObject
):
    foreign = Shop(shop.order.record, Decimal(rate))
    sale = foreign.sale
    assume(sale.left > 2 * max(Decimal(rate), Decimal(1)))
    amount = Decimal(data.draw(st.integers(int(Decimal(rate) * 2) or 1, int(sale.left * 100)))) / 100
    plan = plan_refund(sale, Wish(amount, Decimal(0), some_items(data, sale)))
    made = foreign.refund(plan)
    # One cent of the base currency is the smallest step that Magento takes.
    assert abs(made - amount) <= max(Decimal("0.01"), cents(Decimal(rate) / 100))
    assume(foreign.sale.state != "closed" and foreign.sale.left > Decimal(rate) / 50)
    foreign.refund(plan_refund(foreign.sale, Wish(foreign.sale.left, Decimal(0))))
    assert foreign.sale.amounts["base_total_refunded"] == cents(foreign.sale.amounts["base_total_paid"])


def a_sale(**changes: Any) -> dict[str, Any]:
    """Two mugs and a fixed-price bundle of a pot with two cups."""
    lines = [
        {"item_id": 1, "sku": "MUG", "product_type": "simple", "row_invoiced": 20, "price": 10},
        {"item_id": 2, "sku": "SET", "product_type": "bundle", "row_invoiced": 30, "price": 15},
        {"item_id": 3, "sku": "POT", "product_type": "simple", "parent_item_id": 2, "price": 0},
        {"item_id": 4, "sku": "CUP", "product_type": "simple", "parent_item_id": 2, "price": 0},
    ]
    for line in lines:
        line |= {"qty_ordered": 2, "qty_invoiced": 2}
        line["base_row_invoiced"] = line.get("row_invoiced", 0)
    lines[3] |= {"qty_ordered": 4, "qty_invoiced": 4}
    return {
        "entity_id": 5, "increment_id": "000000005", "state": "processing", "status": "processing",
        "total_paid": 50, "base_total_paid": 50, "items": lines, **changes,
    }  # fmt: skip


def plan(raw: dict[str, Any], amount: str, *items: ReturnedItem) -> RefundPlan:
    return plan_refund(read_sale(raw), Wish(Decimal(amount), Decimal(0), items))


def a_pot(quantity: int, **changes: Any) -> ReturnedItem:
    return ReturnedItem(3, 2, "POT", Decimal(quantity), **changes)


def cups(quantity: int) -> ReturnedItem:
    return ReturnedItem(4, 2, "CUP", Decimal(quantity))


def test_parts_of_a_bundle_with_one_price_go_back_as_the_bundle():
    planned = plan(a_sale(), "15.00", a_pot(1, back_to_stock=True), cups(2))
    assert planned.quantities == {2: 1}
    assert planned.return_to_stock_items == (2,)
    assert planned.adjustment_positive == 0


def test_a_part_alone_of_such_a_bundle_cannot_go_back():
    with pytest.raises(UnrefundableOrder, match=r"names only some of its parts \(POT, CUP\)"):
        plan(a_sale(), "5.00", a_pot(1))


def test_parts_that_have_prices_of_their_own_go_back_by_themselves():
    raw = a_sale()
    raw["items"][2] |= {"price": 15, "row_invoiced": 30, "base_row_invoiced": 30}
    assert plan(raw, "15.00", a_pot(1)).quantities == {3: 1}


def test_a_child_of_a_configurable_goes_back_as_its_parent():
    raw = a_sale()
    raw["items"][1]["product_type"] = "configurable"
    raw["items"] = raw["items"][:3]
    assert plan(raw, "15.00", a_pot(1)).quantities == {2: 1}


def test_money_alone_names_an_item_and_none_of_it():
    planned = plan(a_sale(), "4.00")
    assert (planned.quantities, planned.adjustment_positive) == ({1: 0}, 4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "closed"}, "000000005 in Magento is closed"),
        ({"state": "canceled"}, "is canceled"),
        ({"state": "holded"}, "is on hold"),
        ({"state": "payment_review"}, "is under payment review"),
        ({"total_paid": 0}, "nothing invoiced"),
    ],
)
def test_orders_that_cannot_be_refunded_say_why_and_what_to_do(changes: dict[str, Any], words: str):
    with pytest.raises(UnrefundableOrder, match=words) as refused:
        plan(a_sale(**changes), "4.00")
    assert refused.value.remedy


def test_half_a_mug_cannot_go_back_but_half_a_metre_can():
    half = ReturnedItem(1, None, "MUG", Decimal("0.5"))
    with pytest.raises(
        UnrefundableOrder, match=r"0\.5 of MUG can't be refunded: Magento sells it in whole units"
    ):
        plan(a_sale(), "5.00", half)
    raw = a_sale()
    raw["items"][0]["is_qty_decimal"] = 1
    assert plan(raw, "5.00", half).quantities == {1: Decimal("0.5")}


def test_an_item_of_another_order_is_named():
    with pytest.raises(UnrefundableOrder, match=r"HAT \(item 99\) isn't part of order 000000005"):
        plan(a_sale(), "4.00", ReturnedItem(99, None, "HAT", Decimal(1)))
