"""Invoices: which items and amounts one has, what refuses it, and what it does to its order.

Amounts follow Magento's invoice totals (subtotal, discount, shipping, tax): the first invoice takes the
whole shipping, the last one of an item what is left of its amounts, so partial ones sum to the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from mageferry.sandbox.money import ZERO, amount, shown
from mageferry.sandbox.orderbook import Record, record
from mageferry.sandbox.php import is_empty
from mageferry.sandbox.refusals import Refusal
from mageferry.sandbox.sales.draft import Draft, DraftLine
from mageferry.sandbox.sales.lines import PREFIXES, Line, SalesOrder
from mageferry.sandbox.sales.states import (
    CANCELED,
    CLOSED,
    COMPLETE,
    HOLDED,
    PAYMENT_REVIEW,
    start_processing,
)

PAID = 2
BAD_QUANTITY = 'We found an invalid quantity to invoice item "%1".'
NO_PRODUCTS = "The invoice can't be created without products. Add products and try again."
_COMPENSATION = "discount_tax_compensation"


def draft_invoice(order: SalesOrder, wanted: Mapping[int, Decimal], earlier: Iterable[Record]) -> Draft:
    """An invoice of the wanted quantities by order item, of everything left when none is wanted.

    ``earlier`` are the order's invoices so far. Raises Refusal (400) for more units than are left.
    """
    quantities = _with_parts(order, wanted)
    draft = Draft(order, [])
    for line in order.lines:
        if _is_invoiced(line, quantities):
            draft.lines.append(_draft_line(line, quantities))
    shipped_before = any(amount(invoice, "shipping_amount") for invoice in earlier)
    for prefix in PREFIXES:
        _add_rows(draft, prefix)
        _add_discount(draft, prefix, earlier)
        if not shipped_before:
            _add_shipping(draft, prefix)
        _add_tax(draft, prefix, with_shipping=not shipped_before)
    draft.totals["total_qty"] = sum((entry.quantity for entry in draft.lines), ZERO)
    return draft


def _with_parts(order: SalesOrder, wanted: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """The wanted quantities with those of a composite's parts, which are rarely named."""
    quantities = dict(wanted)
    for line in order.lines:
        if line.parent is None or line.parent.item_id not in quantities:
            continue
        of_parent = quantities[line.parent.item_id]
        if line.is_dummy:
            quantities[line.item_id] = of_parent
        else:
            quantities.setdefault(line.item_id, of_parent * line.units_per_parent)
    return quantities


def _is_invoiced(line: Line, quantities: Mapping[int, Decimal]) -> bool:
    if not line.is_dummy:
        return line.to_invoice > 0
    related = line.children or [line.parent] if line.parent else line.children
    return any(
        (quantities.get(other.item_id, ZERO) if quantities else other.to_invoice) > 0 for other in related
    )


def _draft_line(line: Line, quantities: Mapping[int, Decimal]) -> DraftLine:
    if line.item_id in quantities:
        quantity = quantities[line.item_id]
    elif line.is_dummy:
        quantity = line.get("qty_ordered") or Decimal(1)
    else:
        quantity = ZERO if quantities else line.to_invoice
    quantity = line.whole(quantity)
    if quantity > line.to_invoice and not line.is_dummy:
        raise Refusal(400, BAD_QUANTITY, [line.name])
    return DraftLine(line, quantity, is_last=quantity == line.to_invoice)


def _add_rows(draft: Draft, prefix: str) -> None:
    order = draft.order
    subtotal = including = ZERO
    for entry in draft.priced:
        line = entry.line
        available = line.get("qty_ordered") - line.get("qty_invoiced")
        left = line.row_total(prefix) - line.get(f"{prefix}row_invoiced")
        row = draft.share(left, available, entry, prefix)
        entry.amounts[f"{prefix}row_total"] = row
        subtotal += row
        with_tax = line.row_total_incl_tax(prefix)
        if with_tax and line.get("qty_ordered"):
            share = with_tax / line.get("qty_ordered") * entry.quantity
            entry.amounts[f"{prefix}row_total_incl_tax"] = draft.rounder.round(share, f"{prefix}including")
            including += entry.amounts[f"{prefix}row_total_incl_tax"]
    allowed = order.get(f"{prefix}subtotal") - order.get(f"{prefix}subtotal_invoiced")
    subtotal = allowed if draft.is_last else min(allowed, subtotal)
    draft.add(f"{prefix}subtotal", subtotal)
    draft.add(f"{prefix}subtotal_incl_tax", including)
    draft.add(f"{prefix}grand_total", subtotal)


def _add_discount(draft: Draft, prefix: str, earlier: Iterable[Record]) -> None:
    total = ZERO
    if not any(amount(invoice, "discount_amount") for invoice in earlier):
        total = draft.order.get(f"{prefix}shipping_discount_amount")
    for entry in draft.priced:
        line = entry.line
        whole = line.get(f"{prefix}discount_amount")
        if not whole:
            continue
        left = whole - line.get(f"{prefix}discount_invoiced")
        available = line.get("qty_ordered") - line.get("qty_invoiced")
        discount = draft.share(left, available, entry, prefix, negative=True)
        entry.amounts[f"{prefix}discount_amount"] = discount
        total += discount
    draft.add(f"{prefix}discount_amount", -total)
    draft.add(f"{prefix}grand_total", -total)


def _add_shipping(draft: Draft, prefix: str) -> None:
    order = draft.order
    draft.totals[f"{prefix}shipping_amount"] = order.get(f"{prefix}shipping_amount")
    draft.totals[f"{prefix}shipping_incl_tax"] = order.get(f"{prefix}shipping_incl_tax")
    draft.add(f"{prefix}grand_total", order.get(f"{prefix}shipping_amount"))


def shipping_compensation(prefix: str) -> str:
    """Magento's own column names: the base one is cut short."""
    return f"{prefix}shipping_{_COMPENSATION}_{'amnt' if prefix else 'amount'}"


def _add_tax(draft: Draft, prefix: str, *, with_shipping: bool) -> None:
    order = draft.order
    sums = {"tax": ZERO, _COMPENSATION: ZERO}
    for entry in draft.priced:
        line = entry.line
        if entry.quantity <= 0:
            continue
        available = line.get("qty_ordered") - line.get("qty_invoiced")
        for kind in sums:
            left = line.get(f"{prefix}{kind}_amount") - line.get(f"{prefix}{kind}_invoiced")
            part = draft.share(left, available, entry, prefix)
            entry.amounts[f"{prefix}{kind}_amount"] = part
            sums[kind] += part
    if with_shipping:
        compensation = order.get(shipping_compensation(prefix))
        draft.totals[f"{prefix}shipping_tax_amount"] = order.get(f"{prefix}shipping_tax_amount")
        draft.totals[shipping_compensation(prefix)] = compensation
        sums["tax"] += draft.totals[f"{prefix}shipping_tax_amount"]
        sums[_COMPENSATION] += compensation
    for kind, total in sums.items():
        allowed = order.get(f"{prefix}{kind}_amount") - order.get(f"{prefix}{kind}_invoiced")
        if kind == _COMPENSATION:
            allowed += order.get(shipping_compensation(prefix))
        part = allowed if draft.is_last else min(allowed, total)
        draft.add(f"{prefix}{kind}_amount", part)
        draft.add(f"{prefix}grand_total", part)


def check_invoice(draft: Draft) -> list[str]:
    """What stands against the invoice, one message each."""
    messages: list[str] = []
    if sum(entry.quantity for entry in draft.lines) <= 0:
        messages.append(NO_PRODUCTS)
    order = draft.order
    if order.state in (PAYMENT_REVIEW, HOLDED, CANCELED, COMPLETE, CLOSED):
        messages.append(f"An invoice cannot be created when an order has a status of {order.status}")
    elif not any(
        line.to_invoice > 0 and is_empty(line.item.get("locked_do_invoice")) for line in order.lines
    ):
        messages.append("The order does not allow an invoice to be created.")
    return messages


def register_invoice(draft: Draft, now: str) -> Record:
    """Write the invoice into its order, paid as offline methods are. The invoice without its ids."""
    order = draft.order
    kept = [entry for entry in draft.lines if entry.quantity > 0]
    for entry in kept:
        _register_line(entry)
    for entry in draft.priced:
        entry.line.item.setdefault("weee_tax_applied", "[]")
    payment = record(order.record.get("payment"))
    for prefix in PREFIXES:
        _register_totals(draft, prefix, payment)
    order.put("base_total_invoiced_cost", order.get("base_total_invoiced_cost"))
    order.record["updated_at"] = now
    body = draft.body()
    order.touch_lines([entry.line for entry in draft.lines], now)
    start_processing(order)
    return {**body, "order_id": order.order_id, "state": PAID, "can_void_flag": 0}


def _register_line(entry: DraftLine) -> None:
    entry.line.add("qty_invoiced", entry.quantity)
    for prefix in PREFIXES:
        for kind in ("tax", _COMPENSATION, "discount"):
            entry.line.add(f"{prefix}{kind}_invoiced", entry.amounts.get(f"{prefix}{kind}_amount", ZERO))
        entry.line.add(f"{prefix}row_invoiced", entry.amounts.get(f"{prefix}row_total", ZERO))


def _register_totals(draft: Draft, prefix: str, payment: Record) -> None:
    order = draft.order
    grand = draft.get(f"{prefix}grand_total")
    for name in ("total_invoiced", "total_paid"):
        order.add(f"{prefix}{name}", grand)
    order.add(f"{prefix}subtotal_invoiced", draft.get(f"{prefix}subtotal"))
    for kind in ("tax", _COMPENSATION, "discount", "shipping"):
        order.add(f"{prefix}{kind}_invoiced", draft.get(f"{prefix}{kind}_amount"))
    for name, value in (
        (f"{prefix}amount_paid", grand),
        (f"{prefix}shipping_captured", draft.get(f"{prefix}shipping_amount")),
    ):
        payment[name] = shown(amount(payment, name) + value)
