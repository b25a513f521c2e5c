"""What a refund leaves behind: its document, and its traces in the order, its payment and its history."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mageferry.sandbox.money import ZERO, amount, format_price, shown
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import Value, to_int
from mageferry.sandbox.sales.draft import Draft, DraftLine
from mageferry.sandbox.sales.lines import PREFIXES, SalesOrder
from mageferry.sandbox.sales.states import (
    CANCELED,
    CLOSED,
    COMPLETE,
    HOLDED,
    STATE_STATUSES,
    can_invoice,
    can_refund,
    can_ship,
    move,
    settle,
)

REFUNDED = 2
_COMPENSATION = "discount_tax_compensation"


def register_refund(draft: Draft, now: str, *, notify: bool) -> tuple[Record, Record]:
    """Write the refund into its order. The credit memo without its ids, and the entry for the history."""
    order = draft.order
    kept = [entry for entry in draft.lines if entry.quantity > 0]
    for entry in kept:
        _register_line(entry)
    body = _body(draft)
    register_totals(order, draft.totals)
    order.record["customer_note_notify"] = int(notify)
    order.record["updated_at"] = now
    order.touch_lines([entry.line for entry in kept], now)
    _settle_refund(order)
    body |= {"order_id": order.order_id, "state": REFUNDED}
    return body, _history(order, draft.get("base_grand_total"), now, int(notify))


def register_saved_refund(order: SalesOrder, memo: Record, now: str) -> Record:
    """Count a credit memo that a client composed as refunded. The entry for the order's history."""
    for item in records(memo.get("items")):
        line = order.by_id.get(to_int(item.get("order_item_id")))
        if line is None:
            continue
        kinds = ("tax", _COMPENSATION, "discount")
        names = [f"{prefix}{kind}_amount" for prefix in PREFIXES for kind in kinds]
        names += [f"{prefix}row_total" for prefix in PREFIXES]
        amounts = {name: amount(item, name) for name in names}
        _register_line(DraftLine(line, amount(item, "qty"), amounts=amounts))
        order.touch_lines([line], now)
    if "base_grand_total" in memo:
        totals = {name: amount(memo, name) for name, value in memo.items() if isinstance(value, int | float)}
        register_totals(order, totals)
    else:
        # The payment counts the base amount even then, and nothing else.
        record(order.record.get("payment")).setdefault("base_amount_refunded", 0)
    order.record["updated_at"] = now
    _settle_refund(order)
    notified = to_int(order.record.get("customer_note_notify"))
    return _history(order, amount(memo, "base_grand_total"), now, notified)


def _history(order: SalesOrder, refunded: Decimal, now: str, notified: int) -> Record:
    text = format_price(refunded, order.base_currency)
    return {
        "comment": f"We refunded {text} offline.",
        "created_at": now,
        "entity_name": "creditmemo",
        "is_customer_notified": notified,
        "is_visible_on_front": 0,
        "parent_id": order.order_id,
        "status": order.status,
    }


def _settle_refund(order: SalesOrder) -> None:
    """The state that the refund leaves the order in; a status that fits it stays."""
    state = _state_after(order)
    if state is not None and order.status not in STATE_STATUSES.get(str(state), ()):
        move(order, str(state))
    order.record["state"] = state
    settle(order)


def _body(draft: Draft) -> Record:
    body = draft.body()
    kept = [entry for entry in draft.lines if entry.quantity > 0]
    items = body["items"]
    for entry, item in zip(kept, items if isinstance(items, list) else [], strict=True):
        if isinstance(item, dict) and not entry.line.is_dummy:
            item |= {"weee_tax_applied": "[]", "weee_tax_applied_row_amount": 0}
            item |= {"weee_tax_row_disposition": 0, "base_weee_tax_row_disposition": 0}
    return body


def _register_line(entry: DraftLine) -> None:
    entry.line.add("qty_refunded", entry.quantity)
    for prefix in PREFIXES:
        for kind in ("tax", _COMPENSATION, "discount"):
            part = entry.amounts.get(f"{prefix}{kind}_amount", ZERO)
            entry.line.add(f"{prefix}{kind}_refunded", part)
        entry.line.add(f"{prefix}amount_refunded", entry.amounts.get(f"{prefix}row_total", ZERO))


def register_totals(order: SalesOrder, totals: Mapping[str, Decimal]) -> None:
    """Count a credit memo's totals as refunded in the order and its payment."""
    payment = record(order.record.get("payment"))
    for prefix in PREFIXES:

        def total(name: str, prefix: str = prefix) -> Decimal:
            return totals.get(prefix + name, ZERO)

        grand = total("grand_total")
        order.add(f"{prefix}total_refunded", grand)
        order.add(f"{prefix}total_offline_refunded", grand)
        order.add(f"{prefix}subtotal_refunded", total("subtotal"))
        for kind in ("tax", _COMPENSATION, "discount", "shipping", "shipping_tax"):
            order.add(f"{prefix}{kind}_refunded", total(f"{kind}_amount"))
        for name in ("adjustment_positive", "adjustment_negative"):
            order.add(prefix + name, total(name))
        for name, value in (
            (f"{prefix}amount_refunded", grand),
            (f"{prefix}shipping_refunded", total("shipping_amount")),
        ):
            payment[name] = shown(amount(payment, name) + value)


def _state_after(order: SalesOrder) -> Value:
    """The state that the refund leaves the order in (Magento's OrderStateResolver)."""
    if order.state in (CANCELED, HOLDED) or can_invoice(order) or can_ship(order):
        return order.state
    if not order.get("base_grand_total") or can_refund(order):
        return COMPLETE
    return CLOSED if order.get("total_refunded") else order.state
