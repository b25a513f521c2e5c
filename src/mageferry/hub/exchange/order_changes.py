"""What a known order becomes when it is told again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils import timezone

from mageferry.hub.exchange.known_orders import FLOW, note_told
from mageferry.hub.exchange.order_drafts import CONTACT, OrderDraft
from mageferry.hub.exchange.order_shapes import OrderEntity
from mageferry.hub.exchange.plans import Outcome
from mageferry.hub.mapping.statuses import advance
from mageferry.hub.trade.models import (
    Account,
    HistoryOutcome,
    Order,
    OrderAddress,
    OrderItem,
    OrderPayment,
    OrderStatus,
    PaymentType,
)

_AMOUNTS = ("currency", "subtotal", "shipping_amount", "tax_amount", "discount_amount", "grand_total")
_ADDRESS = (
    "firstname", "lastname", "company", "street", "city", "region", "region_code", "postcode", "country_id",
    "telephone", "email", "vat_id",
)  # fmt: skip
_ITEM = (
    "position", "marketplace_item_id", "sku", "name", "product_type", "bundle_sku", "seller_id", "quantity", "price",
    "unit_tax", "tax_percent", "discount_amount", "row_total", "product_option", "extension_attributes",
)  # fmt: skip
# What of an item can't differ without a word once it may be in Magento.
_BINDING = ("sku", "quantity", "price", "discount_amount")
_OPEN = (OrderStatus.INCOMPLETE, OrderStatus.PENDING)

type Values = dict[str, Any]


@dataclass(slots=True)
class Changes:
    """What is to be written of a known order, and in words for its history."""

    order: Values = field(default_factory=dict)
    parts: list[tuple[models.Model, Values]] = field(default_factory=list)
    new: list[OrderItem | OrderAddress | OrderPayment] = field(default_factory=list)
    gone: list[OrderItem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)
    remote_updated_at: dt.datetime | None = None

    @property
    def outcome(self) -> Outcome:
        return Outcome.UPDATED if self.notes else Outcome.UNCHANGED

    def write(self, order: Order, account: Account) -> None:
        """Write them, and what is to be known of them into the history."""
        for item in self.gone:
            item.delete()
        self._write_parts()
        for part in self.new:
            part.order = order
            part.save(force_insert=True)
        values = dict(self.order)
        if self.remote_updated_at is not None:
            values["remote_updated_at"] = self.remote_updated_at
        if self.notes:
            values["updated_at"] = timezone.now()
            note_told(order, account, f"Changed: {', '.join(self.notes)}.")
        if values:
            Order.objects.filter(pk=order.pk).update(**values)
        if self.withheld:
            self._say_withheld(order, account)

    def _write_parts(self) -> None:
        """Items first to places that nobody has: two of them may change theirs."""
        moved = [part for part, values in self.parts if isinstance(part, OrderItem) and "position" in values]
        for offset, item in enumerate(moved):
            OrderItem.objects.filter(pk=item.pk).update(position=20_000 + offset)
        for part, values in self.parts:
            type(part)._default_manager.filter(pk=part.pk).update(**values)

    def _say_withheld(self, order: Order, account: Account) -> None:
        message = (
            f"Not taken over, since the order may be in Magento already: {', '.join(self.withheld)}. "
            "Change it by hand there, if it must be."
        )
        if not order.history.filter(flow=FLOW, message=message).exists():
            note_told(order, account, message, outcome=HistoryOutcome.SKIPPED)


def status_changes(
    order: Order, status: str, remote_status: str, updated_at: dt.datetime | None, reason: str = ""
) -> Changes:
    """What a told status changes: forward only, and nothing when it is older than what is known."""
    changes = Changes()
    if _is_stale(order, updated_at):
        return changes
    if updated_at is not None and updated_at != order.remote_updated_at:
        changes.remote_updated_at = updated_at
    reached = advance(order.status, status)
    if reached != order.status:
        changes.order["status"] = reached
        why = f" ({reason})" if reason else ""
        changes.notes.append(f"status {OrderStatus(order.status).label} to {OrderStatus(reached).label}{why}")
        if reached == OrderStatus.CANCELLED and is_in_magento(order):
            changes.order |= {
                "error": f"It was cancelled after it went to Magento{why}.",
                "remedy": "Cancel or refund it in Magento, then clear this error.",
            }
    if remote_status and remote_status != order.remote_status:
        changes.order["remote_status"] = remote_status
        changes.notes.append(f"status there {order.remote_status or 'unknown'} to {remote_status}")
    return changes


def changes_of(order: Order, draft: OrderDraft, entity: OrderEntity) -> Changes:
    """What telling of an order again changes. Raises RefusedEntity when amounts that would change don't add up."""
    changes = status_changes(order, entity.status, entity.remote_status, entity.updated_at)
    cancelled = OrderStatus.CANCELLED in (order.status, entity.status)
    if cancelled or _is_stale(order, entity.updated_at):
        # Marketplaces empty the amounts and addresses of what is cancelled.
        return changes
    in_magento = is_in_magento(order)
    contact, paid = Changes(), Changes()
    _compare_contact(order, draft, contact)
    _take(changes, contact, allowed=not in_magento)
    _compare_payment(order, draft.payment, paid)
    _take(changes, paid, allowed=True)
    content = Changes()
    _compare_content(order, draft, content)
    # An item that is part of a shipment or a refund stays what it was.
    in_use = order.shipments.exists() or order.payments.filter(payment_type=PaymentType.REFUND).exists()
    may_change = not (in_magento or in_use) and order.status in _OPEN
    if content.notes and may_change:
        draft.check_amounts()
    _take(changes, content, allowed=may_change)
    return changes


def is_in_magento(order: Order) -> bool:
    """Whether the order, or a part of it, is in a Magento."""
    return order.connector_id is not None or order.items.filter(magento_exported=True).exists()


def _is_stale(order: Order, updated_at: dt.datetime | None) -> bool:
    known = order.remote_updated_at
    return known is not None and updated_at is not None and updated_at < known


def _take(changes: Changes, more: Changes, *, allowed: bool) -> None:
    if not allowed:
        changes.withheld += more.withheld
        return
    changes.order |= more.order
    changes.parts += more.parts
    changes.new += more.new
    changes.gone += more.gone
    changes.notes += more.notes


def _compare_contact(order: Order, draft: OrderDraft, changes: Changes) -> None:
    """What is told of the buyer, the addresses and the payment; what isn't told, or empty, stays."""
    told = {name: getattr(draft.order, name) for name in CONTACT}
    values = _differences(order, {name: value for name, value in told.items() if value})
    changes.order |= values
    changes.notes += _words("", values)
    stored = {address.kind: address for address in order.addresses.all()}
    for address in draft.addresses:
        known = stored.get(address.kind)
        if known is None:
            changes.new.append(address)
            changes.notes.append(f"{address.kind} address")
            continue
        values = _differences(known, {name: value for name in _ADDRESS if (value := getattr(address, name))})
        if values:
            changes.parts.append((known, values))
            changes.notes += _words(f"{address.kind} ", values)
    changes.withheld = list(changes.notes)


def _compare_payment(order: Order, payment: OrderPayment, changes: Changes) -> None:
    known = order.payments.filter(payment_type=PaymentType.PAYMENT).first()
    if known is None:
        changes.new.append(payment)
        changes.notes.append("payment")
        return
    names = ("method", "amount_paid", "transaction_id", "paid_at")
    values = _differences(known, {name: value for name in names if (value := getattr(payment, name))})
    if values:
        changes.parts.append((known, values))
        changes.notes += _words("payment ", values)


def _compare_content(order: Order, draft: OrderDraft, changes: Changes) -> None:
    """Amounts and items; of a difference that can't be taken over only what binds is worth a word."""
    values = _differences(order, {name: getattr(draft.order, name) for name in _AMOUNTS})
    changes.order |= values
    changes.notes += _words("", values)
    changes.withheld += _words("", values)
    known = list(order.items.all())
    for item, stored in _pair(draft.items, known):
        if stored is None:
            changes.new.append(item)
            changes.notes.append(f"item {item.sku} added")
            changes.withheld.append(f"item {item.sku} added")
            continue
        known.remove(stored)
        values = _differences(stored, {name: getattr(item, name) for name in _ITEM})
        if values:
            changes.parts.append((stored, values))
            changes.notes += _words(f"{stored.sku} ", values)
            binding = {name: value for name, value in values.items() if name in _BINDING}
            changes.withheld += _words(f"{stored.sku} ", binding)
    for stored in known:
        changes.gone.append(stored)
        changes.notes.append(f"item {stored.sku} removed")
        changes.withheld.append(f"item {stored.sku} removed")
    _compare_amount_to_pay(order, draft, changes)


def _compare_amount_to_pay(order: Order, draft: OrderDraft, changes: Changes) -> None:
    payment = order.payments.filter(payment_type=PaymentType.PAYMENT).first()
    wanted = {name: getattr(draft.payment, name) for name in ("amount", "shipping_amount", "currency")}
    values = _differences(payment, wanted) if payment is not None else {}
    if payment is not None and values:
        changes.parts.append((payment, values))
        changes.notes += _words("payment ", values)


def _pair(
    items: Sequence[OrderItem], stored: Sequence[OrderItem]
) -> list[tuple[OrderItem, OrderItem | None]]:
    """Each told line with the stored one that it is: by the line's own id, else by SKU in their order."""
    left = list(stored)
    pairs = []
    for item in items:
        same = [each for each in left if _is_same_line(item, each)]
        found = same[0] if same else None
        if found is not None:
            left.remove(found)
        pairs.append((item, found))
    return pairs


def _is_same_line(told: OrderItem, stored: OrderItem) -> bool:
    if told.marketplace_item_id:
        return stored.marketplace_item_id == told.marketplace_item_id
    return stored.sku == told.sku


def _differences(stored: models.Model, told: Mapping[str, Any]) -> Values:
    return {name: value for name, value in told.items() if getattr(stored, name) != value}


def _words(prefix: str, values: Mapping[str, Any]) -> list[str]:
    return [f"{prefix}{name.removesuffix('_id').replace('_', ' ')}" for name in values]
