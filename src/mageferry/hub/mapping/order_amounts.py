"""The money of an order to the cent: lines and totals that add up.

Rows are price x quantity; what rounding leaves over goes to the last line, so that the sum always closes:
subtotal + shipping + tax - discount = grand total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mageferry.hub.mapping.amounts import CENT, ZERO, cents, spread
from mageferry.hub.trade.models import Order, OrderItem


class UnsendableOrder(Exception):
    """An order that can't be exported as it is: everything that is missing or doesn't add up."""

    remedy = "Complete the order in the hub, then clear its error or retry the unit of work."

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The order can't be exported: " + "; ".join(problems) + ".")


@dataclass(frozen=True, slots=True)
class Line:
    """An item with its amounts to the cent."""

    item: OrderItem
    row_total: Decimal
    tax: Decimal
    discount: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """Amounts of the whole order to the cent; they close."""

    subtotal: Decimal
    shipping: Decimal
    shipping_tax: Decimal
    shipping_discount: Decimal
    tax: Decimal
    discount: Decimal
    grand_total: Decimal


def sent_items(items: Sequence[OrderItem]) -> list[OrderItem]:
    """The items to send: of a bundle its components only."""
    bundled = {item.bundle_sku for item in items if item.bundle_sku}
    return [item for item in items if not (item.product_type == "bundle" and item.sku in bundled)]


def close_amounts(order: Order, items: Sequence[OrderItem]) -> tuple[list[Line], Totals]:
    """Each line and the whole to the cent, adding up to the order's own totals.

    Raises UnsendableOrder when they don't add up beyond rounding.
    """
    sent = sent_items(items)
    rows = _line_amounts(items, sent, [item.price * item.quantity for item in items])
    taxes = _line_amounts(items, sent, [item.unit_tax * item.quantity for item in items])
    discounts = _line_amounts(items, sent, [item.discount_amount for item in items])
    shipping = cents(order.shipping_amount)
    subtotal, tax, discount = cents(order.subtotal), cents(order.tax_amount), cents(order.discount_amount)
    problems: list[str] = []
    tolerance = CENT * len(sent)
    rows = _close(rows, subtotal, tolerance)
    if sum(rows, ZERO) != subtotal:
        problems.append(f"its items add up to {sum(rows, ZERO)}, its subtotal is {subtotal}")
    if discount and not any(discounts):
        discounts = spread(discount, rows)
    taxes = _close(taxes, tax, tolerance)
    # What the order's tax and discount hold beyond the items' belongs to shipping.
    shipping_tax = tax - sum(taxes, ZERO)
    if shipping_tax < 0:
        problems.append(f"its items' tax adds up to {sum(taxes, ZERO)}, its tax is {tax}")
    discounts = _close(discounts, discount, tolerance)
    shipping_discount = discount - sum(discounts, ZERO)
    if not 0 <= shipping_discount <= shipping:
        problems.append(f"its items' discounts add up to {sum(discounts, ZERO)}, its discount is {discount}")
    grand_total = subtotal + shipping + tax - discount
    if grand_total != cents(order.grand_total):
        problems.append(
            f"subtotal {subtotal} + shipping {shipping} + tax {tax} - discount {discount} = {grand_total}, "
            f"its grand total is {cents(order.grand_total)}"
        )
    if problems:
        raise UnsendableOrder(problems)
    lines = [Line(*parts) for parts in zip(sent, rows, taxes, discounts, strict=True)]
    return lines, Totals(subtotal, shipping, shipping_tax, shipping_discount, tax, discount, grand_total)


def _line_amounts(
    items: Sequence[OrderItem], sent: Sequence[OrderItem], amounts: Sequence[Decimal]
) -> list[Decimal]:
    """Amounts of the lines to send, to the cent. A bundle that carries the money instead of its components
    passes it on to them, shared out by quantity."""
    by_item = {id(item): cents(amount) for item, amount in zip(items, amounts, strict=True)}
    for bundle in items:
        parts = (
            [item for item in sent if item.bundle_sku == bundle.sku]
            if bundle.product_type == "bundle"
            else []
        )
        if parts and by_item[id(bundle)] and not any(by_item[id(part)] for part in parts):
            shares = spread(by_item[id(bundle)], [part.quantity for part in parts])
            by_item.update({id(part): share for part, share in zip(parts, shares, strict=True)})
    return [by_item[id(item)] for item in sent]


def _close(amounts: Sequence[Decimal], total: Decimal, tolerance: Decimal) -> list[Decimal]:
    """The amounts with what rounding left over on the last one, when it is no more than rounding."""
    left = total - sum(amounts, ZERO)
    if left and abs(left) <= tolerance and amounts:
        return [*amounts[:-1], amounts[-1] + left]
    return list(amounts)
