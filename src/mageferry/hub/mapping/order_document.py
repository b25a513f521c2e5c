"""The hub's orders, shipments and refunds as JSON: what mappings to Magento read. Pure.

    {"marketplace_order_id", "status", "currency", amounts..., "placed_at", "account": {"code", "name"},
     "marketplace": {"code", "name"}, "connector": {"name"}, "store": {"store_id", "store_code"},
     "items": [...], "billing_address": {...}, "shipping_address": {...}, "payment": {...}}

A shipment has its own fields, `items` with what it holds of each, `tracks` and its whole `order`; a refund its amounts,
`items` with what comes back, and its whole `order`.

Amounts and quantities are numbers, moments texts in UTC as Magento writes them.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Final

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.trade.models import AddressKind, Order, OrderItem, OrderPayment, OrderShipment, PaymentType

ORDER_FIELDS: Final = (
    "marketplace_order_id", "status", "remote_status", "currency", "subtotal", "shipping_amount", "tax_amount",
    "discount_amount", "grand_total", "customer_email", "customer_firstname", "customer_lastname", "shipping_service",
    "shipping_description", "placed_at",
)  # fmt: skip
ITEM_FIELDS: Final = (
    "position", "marketplace_item_id", "sku", "name", "product_type", "bundle_sku", "quantity", "price", "unit_tax",
    "tax_percent", "discount_amount", "row_total", "product_option", "extension_attributes",
)  # fmt: skip
ADDRESS_FIELDS: Final = (
    "kind", "firstname", "lastname", "company", "street", "city", "region", "region_code", "postcode", "country_id",
    "telephone", "email", "vat_id",
)  # fmt: skip
PAYMENT_FIELDS: Final = (
    "method", "amount", "amount_paid", "shipping_amount", "currency", "transaction_id", "paid_at",
)  # fmt: skip
SHIPMENT_FIELDS: Final = ("shipped_at", "carrier", "service", "remote_id")
TRACK_FIELDS: Final = ("number", "title", "carrier_code")
REFUND_FIELDS: Final = ("method", "amount", "shipping_amount", "currency", "transaction_id", "paid_at")


def order_document(order: Order, row: Magento2Seller) -> dict[str, Any]:
    """The order as JSON, for the store that it goes to."""
    addresses = {each.kind: _fields(each, ADDRESS_FIELDS) for each in order.addresses.all()}
    billing = addresses.get(AddressKind.BILLING) or addresses.get(AddressKind.SHIPPING) or {}
    payment = next((each for each in order.payments.all() if each.payment_type == PaymentType.PAYMENT), None)
    return {
        **_fields(order, ORDER_FIELDS),
        "account": _named(order.account),
        "marketplace": _named(order.account.marketplace),
        "connector": {"name": row.connector.name},
        "store": {"store_id": row.store_id, "store_code": row.store_code},
        "items": [item_document(item) for item in order.items.all()],
        "billing_address": billing,
        "shipping_address": addresses.get(AddressKind.SHIPPING) or billing,
        "payment": _fields(payment, PAYMENT_FIELDS) if payment is not None else {},
    }


def item_document(item: OrderItem) -> dict[str, Any]:
    """An item as JSON, with its seller."""
    seller = item.seller if item.seller_id is not None else None
    return {**_fields(item, ITEM_FIELDS), "seller": _named(seller) if seller is not None else None}


def shipment_document(shipment: OrderShipment, row: Magento2Seller) -> dict[str, Any]:
    """The shipment as JSON, with its order."""
    return {
        **_fields(shipment, SHIPMENT_FIELDS),
        "items": [
            {**item_document(each.order_item), "quantity": _as_json(each.quantity)}
            for each in shipment.items.all()
        ],
        "tracks": [_fields(track, TRACK_FIELDS) for track in shipment.tracks.all()],
        "order": order_document(shipment.order, row),
    }


def refund_document(refund: OrderPayment, row: Magento2Seller) -> dict[str, Any]:
    """The refund as JSON, with its order."""
    return {
        **_fields(refund, REFUND_FIELDS),
        "items": [
            {
                **item_document(each.order_item),
                "quantity": _as_json(each.quantity),
                "back_to_stock": each.back_to_stock,
            }
            for each in refund.refund_items.all()
        ],
        "order": order_document(refund.order, row),
    }


def _named(party: Any) -> dict[str, str]:
    return {"code": party.code, "name": party.name}


def _fields(record: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _as_json(getattr(record, name)) for name in names}


def _as_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
    return value
