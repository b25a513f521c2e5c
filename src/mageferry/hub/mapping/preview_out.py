"""Records of the hub as they would be sent: what the connector's mappings make of each."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from django.db.models import Model, Q, QuerySet

from mageferry.hub.connectors.models import Direction, Magento2Connector, Magento2Seller
from mageferry.hub.mapping.bodies import map_body
from mageferry.hub.mapping.comparison import NoPreview, Preview, compare
from mageferry.hub.mapping.field_mappings import FieldMappings
from mageferry.hub.mapping.order_amounts import UnsendableOrder
from mageferry.hub.mapping.order_document import refund_document, shipment_document
from mageferry.hub.mapping.order_mappings import fill_entity
from mageferry.hub.mapping.order_out import build_entity, prune
from mageferry.hub.mapping.refund_out import UnrefundableOrder, wish_of
from mageferry.hub.mapping.shipment_out import tracks_of
from mageferry.hub.trade.models import Order, OrderPayment, OrderShipment, PaymentType
from mageferry.magento.order_documents import refund_body
from mageferry.magento.shipments import shipment_body


def preview_order_out(connector: Magento2Connector, number: str, mappings: FieldMappings) -> Preview:
    """An order of an account that goes to this connector."""
    rows = {
        row.account_id: row
        for row in connector.sellers.filter(account__isnull=False).order_by("export_orders", "-pk")
    }
    if not rows:
        raise NoPreview(f"No seller row of {connector} has an account: nobody knows whose orders it gets.")
    orders = Order.objects.filter(account__in=rows).select_related("account__marketplace")
    order = _named(orders, number, "marketplace_order_id")
    if order is None:
        what = f"order {number}" if number else "order"
        raise NoPreview(f"The accounts of {connector}'s seller rows have no {what} in the hub.")
    row: Magento2Seller = rows[order.account_id]
    row.connector = connector
    title = f"Order {order} of {order.account}, as it is sent to {row}"
    try:
        entity = build_entity(order, row)
    except UnsendableOrder as error:
        return Preview(title, (), error.problems)
    before = deepcopy(entity)
    problems = fill_entity(entity, order, row, mappings)
    return compare(title, before, prune(entity), problems)


def preview_shipment_out(connector: Magento2Connector, number: str, mappings: FieldMappings) -> Preview:
    """A shipment of an order that came from this connector's shop."""
    shipments = OrderShipment.objects.filter(
        order__magento__magento2_connector=connector, order__magento__direction=Direction.DOWNLOADED
    ).order_by("-pk")
    shipment = _named(shipments, number, "order__marketplace_order_id")
    if shipment is None:
        raise NoPreview(_none_there("shipment", number, "orders that came from", connector))
    quantities = {
        each.order_item.magento.item_id: each.quantity
        for each in shipment.items.select_related("order_item__magento")
        if hasattr(each.order_item, "magento")
    }
    if not quantities:
        raise NoPreview(f"Shipment {shipment} has no items that Magento knows: it isn't sent.")
    row = _row_of(connector, shipment.order)
    before = shipment_body(
        quantities,
        tracks=tracks_of(shipment, connector.courier_map),
        notify=row.sent_customer_notification,
        source_code=row.source_code,
    )
    title = (
        f"Shipment {shipment.pk} of order {shipment.order}, as it is sent to {row}; its quantities are compared with "
        "the order in the shop first"
    )
    after, problems = map_body(
        "shipment", deepcopy(before), lambda: shipment_document(shipment, row), mappings
    )
    return compare(title, before, after, problems)


def preview_refund_out(connector: Magento2Connector, number: str, mappings: FieldMappings) -> Preview:
    """A refund of an order that is in this connector's shop. Its amounts are worked out when it is sent."""
    there = Q(order__magento__magento2_connector=connector) | Q(
        order__magento_parts__magento2_connector=connector
    )
    refunds = OrderPayment.objects.filter(there, payment_type=PaymentType.REFUND).order_by("-pk").distinct()
    refund = _named(refunds, number, "order__marketplace_order_id")
    if refund is None:
        raise NoPreview(_none_there("refund", number, "orders that are in", connector))
    row = _row_of(connector, refund.order)
    title = (
        f"Refund {refund.pk} of order {refund.order}, as it is sent to {row}; its amounts are worked out from the "
        "order in the shop first"
    )
    try:
        wish = wish_of(refund)
    except UnrefundableOrder as error:
        return Preview(title, (), (f"{error.reason} {error.remedy}",))
    before = refund_body(
        {item.item_id: item.quantity for item in wish.items} or {0: 0},
        shipping_amount=wish.shipping_amount,
        return_to_stock_items=[item.item_id for item in wish.items if item.back_to_stock],
        notify=row.sent_customer_notification,
    )
    if not wish.items:
        # Which items money alone goes by is seen in the shop.
        del before["items"]
    after, problems = map_body("refund", deepcopy(before), lambda: refund_document(refund, row), mappings)
    return compare(title, before, after, problems)


def _named[Record: Model](records: QuerySet[Record], number: str, field: str) -> Record | None:
    """The record of this number, or of this id in the hub; the newest without one."""
    if number:
        wanted: Any = Q(**{field: number})
        if number.isascii() and number.isdigit() and len(number) <= 18:
            wanted |= Q(pk=int(number))
        records = records.filter(wanted)
    return records.first()


def _none_there(what: str, number: str, whose: str, connector: Magento2Connector) -> str:
    which = f"{what} {number}" if number else what
    return f"The hub has no {which} of {whose} {connector}."


def _row_of(connector: Magento2Connector, order: Order) -> Magento2Seller:
    """The row that an order came from or went through. Raises NoPreview."""
    linked = Q(account_magento__account=order.account_id) | Q(account=order.account_id)
    row = connector.sellers.filter(linked).order_by("pk").first()
    if row is None:
        raise NoPreview(f"No seller row of {connector} stands for {order.account}.")
    row.connector = connector
    return row
