"""What the hub tells of its rows: the shapes of the entities that go out, and making them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal

from mageferry.hub.connectors.models import Direction
from mageferry.hub.exchange.goods import ProductEntity, StockEntity
from mageferry.hub.exchange.order_shapes import Address, OrderEntity, OrderItem, Status
from mageferry.hub.exchange.refunds import RefundContent, ReturnedItem
from mageferry.hub.exchange.shapes import Entity, Moment, Money, said
from mageferry.hub.exchange.shipments import ChosenItem, ShipmentContent
from mageferry.hub.trade import models

_ADDRESS = tuple(Address.model_fields)
_ORDER = (
    "marketplace_order_id", "status", "remote_status", "currency", "customer_email", "customer_firstname",
    "customer_lastname", "shipping_service", "shipping_description",
)  # fmt: skip
_AMOUNTS = ("subtotal", "shipping_amount", "tax_amount", "discount_amount", "grand_total")
_ITEM = (
    "position", "marketplace_item_id", "sku", "name", "product_type", "bundle_sku", "product_option",
    "extension_attributes",
)  # fmt: skip
_ITEM_AMOUNTS = ("quantity", "price", "tax_amount", "unit_tax", "tax_percent", "discount_amount", "row_total")


class GivenItem(OrderItem):
    """One line of an order that the hub tells of."""

    position: int = said("Its place in the order, from 1.")
    row_total: Money = said("Price x quantity.")
    magento_item_id: int | None = said("Magento's item_id.", None)


class InMagento(Entity):
    """An order, or a part of it, in a Magento."""

    connector: str = said("Name of the connector.")
    direction: Literal["downloaded", "exported"] = said("Read from there, or brought there.")
    entity_id: int = said("Its entity_id.")
    increment_id: str = said("Its number.", "")
    store_id: int | None = said("Its store.", None)


class GivenStatus(Entity):
    """How an order stands."""

    id: int = said("The hub's own number of it.")
    account: str = said("Code of its account.")
    marketplace_order_id: str = said("Its number where it was bought.")
    status: Status = said("Where it stands.")
    remote_status: str = said("Status in the system that it came from.", "")
    total_refunded: Money = said("What was given back.")
    magento: list[InMagento] = said("What it is in Magento: one, or one for each part.", list)
    error: str = said("Why it is parked; empty when it isn't.", "")
    remedy: str = said("What to do about that.", "")
    changed_at: Moment = said("When it changed last in the hub.")


class GivenOrder(OrderEntity, GivenStatus):
    """An order with all that belongs to it; without what only the hub adds, it is what is taken in."""

    items: list[GivenItem] = said("The lines, in their order.")  # type: ignore[assignment]


class GivenShipmentItem(ChosenItem):
    """How many of which item."""


class GivenShipment(ShipmentContent):
    """A shipment that the hub knows of."""

    id: int = said("The hub's own number of it: the same one again is the same shipment.")
    account: str = said("Code of the order's account.")
    marketplace_order_id: str = said("The order's number where it was bought.")
    remote_id: str = said("Id in the system that it came from.", "")
    origin: Literal["magento", "told"] = said("Read from a Magento, or told of from outside or by a person.")
    magento_shipment_id: int | None = said("Its id in Magento.", None)
    changed_at: Moment = said("When it changed last in the hub.")


class GivenReturnedItem(ReturnedItem):
    """How many of which item are given back."""


class GivenRefund(RefundContent):
    """A refund that the hub knows of."""

    id: int = said("The hub's own number of it: the same one again is the same refund.")
    account: str = said("Code of the order's account.")
    marketplace_order_id: str = said("The order's number where it was bought.")
    transaction_id: str = said("The refund's own id; empty when it came from Magento.", "")
    currency: str = said("Currency of the amounts.")
    refunded_at: Moment | None = said("When.", None)
    return_created: bool = said("Whether its credit memo is in Magento.")
    return_id: int | None = said("Id of the credit memo.", None)
    error: str = said("Why it is parked; empty when it isn't.", "")
    changed_at: Moment = said("When it changed last in the hub.")


class GivenStock(StockEntity):
    """What lies of a product at a location."""

    id: int = said("The hub's own number of it.")
    origin: str = said("Where the quantity came from; empty: a person entered it.", "")
    changed_at: Moment = said("When it changed last in the hub.")


class GivenProduct(ProductEntity):
    """A product."""

    id: int = said("The hub's own number of it.")
    changed_at: Moment = said("When it changed last in the hub.")


def number(value: Decimal) -> int | float | str:
    """A decimal as the JSON number that reads the same; as text where no JSON number of Python is exact."""
    if value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    written = float(value)
    return written if Decimal(repr(written)) == value else format(value.normalize(), "f")


def moment(value: dt.datetime) -> str:
    """A moment in UTC, as ISO 8601."""
    return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _numbers(row: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: number(getattr(row, name)) for name in names}


def _texts(row: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def give_status(order: models.Order) -> dict[str, Any]:
    """A GivenStatus of an order with its links into Magento."""
    return {
        "id": order.pk,
        "account": order.account.code,
        **_texts(order, ("marketplace_order_id", "status", "remote_status", "error", "remedy")),
        "total_refunded": number(order.total_refunded),
        "magento": _in_magento(order),
        "changed_at": moment(order.updated_at),
    }


def give_order(order: models.Order) -> dict[str, Any]:
    """A GivenOrder of an order with everything that belongs to it."""
    addresses = {address.kind: address for address in order.addresses.all()}
    payments = [each for each in order.payments.all() if each.payment_type == models.PaymentType.PAYMENT]
    return {
        **give_status(order),
        **_texts(order, _ORDER),
        **_numbers(order, _AMOUNTS),
        "placed_at": moment(order.placed_at),
        "updated_at": moment(order.remote_updated_at) if order.remote_updated_at else None,
        "items": [_item(item) for item in order.items.all()],
        "billing_address": _address(addresses.get(models.AddressKind.BILLING)),
        "shipping_address": _address(addresses.get(models.AddressKind.SHIPPING)),
        "payment": _payment(payments[0]) if payments else None,
    }


def _item(item: models.OrderItem) -> dict[str, Any]:
    return {
        **_texts(item, _ITEM),
        **_numbers(item, _ITEM_AMOUNTS),
        "seller": item.seller.code if item.seller else "",
        "magento_item_id": item.magento.item_id if hasattr(item, "magento") else None,
    }


def _address(address: models.OrderAddress | None) -> dict[str, Any] | None:
    return None if address is None else _texts(address, _ADDRESS)


def _payment(payment: models.OrderPayment) -> dict[str, Any]:
    return {
        **_texts(payment, ("method", "transaction_id")),
        **_numbers(payment, ("amount", "amount_paid")),
        "paid_at": moment(payment.paid_at) if payment.paid_at else None,
    }


def _in_magento(order: models.Order) -> list[dict[str, Any]]:
    parts = [(part, Direction.EXPORTED) for part in order.magento_parts.all()]
    if parts:
        links: list[tuple[Any, str]] = list(parts)
    else:
        links = [(order.magento, order.magento.direction)] if hasattr(order, "magento") else []
    return [
        {
            "connector": link.magento2_connector.name,
            "direction": str(direction),
            "entity_id": link.entity_id,
            "increment_id": link.increment_id,
            "store_id": link.store_id,
        }
        for link, direction in links
    ]


def give_shipment(shipment: models.OrderShipment) -> dict[str, Any]:
    """A GivenShipment of a shipment with its items and tracks."""
    link = shipment.magento if hasattr(shipment, "magento") else None
    read = link is not None and link.direction == Direction.DOWNLOADED
    return {
        "id": shipment.pk,
        **_of_order(shipment.order),
        **_texts(shipment, ("remote_id", "carrier", "service")),
        "shipped_at": moment(shipment.shipped_at),
        "items": [_chosen(each.order_item, each.quantity) for each in shipment.items.all()],
        "tracks": [_texts(track, ("number", "title", "carrier_code")) for track in shipment.tracks.all()],
        "origin": "magento" if read else "told",
        "magento_shipment_id": link.shipment_id if link else None,
        "changed_at": moment(shipment.updated_at),
    }


def _of_order(order: models.Order) -> dict[str, str]:
    return {"account": order.account.code, "marketplace_order_id": order.marketplace_order_id}


def _chosen(item: models.OrderItem, quantity: Decimal) -> dict[str, Any]:
    return {**_texts(item, ("position", "marketplace_item_id", "sku")), "quantity": number(quantity)}


def give_refund(refund: models.OrderPayment) -> dict[str, Any]:
    """A GivenRefund of an order payment of type Refund with its items."""
    link = refund.magento if hasattr(refund, "magento") else None
    return {
        "id": refund.pk,
        **_of_order(refund.order),
        **_texts(refund, ("transaction_id", "currency")),
        **_numbers(refund, ("amount", "shipping_amount")),
        "items": [
            {**_chosen(each.order_item, each.quantity), "back_to_stock": each.back_to_stock}
            for each in refund.refund_items.all()
        ],
        "refunded_at": moment(refund.paid_at) if refund.paid_at else None,
        "return_created": link is not None and link.return_created,
        "return_id": link.return_id if link else None,
        "error": link.error if link else "",
        "changed_at": moment(refund.updated_at),
    }


def give_stock(shelf: models.LocationQuantity) -> dict[str, Any]:
    """A GivenStock of a location quantity."""
    return {
        "id": shelf.pk,
        "sku": shelf.product.sku,
        "location": shelf.location.code,
        "quantity": number(shelf.quantity),
        "origin": shelf.origin,
        "changed_at": moment(shelf.updated_at),
    }


def give_product(product: models.Product) -> dict[str, Any]:
    """A GivenProduct of a product."""
    return {
        "id": product.pk,
        **_texts(product, ("sku", "name", "product_type", "active")),
        "price": None if product.price is None else number(product.price),
        "weight": None if product.weight is None else number(product.weight),
        "changed_at": moment(product.updated_at),
    }
