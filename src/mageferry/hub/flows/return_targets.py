"""Where a refund goes: which order of which Magento gives the money back, and by which seller row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from mageferry.hub.connectors.models import Direction, Magento2Seller, OrderPartMagento
from mageferry.hub.mapping.refund_out import UnrefundableOrder
from mageferry.hub.trade.models import Order, OrderItem, OrderPayment, PaymentType


@dataclass(frozen=True, slots=True)
class ReturnTarget:
    """The order in Magento that a refund is for, and the row whose switches count."""

    row: Magento2Seller
    entity_id: int


def waiting_refunds(row: Magento2Seller) -> Iterator[OrderPayment]:
    """Refunds of the row without a credit memo and without an error standing, the oldest first."""
    for refund in _refunds_of(row.connector_id):
        try:
            mine = target_of(refund).row == row
        except UnrefundableOrder:
            # Said once, by the row that has the order's first part.
            mine = any(part.magento2_seller_id == row.pk for part in refund.order.magento_parts.all()[:1])
        if mine:
            yield refund


def _refunds_of(connector_pk: int) -> QuerySet[OrderPayment]:
    there = Q(order__magento__magento2_connector=connector_pk) | Q(
        order__magento_parts__magento2_connector=connector_pk
    )
    open_ones = Q(magento__isnull=True) | Q(magento__return_created=False, magento__error="")
    found = OrderPayment.objects.filter(there, open_ones, payment_type=PaymentType.REFUND)
    return with_order(found.order_by("id").distinct())


def with_order(refunds: QuerySet[OrderPayment]) -> QuerySet[OrderPayment]:
    """Refunds with what making them asks for."""
    return refunds.select_related("order__account", "order__magento__magento2_connector").prefetch_related(
        "refund_items__order_item__magento", "order__magento_parts__magento2_seller__connector"
    )


def target_of(refund: OrderPayment) -> ReturnTarget:
    """Where this refund goes. Raises UnrefundableOrder when there is no such place, or more than one."""
    order = refund.order
    parts = list(order.magento_parts.all())
    if parts:
        return _part_of(refund, parts)
    if not hasattr(order, "magento"):
        raise UnrefundableOrder(
            f"Order {order} isn't in a Magento.", "Export it first, or enter the refund where it was sold."
        )
    row = _row_of(order)
    if row is None:
        raise UnrefundableOrder(
            f"No seller row of {order.magento.magento2_connector} stands for {order.account} any more.",
            "Give a row of the connector this account and the order's store, then retry the unit of work.",
        )
    return ReturnTarget(row, order.magento.entity_id)


def _row_of(order: Order) -> Magento2Seller | None:
    """The row that a whole order came from or went through."""
    there = order.magento
    rows = Magento2Seller.objects.select_related("connector").filter(connector=there.magento2_connector_id)
    if there.direction == Direction.DOWNLOADED:
        return rows.filter(account_magento__account=order.account_id).first()
    if there.store_id is not None:
        rows = rows.filter(store_id=there.store_id)
    return rows.filter(account=order.account_id).order_by("pk").first()


def _part_of(refund: OrderPayment, parts: list[OrderPartMagento]) -> ReturnTarget:
    chosen = {
        part.pk: part
        for returned in refund.refund_items.all()
        for part in _holders_of(returned.order_item, parts)
    }
    if not chosen and len(parts) == 1:
        chosen = {part.pk: part for part in parts}
    if len(chosen) != 1:
        numbers = ", ".join(part.increment_id or str(part.entity_id) for part in parts)
        raise UnrefundableOrder(
            f"Order {refund.order} went to Magento in parts ({numbers}); the refund doesn't say of which one it is.",
            "Enter one refund for each part, with items of that part.",
        )
    (part,) = chosen.values()
    if part.magento2_seller is None:
        raise UnrefundableOrder(
            f"The seller row of {part} is gone.",
            "Refund it in Magento by hand, and skip the unit of work.",
        )
    return ReturnTarget(part.magento2_seller, part.entity_id)


def _holders_of(item: OrderItem, parts: list[OrderPartMagento]) -> list[OrderPartMagento]:
    """The part that holds an item; two Magentos may use one number, then its seller tells them apart."""
    found = [part for part in parts if part.entity_id == item.connector_id]
    if len(found) < 2:
        return found
    return [
        part for part in found if part.magento2_seller and part.magento2_seller.seller_id == item.seller_id
    ]
