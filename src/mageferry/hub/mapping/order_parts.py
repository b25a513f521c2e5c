"""An order as it goes to Magento: whole, or in parts, one for each seller. Pure.

The parts add up to the order to the cent: an item's amounts stay with it; shipping, its tax and its discount are shared
out by the value of the items. Items without a seller make a part, too, so that the others don't carry its shipping;
it goes nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mageferry.hub.mapping.amounts import ZERO, spread
from mageferry.hub.mapping.order_amounts import Line, Totals, close_amounts, sent_items
from mageferry.hub.trade.models import Order, OrderItem, Seller


@dataclass(frozen=True, slots=True)
class OrderPart:
    """Some lines of an order with their own totals; `seller` is None for an order that goes whole."""

    lines: Sequence[Line]
    totals: Totals
    seller: Seller | None = None

    @property
    def items(self) -> list[OrderItem]:
        return [line.item for line in self.lines]


def whole_order(order: Order) -> OrderPart:
    """Everything of an order. Raises UnsendableOrder when its amounts don't add up."""
    return OrderPart(*close_amounts(order, list(order.items.all())))


def split_order(order: Order) -> dict[int | None, OrderPart]:
    """The parts by the seller's primary key, in the order of their first items; None: items without a seller.

    Raises UnsendableOrder when the amounts of the order don't add up.
    """
    lines, totals = close_amounts(order, list(order.items.all()))
    sellers = sellers_by_item(list(order.items.all()))
    groups: dict[int | None, list[Line]] = {}
    for line in lines:
        seller = sellers[line.item.pk]
        groups.setdefault(seller.pk if seller else None, []).append(line)
    weights = [sum((line.row_total for line in group), ZERO) for group in groups.values()]
    # Shared out apart from its discount, so that no part is discounted by more than it has.
    net = spread(totals.shipping - totals.shipping_discount, weights)
    discounts, taxes = spread(totals.shipping_discount, weights), spread(totals.shipping_tax, weights)
    return {
        key: OrderPart(group, _totals(group, paid + discount, tax, discount), sellers[group[0].item.pk])
        for (key, group), paid, discount, tax in zip(groups.items(), net, discounts, taxes, strict=True)
    }


def sellers_by_item(items: Sequence[OrderItem]) -> dict[int, Seller | None]:
    """Whose each item is, by primary key: its own seller, else that of the bundle it is part of."""
    bundles = {item.sku: item.seller for item in items if item.product_type == "bundle"}
    return {item.pk: item.seller or bundles.get(item.bundle_sku) for item in items}


def items_of_seller(items: Sequence[OrderItem], seller: Seller) -> list[OrderItem]:
    """The items that go with a seller's part, with the bundles whose components are among them."""
    sellers = sellers_by_item(items)
    sent = [item for item in sent_items(items) if sellers[item.pk] == seller]
    bundles = {item.bundle_sku for item in sent if item.bundle_sku}
    unsent = [item for item in items if item.product_type == "bundle" and item.sku in bundles]
    return [*sent, *(item for item in unsent if item not in sent)]


def _totals(
    lines: Sequence[Line], shipping: Decimal, shipping_tax: Decimal, shipping_discount: Decimal
) -> Totals:
    subtotal = sum((line.row_total for line in lines), ZERO)
    tax = sum((line.tax for line in lines), ZERO) + shipping_tax
    discount = sum((line.discount for line in lines), ZERO) + shipping_discount
    return Totals(
        subtotal,
        shipping,
        shipping_tax,
        shipping_discount,
        tax,
        discount,
        subtotal + shipping + tax - discount,
    )
