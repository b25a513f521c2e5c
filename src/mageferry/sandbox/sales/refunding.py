"""Credit memos: which items and amounts one has, what refuses it, and what it does to its order.

Amounts follow Magento's credit memo totals (subtotal, shipping, discount, tax, adjustments). Without an
explicit shipping amount everything left of the shipping is refunded; the last units of an item take what
is left of its amounts, so partial refunds sum to the full one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from mageferry.sandbox.money import ZERO, format_price, round_price, shown
from mageferry.sandbox.refusals import Refusal
from mageferry.sandbox.sales.draft import Draft, DraftLine
from mageferry.sandbox.sales.invoicing import shipping_compensation
from mageferry.sandbox.sales.lines import PREFIXES, Line, SalesOrder
from mageferry.sandbox.sales.states import (
    CANCELED,
    CLOSED,
    HOLDED,
    PAYMENT_REVIEW,
)

REFUNDED = 2
BAD_QUANTITY = 'We found an invalid quantity to refund item "%1".'
SHIPPING_MAXIMUM = "Maximum shipping amount allowed to refund is: %1"
_COMPENSATION = "discount_tax_compensation"


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What a refund asks for. ``shipping`` is None for everything left; money is in the base currency."""

    quantities: Mapping[int, Decimal] = field(default_factory=dict)
    shipping: Decimal | None = None
    positive: Decimal | None = None
    negative: Decimal | None = None


def draft_refund(order: SalesOrder, request: RefundRequest) -> Draft:
    """Raises Refusal (400) for more units than are left, or more shipping."""
    draft = Draft(order, [])
    for line in order.lines:
        if _is_refunded(line, request.quantities):
            draft.lines.append(_draft_line(line, request.quantities))
    for prefix in PREFIXES:
        _add_rows(draft, prefix)
    _add_shipping(draft, request.shipping)
    for prefix in PREFIXES:
        _add_discount(draft, prefix)
        _add_tax(draft, prefix)
    _add_adjustments(draft, request)
    return draft


def _is_refunded(line: Line, quantities: Mapping[int, Decimal]) -> bool:
    if not line.is_dummy:
        return line.to_refund > 0
    related = line.children or [line.parent] if line.parent else line.children
    return any(
        (quantities.get(other.item_id, ZERO) if quantities else other.to_refund) > 0 for other in related
    )


def _draft_line(line: Line, quantities: Mapping[int, Decimal]) -> DraftLine:
    if line.is_dummy:
        quantity = _dummy_quantity(line, quantities)
    elif line.item_id in quantities:
        quantity = quantities[line.item_id]
    else:
        quantity = ZERO if quantities else line.to_refund
    counted = line.whole(quantity)
    if counted > line.to_refund and not line.is_dummy:
        raise Refusal(400, BAD_QUANTITY, [line.name])
    last = counted == line.to_refund and line.to_invoice == 0
    return DraftLine(line, counted, is_last=last)


def _dummy_quantity(line: Line, quantities: Mapping[int, Decimal]) -> Decimal:
    if line.children:
        return line.get("qty_invoiced") - line.get("qty_refunded")
    if line.parent is None:
        return Decimal(1)
    return quantities.get(line.parent.item_id, line.parent.to_refund) * line.units_per_parent


def _add_rows(draft: Draft, prefix: str) -> None:
    subtotal = including = ZERO
    for entry in draft.priced:
        line = entry.line
        available = line.get("qty_invoiced") - line.get("qty_refunded")
        left = line.get(f"{prefix}row_invoiced") - line.get(f"{prefix}amount_refunded")
        row = draft.share(left, available, entry, prefix)
        entry.amounts[f"{prefix}row_total"] = row
        subtotal += row
        with_tax = line.row_total_incl_tax(prefix)
        if with_tax and line.get("qty_ordered"):
            share = with_tax / line.get("qty_ordered") * entry.quantity
            entry.amounts[f"{prefix}row_total_incl_tax"] = draft.rounder.round(share, f"{prefix}including")
            including += entry.amounts[f"{prefix}row_total_incl_tax"]
    draft.add(f"{prefix}subtotal", subtotal)
    draft.add(f"{prefix}subtotal_incl_tax", including)
    draft.add(f"{prefix}grand_total", subtotal)


def _add_shipping(draft: Draft, wanted: Decimal | None) -> None:
    order = draft.order
    base_left = order.get("base_shipping_amount") - order.get("base_shipping_refunded")
    if wanted is not None and round_price(wanted) > round_price(base_left):
        raise Refusal(400, SHIPPING_MAXIMUM, [format_price(base_left, order.base_currency)])
    whole = order.get("base_shipping_amount")
    ratio = round_price(wanted) / whole if wanted is not None and whole > 0 else ZERO
    for prefix in PREFIXES:
        left = order.get(f"{prefix}shipping_amount") - order.get(f"{prefix}shipping_refunded")
        tax_left = order.get(f"{prefix}shipping_tax_amount") - order.get(f"{prefix}shipping_tax_refunded")
        including = left + tax_left
        if wanted is not None:
            including = order.get(f"{prefix}shipping_incl_tax") * ratio
            if round_price(wanted) < base_left:
                left = round_price(order.get(f"{prefix}shipping_amount") * ratio)
        draft.totals[f"{prefix}shipping_amount"] = left
        draft.totals[f"{prefix}shipping_incl_tax"] = round_price(including)
        draft.add(f"{prefix}grand_total", left)


def _add_discount(draft: Draft, prefix: str) -> None:
    order = draft.order
    total = ZERO
    if draft.get("base_shipping_amount"):
        share = draft.get("base_shipping_amount") / order.get("base_shipping_amount")
        total += order.get(f"{prefix}shipping_discount_amount") * share
    for entry in draft.priced:
        line = entry.line
        invoiced = line.get(f"{prefix}discount_invoiced")
        if not invoiced or not line.get("qty_invoiced"):
            continue
        left = invoiced - line.get(f"{prefix}discount_refunded")
        available = line.get("qty_invoiced") - line.get("qty_refunded")
        discount = draft.share(left, available, entry, prefix, negative=True)
        entry.amounts[f"{prefix}discount_amount"] = discount
        total += discount
    draft.add(f"{prefix}discount_amount", -total)
    draft.add(f"{prefix}grand_total", -total)


def _add_tax(draft: Draft, prefix: str) -> None:
    order = draft.order
    sums = {"tax": ZERO, _COMPENSATION: ZERO}
    for entry in draft.priced:
        line = entry.line
        if entry.quantity <= 0 or not line.get("qty_invoiced"):
            continue
        available = line.get("qty_invoiced") - line.get("qty_refunded")
        for kind in sums:
            left = line.get(f"{prefix}{kind}_invoiced") - line.get(f"{prefix}{kind}_refunded")
            part = draft.share(left, available, entry, prefix)
            entry.amounts[f"{prefix}{kind}_amount"] = part
            sums[kind] += part
    shipping_tax, compensation, partial = _shipping_taxes(draft, prefix)
    sums["tax"] += shipping_tax
    sums[_COMPENSATION] += compensation
    draft.totals[f"{prefix}shipping_tax_amount"] = shipping_tax
    for kind, total in sums.items():
        allowed = order.get(f"{prefix}{kind}_invoiced") - order.get(f"{prefix}{kind}_refunded")
        if kind == _COMPENSATION:
            allowed += order.get(shipping_compensation(prefix))
        part = allowed if draft.is_last and draft.priced and not partial else min(allowed, total)
        draft.add(f"{prefix}{kind}_amount", part)
        draft.add(f"{prefix}grand_total", part)


def _shipping_taxes(draft: Draft, prefix: str) -> tuple[Decimal, Decimal, bool]:
    """Tax and compensation of the shipping refunded, and whether that is only a part of the shipping."""
    order = draft.order
    tax = order.get(f"{prefix}shipping_tax_amount")
    compensation = order.get(shipping_compensation(prefix))
    left = order.get("base_shipping_amount") - order.get("base_shipping_refunded")
    if left == draft.get("base_shipping_amount"):
        return tax - order.get(f"{prefix}shipping_tax_refunded"), compensation, False
    part = draft.get(f"{prefix}shipping_amount") / order.get(f"{prefix}shipping_amount")
    rounded = draft.rounder.round(tax * part, prefix)
    return rounded, draft.rounder.round(compensation * part, prefix), part < 1 and tax > 0


def _add_adjustments(draft: Draft, request: RefundRequest) -> None:
    rate = draft.order.get("base_to_order_rate")
    net = dict.fromkeys(PREFIXES, ZERO)
    for name, sign, value in (("positive", 1, request.positive), ("negative", -1, request.negative)):
        if value is None:
            continue
        base = round_price(value)
        for prefix, adjustment in (("base_", base), ("", round_price(base * rate))):
            draft.totals[f"{prefix}adjustment_{name}"] = adjustment
            net[prefix] += sign * adjustment
    for prefix, value in net.items():
        draft.totals[f"{prefix}adjustment"] = value
        draft.add(f"{prefix}grand_total", value)


def check_refund(draft: Draft, request: RefundRequest) -> list[str]:
    """What stands against the refund, one message each: the order first, then totals, then items."""
    order = draft.order
    messages: list[str] = []
    if order.state in (PAYMENT_REVIEW, HOLDED, CANCELED, CLOSED):
        messages.append(f"A creditmemo can not be created when an order has a status of {order.status}")
    elif order.get("total_paid") and not round_price(order.get("total_paid")) - order.get("total_refunded"):
        messages.append("The order does not allow a creditmemo to be created.")
    if draft.get("grand_total") < 0:
        messages.append("The credit memo's total must be positive.")
    left = order.get("base_total_paid") - order.get("base_total_refunded")
    refunded = round_price(order.get("base_total_refunded") + draft.get("base_grand_total"))
    if refunded > round_price(order.get("base_total_paid")):
        messages.append(f"The most money available to refund is {shown(left)}.")
    for item_id, quantity in request.quantities.items():
        line = order.by_id.get(item_id)
        if line is None:
            messages.append("The creditmemo contains product item that is not part of the original order.")
        elif quantity > line.to_refund and not line.is_dummy:
            messages.append("The quantity to refund must not be greater than the unrefunded quantity.")
    return messages
