"""The hub's own tables: who sells where, what, and what became of each order."""

from mageferry.hub.trade.models.catalogue import Location, LocationQuantity, Product, sku_key
from mageferry.hub.trade.models.orders import (
    AddressKind,
    HistoryOutcome,
    Order,
    OrderAddress,
    OrderHistory,
    OrderItem,
    OrderPayment,
    OrderStatus,
    PaymentType,
)
from mageferry.hub.trade.models.parties import Account, Marketplace, Seller
from mageferry.hub.trade.models.refunds import OrderRefund, OrderRefundItem
from mageferry.hub.trade.models.shipments import OrderShipment, OrderShipmentItem, OrderShipmentTrack

__all__ = [
    "Account",
    "AddressKind",
    "HistoryOutcome",
    "Location",
    "LocationQuantity",
    "Marketplace",
    "Order",
    "OrderAddress",
    "OrderHistory",
    "OrderItem",
    "OrderPayment",
    "OrderRefund",
    "OrderRefundItem",
    "OrderShipment",
    "OrderShipmentItem",
    "OrderShipmentTrack",
    "OrderStatus",
    "PaymentType",
    "Product",
    "Seller",
    "sku_key",
]
