"""Shipments that somebody tells the hub of: checked against the order, and each taken once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from mageferry.hub.trade.chosen_items import NewItem, choose_items
from mageferry.hub.trade.models import (
    Order,
    OrderItem,
    OrderShipment,
    OrderShipmentItem,
    OrderShipmentTrack,
    OrderStatus,
)


class BadShipment(ValueError):
    """A shipment that doesn't fit its order: everything that is wrong with it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems) + ".")


class OtherShipment(ValueError):
    """The order has a shipment with this id already, and it holds something else."""


@dataclass(frozen=True, slots=True)
class NewTrack:
    number: str
    title: str = ""
    carrier_code: str = ""


@dataclass(frozen=True, slots=True)
class NewShipment:
    """What left. `remote_id` is the sender's own id of it: telling of the same one again changes nothing."""

    remote_id: str
    items: Sequence[NewItem]
    tracks: Sequence[NewTrack] = ()
    shipped_at: dt.datetime = field(default_factory=timezone.now)
    carrier: str = ""
    service: str = ""


@transaction.atomic
def add_shipment(order: Order, new: NewShipment) -> tuple[OrderShipment, bool]:
    """Take a shipment over; True when it is new, False when it is known already.

    Raises BadShipment, or OtherShipment when its `remote_id` belongs to another one of the order.
    """
    # Whoever tells of shipments of this order at the same time waits here, so that what is left is known.
    order = Order.objects.select_for_update().get(pk=order.pk)
    known, quantities = check_shipment(order, new)
    return (known, False) if known is not None else (_create(order, new, quantities), True)


def check_shipment(order: Order, new: NewShipment) -> tuple[OrderShipment | None, dict[int, Decimal]]:
    """The same shipment as it was told before, if it was, and the quantities by the item's pk.

    Raises as add_shipment does.
    """
    items = list(order.items.all())
    quantities, problems = choose_items(new.items, items)
    if not new.items:
        problems.append("a shipment needs at least one item")
    known = OrderShipment.objects.filter(order=order, remote_id=new.remote_id).first()
    if known is not None:
        if problems or not _is_same(known, quantities, new.tracks):
            raise OtherShipment(
                f"Order {order} has a shipment {new.remote_id} already, with other items or tracks. "
                "Give each shipment an id of its own."
            )
        return known, quantities
    if order.status == OrderStatus.CANCELLED:
        problems.append(f"order {order} is cancelled")
    problems += _too_many(order, items, quantities)
    if problems:
        raise BadShipment(problems)
    return None, quantities


def left_to_ship(order: Order, items: Sequence[OrderItem]) -> dict[int, Decimal]:
    """What is left to ship of each item, by its pk: neither shipped, nor in a shipment of the hub, nor cancelled."""
    in_shipments: Mapping[int, Decimal] = dict(
        OrderShipmentItem.objects.filter(shipment__order=order)
        .values_list("order_item")
        .annotate(Sum("quantity"))
        .order_by()
    )
    return {
        item.pk: max(
            item.quantity
            - item.quantity_cancelled
            - max(in_shipments.get(item.pk, Decimal(0)), item.quantity_shipped),
            Decimal(0),
        )
        for item in items
    }


def _too_many(order: Order, items: Sequence[OrderItem], quantities: Mapping[int, Decimal]) -> list[str]:
    left = left_to_ship(order, items)
    return [
        f"{quantities[item.pk].normalize():f} x {item.sku} to ship, "
        f"{left[item.pk].normalize():f} left of {item.quantity.normalize():f}"
        for item in items
        if quantities.get(item.pk, Decimal(0)) > left[item.pk]
    ]


def _is_same(known: OrderShipment, quantities: Mapping[int, Decimal], tracks: Sequence[NewTrack]) -> bool:
    items = dict(known.items.values_list("order_item", "quantity"))
    numbers = set(known.tracks.values_list("number", flat=True))
    return items == quantities and numbers == {track.number for track in tracks}


def _create(order: Order, new: NewShipment, quantities: Mapping[int, Decimal]) -> OrderShipment:
    shipment = OrderShipment.objects.create(
        order=order,
        shipped_at=new.shipped_at,
        carrier=new.carrier,
        service=new.service,
        remote_id=new.remote_id,
    )
    OrderShipmentItem.objects.bulk_create(
        OrderShipmentItem(shipment=shipment, order_item_id=pk, quantity=quantity)
        for pk, quantity in quantities.items()
    )
    OrderShipmentTrack.objects.bulk_create(
        OrderShipmentTrack(
            shipment=shipment, number=track.number, title=track.title, carrier_code=track.carrier_code
        )
        for track in {track.number: track for track in new.tracks}.values()
    )
    return shipment
