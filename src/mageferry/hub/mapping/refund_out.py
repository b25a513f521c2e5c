"""A refund of the hub as what `POST /V1/order/{id}/refund` takes. Pure.

The credit memo's grand total becomes the refund's amount to the cent: what Magento's own arithmetic makes of the items
and the shipping is worked out first, the difference goes along as an adjustment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from mageferry.hub.mapping.amounts import CENT, ZERO, cents
from mageferry.hub.mapping.credit_memo import MemoTotals, expected_totals
from mageferry.hub.mapping.sale import Sale, SaleLine
from mageferry.hub.trade.models import OrderPayment, OrderRefundItem

_RETRY = "then retry the unit of work"
_STATES = {
    "closed": (
        "is closed: everything of it is refunded",
        "If this refund is among what was refunded there, skip the unit of work. Else nothing of it can be refunded in "
        "Magento any more.",
    ),
    "canceled": (
        "is canceled",
        "A canceled order can't be refunded in Magento: refund it where it was paid, and skip the unit of work.",
    ),
    "holded": ("is on hold", f"Unhold it in Magento, {_RETRY}."),
    "payment_review": ("is under payment review", f"Finish the review in Magento, {_RETRY}."),
}


class UnrefundableOrder(Exception):
    """A refund that can't be made as it is: why, and what a person can do."""

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason, self.remedy = reason, remedy
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class ReturnedItem:
    """An item given back: its item_id in Magento, the bundle's when it is part of one, how many, and whether they go
    back to stock."""

    item_id: int
    parent_item_id: int | None
    sku: str
    quantity: Decimal
    back_to_stock: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """A refund as the hub has it, in the order's currency. Tax of the shipping comes on top of `shipping_amount`.

    `closes_after`: after how many other refunds this one makes up the whole order, by the hub's own sums; None: it
    doesn't.
    """

    amount: Decimal
    shipping_amount: Decimal
    items: Sequence[ReturnedItem] = ()
    closes_after: int | None = None


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """What to send: quantities by item_id, amounts in the base currency. `grand_total`: what the credit memo will add
    up to, in the order's currency."""

    quantities: Mapping[int, Decimal]
    shipping_amount: Decimal
    adjustment_positive: Decimal
    adjustment_negative: Decimal
    grand_total: Decimal
    return_to_stock_items: tuple[int, ...] = field(default=())


def wish_of(refund: OrderPayment, made: Sequence[Decimal] = ()) -> Wish:
    """The refund as the mapping takes it; `made`: the amounts of the order's refunds that are in Magento already.

    Raises UnrefundableOrder for an item that isn't in Magento.
    """
    items = [_returned(item) for item in refund.refund_items.all()]
    closes = cents(sum(made, refund.amount)) == cents(refund.order.grand_total)
    return Wish(refund.amount, refund.shipping_amount, items, len(made) if closes else None)


def _returned(returned: OrderRefundItem) -> ReturnedItem:
    item = returned.order_item
    if not hasattr(item, "magento"):
        raise UnrefundableOrder(f"{item.sku} isn't in Magento.", f"Take it out of the refund, {_RETRY}.")
    there = item.magento
    return ReturnedItem(
        there.item_id, there.parent_item_id, item.sku, returned.quantity, returned.back_to_stock
    )


def plan_refund(sale: Sale, wish: Wish) -> RefundPlan:
    """How to refund this of the order as it is in the shop now. Raises UnrefundableOrder.

    Without items: everything that is left when the amount is all that is left, else money alone.
    What exceeds a maximum of Magento's is planned all the same: Magento names the maximum best.
    """
    _check(sale, wish)
    everything = _is_everything(sale, wish)
    if not wish.items and everything:
        quantities = {line.item_id: line.to_refund for line in sale.lines.values() if line.to_refund > 0}
        shipping = sale.shipping_left
    else:
        quantities = _quantities(sale, wish.items)
        shipping = _base_shipping(sale, wish.shipping_amount)
    quantities = quantities or _nothing_of_an_item(sale)
    back = [_counted(sale, item).item_id for item in wish.items if item.back_to_stock]
    too_much = shipping > sale.shipping_left or any(
        quantity > sale.lines[item_id].to_refund for item_id, quantity in quantities.items() if quantity
    )
    expected = MemoTotals(ZERO, ZERO) if too_much else expected_totals(sale, quantities, shipping)
    adjustment = ZERO if too_much else _adjustment(sale, wish.amount, expected, everything=everything)
    return RefundPlan(
        quantities, shipping, max(adjustment, ZERO), max(-adjustment, ZERO),
        cents(expected.order) + _in_order_currency(sale, adjustment), tuple(sorted(set(back))),
    )  # fmt: skip


def _is_everything(sale: Sale, wish: Wish) -> bool:
    """Whether it gives back all that is left. Between two currencies each refund before may have come out a cent of
    the base currency beside its amount, and what is left with it."""
    beside = abs(cents(wish.amount) - cents(sale.left))
    if not beside or sale.rate == 1 or wish.closes_after is None:
        return not beside
    return beside <= wish.closes_after * max(CENT, cents(sale.rate * CENT))


def _check(sale: Sale, wish: Wish) -> None:
    if sale.state in _STATES:
        what, remedy = _STATES[sale.state]
        raise UnrefundableOrder(f"Order {sale.increment_id} in Magento {what}.", remedy)
    if not sale.amounts["total_paid"]:
        raise UnrefundableOrder(
            f"Order {sale.increment_id} in Magento has nothing invoiced: only what is invoiced can be refunded.",
            f"Invoice the order in Magento, {_RETRY}. Orders still to be exported: choose under Invoice of the "
            "connector that they are created as invoiced and paid, or invoiced with a call.",
        )
    if wish.amount <= 0:
        raise UnrefundableOrder(
            f"The refund's amount is {wish.amount.normalize():f}.", f"Enter what was given back, {_RETRY}."
        )


def _quantities(sale: Sale, items: Sequence[ReturnedItem]) -> dict[int, Decimal]:
    quantities: dict[int, Decimal] = {}
    bundles: dict[int, dict[int, Decimal]] = {}
    for item in items:
        line = _counted(sale, item)
        if line.item_id == item.item_id:
            quantities[line.item_id] = quantities.get(line.item_id, ZERO) + item.quantity
        else:
            bundles.setdefault(line.item_id, {})[item.item_id] = item.quantity
    for item_id, parts in bundles.items():
        quantities[item_id] = _whole_bundles(sale.lines[item_id], parts)
    for item_id, quantity in quantities.items():
        line = sale.lines[item_id]
        if quantity % 1 and not line.in_fractions:
            raise UnrefundableOrder(
                f"{quantity.normalize():f} of {line.sku} can't be refunded: Magento sells it in whole units.",
                f"Change the quantity, {_RETRY}.",
            )
    return quantities


def _counted(sale: Sale, item: ReturnedItem) -> SaleLine:
    """The line that counts for this item: itself, or the bundle or configurable that carries its money."""
    line = sale.lines.get(item.item_id)
    if line is None:
        raise UnrefundableOrder(
            f"{item.sku} (item {item.item_id}) isn't part of order {sale.increment_id} in Magento.",
            f"Take it out of the refund, {_RETRY}.",
        )
    return line.parent if line.is_dummy and line.parent is not None else line


def _whole_bundles(bundle: SaleLine, parts: Mapping[int, Decimal]) -> Decimal:
    """A bundle with a price of its own is refunded whole: how many bundles these parts are."""
    ordered = bundle.amounts["qty_ordered"]
    counts = {
        parts.get(part.item_id, ZERO) * ordered / part.amounts["qty_ordered"] for part in bundle.children
    }
    if len(counts) != 1:
        names = ", ".join(part.sku for part in bundle.children)
        raise UnrefundableOrder(
            f"The bundle {bundle.sku} has one price and is refunded whole; the refund names only some of its parts "
            f"({names}).",
            f"Name all parts of the bundle in the refund, or give back money without items, {_RETRY}.",
        )
    return counts.pop()


def _nothing_of_an_item(sale: Sale) -> dict[int, Decimal]:
    """No unit of an item: without any item Magento would take everything that is left."""
    for line in sale.lines.values():
        if not line.is_dummy:
            return {line.item_id: ZERO}
    raise UnrefundableOrder(
        f"Order {sale.increment_id} in Magento has no items.",
        "Refund it in Magento by hand, and skip the unit of work.",
    )


def _base_shipping(sale: Sale, amount: Decimal) -> Decimal:
    left = sale.amounts["shipping_amount"] - sale.amounts["shipping_refunded"]
    return sale.shipping_left if cents(amount) == cents(left) else cents(amount / sale.rate)


def _in_order_currency(sale: Sale, base: Decimal) -> Decimal:
    return cents(base * sale.rate)


def _adjustment(sale: Sale, amount: Decimal, expected: MemoTotals, *, everything: bool) -> Decimal:
    """What to add (or take off, below zero) in the base currency, so that the amount comes out.

    Where the currencies differ not every cent can be reached; the nearest is taken that leaves the base amount within
    what was paid.
    """
    missing = cents(amount) - cents(expected.order)
    near = cents(missing / sale.rate)
    if sale.rate == 1:
        return near
    most = cents(sale.amounts["base_total_paid"]) - sale.amounts["base_total_refunded"] - expected.base
    if everything:
        return cents(most)
    steps = [near + step * CENT for step in range(-2, 3)]
    # Magento refuses credit memos of nothing, and of more than was paid.
    fitting = [
        step
        for step in steps
        if step <= most and expected.base + step > 0 and expected.order + _in_order_currency(sale, step) > 0
    ] or [near]
    return min(fitting, key=lambda step: (abs(_in_order_currency(sale, step) - missing), abs(step)))
