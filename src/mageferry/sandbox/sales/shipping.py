"""Shipments: which units one takes, what refuses it, and what it does to its order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mageferry.sandbox.money import ZERO, shown
from mageferry.sandbox.orderbook import Record
from mageferry.sandbox.php import Value, is_empty
from mageferry.sandbox.sales.lines import Line, SalesOrder
from mageferry.sandbox.sales.states import CANCELED, HOLDED, PAYMENT_REVIEW, start_processing

_COPIED_OF_ITEM = ("name", "price", "product_id", "sku", "weight")


@dataclass(frozen=True, slots=True)
class Parcel:
    """Units of a line. ``listed`` ones show in the shipment; a bundle's parts only count as shipped."""

    line: Line
    quantity: Decimal
    listed: bool


def pack(order: SalesOrder, wanted: Mapping[int, Decimal]) -> list[Parcel]:
    """The units to ship: the wanted ones as far as they are left, everything left when none is wanted.

    Units of no parcel, a negative or a fractional one of a whole product's, count as nothing.
    """
    asked = wanted or {
        line.item_id: line.get("qty_ordered")
        for line in order.lines
        if not line.is_virtual and (line.parent is None or line.is_shipped_by_parts)
    }
    parcels: list[Parcel] = []
    for line in order.lines:
        quantity = _quantity(line, asked)
        if quantity > 0:
            parcels.append(Parcel(line, quantity, listed=not line.is_shipping_dummy and not line.is_virtual))
    return parcels


def _quantity(line: Line, asked: Mapping[int, Decimal]) -> Decimal:
    if not line.is_shipping_dummy:
        return line.whole(min(asked.get(line.item_id, ZERO), line.to_ship))
    parent = line.parent
    if parent is None or parent.item.get("product_type") != "bundle" or parent.item_id not in asked:
        return ZERO
    of_parent = parent.whole(min(asked[parent.item_id], parent.to_ship))
    return line.whole(min(of_parent * line.units_per_parent, line.unshipped))


def check_shipment(order: SalesOrder, parcels: list[Parcel], tracks: Iterable[Record]) -> list[str]:
    """What stands against the shipment, one message each: the order first."""
    messages: list[str] = []
    if order.state in (PAYMENT_REVIEW, HOLDED, CANCELED) or order.is_virtual:
        messages.append(f"A shipment cannot be created when an order has a status of {order.status}")
    elif not any(line.to_ship > 0 and not line.is_virtual for line in order.lines):
        messages.append("The order does not allow a shipment to be created.")
    if not any(parcel.listed for parcel in parcels):
        messages.append("You can't create a shipment without products.")
    messages += ["Please enter a tracking number." for track in tracks if is_empty(track.get("track_number"))]
    return messages


def register_shipment(order: SalesOrder, parcels: list[Parcel], now: str) -> Record:
    """Count the units as shipped. The shipment without its ids.

    The order's updated_at moves only when its state does.
    """
    for parcel in parcels:
        parcel.line.add("qty_shipped", parcel.quantity)
    order.touch_lines([parcel.line for parcel in parcels], now)
    before = (order.state, order.status)
    start_processing(order)
    if before != (order.state, order.status):
        order.record["updated_at"] = now
    listed = [parcel for parcel in parcels if parcel.listed]
    items: list[Value] = [_item(parcel) for parcel in listed]
    copied = {name: order.record.get(name) for name in ("billing_address_id", "customer_id", "store_id")}
    return {
        **{name: value for name, value in copied.items() if value is not None},
        "order_id": order.order_id,
        "packages": [],
        "total_qty": shown(sum((parcel.quantity for parcel in listed), ZERO)),
        "items": items,
        "tracks": [],
        "comments": [],
    }


def _item(parcel: Parcel) -> Record:
    copied = {name: parcel.line.item.get(name) for name in _COPIED_OF_ITEM}
    kept: Record = {name: value for name, value in copied.items() if value is not None}
    return {**kept, "order_item_id": parcel.line.item_id, "qty": shown(parcel.quantity)}
