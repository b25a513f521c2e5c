"""Which steps an order allows, and which state follows a step (Magento's Order::can* and state handler)."""

from __future__ import annotations

from decimal import Decimal

from mageferry.sandbox.money import round_price
from mageferry.sandbox.sales.lines import PREFIXES, Line, SalesOrder

NEW = "new"
PROCESSING = "processing"
COMPLETE = "complete"
CLOSED = "closed"
CANCELED = "canceled"
HOLDED = "holded"
PAYMENT_REVIEW = "payment_review"
DEFAULT_STATUS = {NEW: "pending"}
STATE_STATUSES = {
    NEW: ("pending",),
    "pending_payment": ("pending_payment",),
    PROCESSING: ("processing", "fraud"),
    PAYMENT_REVIEW: ("payment_review", "fraud"),
    COMPLETE: ("complete",),
    CLOSED: ("closed",),
    CANCELED: ("canceled",),
    HOLDED: ("holded",),
}
"""The statuses that each state may have, as Magento comes."""
_TINY = Decimal("0.0001")


def can_invoice(order: SalesOrder) -> bool:
    if order.state in (HOLDED, PAYMENT_REVIEW, CANCELED, COMPLETE, CLOSED):
        return False
    return any(line.to_invoice > 0 for line in order.lines)


def can_ship(order: SalesOrder) -> bool:
    if order.state in (HOLDED, PAYMENT_REVIEW, CANCELED) or order.is_virtual:
        return False
    return has_units_to_ship(order)


def has_units_to_ship(order: SalesOrder) -> bool:
    return any(
        line.to_ship > 0 and not line.is_virtual and line.get("qty_refunded") != line.get("qty_ordered")
        for line in order.lines
    )


def can_refund(order: SalesOrder) -> bool:
    if order.state in (HOLDED, PAYMENT_REVIEW, CANCELED, CLOSED):
        return False
    left = round_price(order.get("total_paid")) - order.get("total_refunded")
    if abs(order.get("grand_total")) < _TINY:
        return not can_invoice(order) and left > 0
    # A fee kept back from an earlier refund is not refundable any more.
    return abs(left) >= _TINY and abs(left - order.get("adjustment_negative")) >= _TINY


def can_cancel(order: SalesOrder) -> bool:
    if order.state in (HOLDED, PAYMENT_REVIEW, CANCELED, COMPLETE, CLOSED):
        return False
    return any(line.to_invoice > 0 for line in order.lines)


def can_hold(order: SalesOrder) -> bool:
    return order.state not in (CANCELED, PAYMENT_REVIEW, COMPLETE, CLOSED, HOLDED)


def move(order: SalesOrder, state: str) -> None:
    """Put the order into a state with that state's default status."""
    order.record["state"] = state
    order.record["status"] = DEFAULT_STATUS.get(state, state)


def start_processing(order: SalesOrder) -> None:
    """What an invoice or a shipment does to the state of an order, whatever it was."""
    move(order, PROCESSING)
    settle(order)


def settle(order: SalesOrder) -> None:
    """Complete or close an order that has nothing left to do, as every save of it does."""
    if order.state in (CANCELED, HOLDED) or can_invoice(order):
        return
    if order.state in (PROCESSING, COMPLETE) and not can_refund(order) and not can_ship(order):
        move(order, CLOSED)
    elif order.state == PROCESSING and (not can_ship(order) or _is_shipped_but_for_refunds(order)):
        move(order, COMPLETE)


def _is_shipped_but_for_refunds(order: SalesOrder) -> bool:
    """Counts a bundle and its parts alike, so a bundle that is half shipped makes its order complete."""
    shipped = sum(int(line.get("qty_shipped")) for line in order.lines)
    refunded = sum(
        int(line.get("qty_refunded")) for line in order.lines if line.item.get("product_type") == "simple"
    )
    return shipped > 0 and order.get("total_qty_ordered") <= shipped + refunded


def cancel(order: SalesOrder, now: str) -> None:
    """Cancel what is neither invoiced nor shipped; the order goes on when there is something to refund."""
    state = CANCELED
    for line in order.lines:
        if state != PROCESSING and line.to_refund > 0:
            state = PROCESSING if line.to_ship > line.to_cancel else COMPLETE
        _cancel_line(line)
    for prefix in PREFIXES:
        for name in ("subtotal", "tax", "shipping"):
            whole = order.get(f"{prefix}{name}" if name == "subtotal" else f"{prefix}{name}_amount")
            order.put(f"{prefix}{name}_canceled", whole - order.get(f"{prefix}{name}_invoiced"))
        discount = abs(order.get(f"{prefix}discount_amount"))
        order.put(f"{prefix}discount_canceled", discount - order.get(f"{prefix}discount_invoiced"))
        left = order.get(f"{prefix}grand_total") - order.get(f"{prefix}total_paid")
        order.put(f"{prefix}total_canceled", left)
    order.touch_lines(order.lines, now)
    move(order, state)
    settle(order)


def _cancel_line(line: Line) -> None:
    canceled = line.to_cancel
    line.put("qty_canceled", canceled)
    share = canceled / line.get("qty_ordered") if line.get("qty_ordered") else Decimal(0)
    # Magento takes the base tax for both.
    line.put("tax_canceled", line.get("tax_canceled") + line.get("base_tax_amount") * share)
    compensation = line.get("discount_tax_compensation_amount") * share
    line.put(
        "discount_tax_compensation_canceled", line.get("discount_tax_compensation_canceled") + compensation
    )


def hold(order: SalesOrder) -> None:
    order.record["hold_before_state"] = order.state
    order.record["hold_before_status"] = order.status
    move(order, HOLDED)


def unhold(order: SalesOrder) -> None:
    order.record["state"] = order.record.pop("hold_before_state", NEW)
    order.record["status"] = order.record.pop("hold_before_status", DEFAULT_STATUS[NEW])
