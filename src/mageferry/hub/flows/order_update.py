"""Orders that the hub has already, brought up to date with what their shop says now."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils import timezone

from mageferry.hub.connectors.models import Magento2Seller, OrderPaymentMagento2, OrdersMagento
from mageferry.hub.flows.history import place_of
from mageferry.hub.flows.mapped_updates import update_mapped
from mageferry.hub.mapping.amounts import ZERO
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.order_records import OrderRecord
from mageferry.hub.mapping.statuses import advance
from mageferry.hub.trade.history import write_history
from mageferry.hub.trade.models import (
    HistoryOutcome,
    Order,
    OrderItem,
    OrderPayment,
    OrderStatus,
    PaymentType,
)

FLOW = "get_orders"


def update_orders(
    row: Magento2Seller,
    pairs: Sequence[tuple[OrdersMagento, OrderRecord]],
    refused: list[tuple[OrderRecord, str, str]],
) -> list[bool]:
    """Bring known orders up to date; says of each whether it changed. One whose values don't fit goes to `refused`."""
    if not pairs:
        return []
    items: dict[int, dict[int, OrderItem]] = {}
    for item in OrderItem.objects.filter(order__in=[entry.order_id for entry, _ in pairs]).select_related(
        "magento"
    ):
        if hasattr(item, "magento"):
            items.setdefault(item.order_id, {})[item.magento.item_id] = item
    refunds: dict[int, Decimal] = {}
    for order_id, amount in OrderPayment.objects.filter(
        order__in=[entry.order_id for entry, _ in pairs], payment_type=PaymentType.REFUND
    ).values_list("order", "amount"):
        refunds[order_id] = refunds.get(order_id, ZERO) + amount
    moved = []
    for entry, record in pairs:
        known, paid_back = items.get(entry.order_id, {}), refunds.get(entry.order_id, ZERO)
        try:
            moved.append(_update(row, entry, record, known, paid_back))
        except UnusableRecord as error:
            refused.append((record, error.reason, error.remedy))
    return moved


def _update(
    row: Magento2Seller,
    entry: OrdersMagento,
    record: OrderRecord,
    items: dict[int, OrderItem],
    refunded: Decimal,
) -> bool:
    """Bring a known order up to date: status, payment and what was shipped, refunded, cancelled."""
    order = entry.order
    if order.remote_updated_at is not None and record.remote_updated_at < order.remote_updated_at:
        return False
    # Between two currencies a credit memo of the hub's own refund may come to a cent more than the refund.
    refunded = max(refunded, order.total_refunded)
    # First: it stores nothing when a value doesn't fit.
    notes = update_mapped(order, items, record.mapped) if record.mapped else []
    notes += [*_update_order(order, record), *_update_items(items, record), *_update_payment(order, record)]
    if record.nothing_left_to_ship and not entry.shipment_created:
        entry.shipment_created = True
        entry.save(update_fields=["shipment_created"])
    if record.total_refunded > refunded:
        _add_refund(order, record.total_refunded - refunded)
        notes.append(f"refunded {record.total_refunded - refunded} {order.currency}")
    if notes:
        # Also when only a part of it changed: whoever reads what changed must find it.
        Order.objects.filter(pk=order.pk).update(updated_at=timezone.now())
        message = f"Changed in Magento: {', '.join(notes)}."
        write_history(
            FLOW, place_of(row), order.pk, HistoryOutcome.DONE, message, {"entity_id": record.entity_id}
        )
    return bool(notes)


def _update_order(order: Order, record: OrderRecord) -> list[str]:
    notes = []
    status = advance(order.status, record.status)
    if status != order.status:
        notes.append(f"status {OrderStatus(order.status).label} to {OrderStatus(status).label}")
    elif record.remote_status != order.remote_status:
        notes.append(f"status in Magento {order.remote_status} to {record.remote_status}")
    moved = (status, record.remote_status, record.remote_updated_at, record.total_refunded)
    if moved != (order.status, order.remote_status, order.remote_updated_at, order.total_refunded):
        order.status, order.remote_status, order.remote_updated_at, order.total_refunded = moved
        order.save(
            update_fields=["status", "remote_status", "remote_updated_at", "total_refunded", "updated_at"]
        )
    return notes


def _update_items(items: dict[int, OrderItem], record: OrderRecord) -> list[str]:
    notes = []
    for incoming in record.items:
        item = items.get(incoming.item_id)
        quantities = (incoming.quantity_shipped, incoming.quantity_refunded, incoming.quantity_cancelled)
        if item is None or quantities == (
            item.quantity_shipped,
            item.quantity_refunded,
            item.quantity_cancelled,
        ):
            continue
        item.quantity_shipped, item.quantity_refunded, item.quantity_cancelled = quantities
        item.save(update_fields=["quantity_shipped", "quantity_refunded", "quantity_cancelled"])
        notes.append(f"{item.sku} shipped {quantities[0].normalize():f}")
    return notes


def _update_payment(order: Order, record: OrderRecord) -> list[str]:
    if record.payment is None:
        return []
    paid = record.payment.amount_paid
    changed = OrderPayment.objects.filter(order=order, payment_type=PaymentType.PAYMENT).exclude(
        amount_paid=paid
    )
    if changed.update(amount_paid=paid, paid_at=record.remote_updated_at if paid else None):
        return [f"paid {paid.normalize():f} {order.currency}"]
    return []


def _add_refund(order: Order, amount: Decimal) -> None:
    refund = OrderPayment.objects.create(
        order=order,
        payment_type=PaymentType.REFUND,
        amount=amount,
        currency=order.currency,
        paid_at=timezone.now(),
    )
    OrderPaymentMagento2.objects.create(order_payment=refund, return_created=True)
