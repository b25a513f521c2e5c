"""Shipments that others tell of: for an order of the hub, each taken once by its own id."""

from __future__ import annotations

from typing import Annotated, Self

from django.utils import timezone
from pydantic import Field, StringConstraints, model_validator

from mageferry.hub.exchange.known_orders import order_of
from mageferry.hub.exchange.order_documents import OrderDocument
from mageferry.hub.exchange.plans import EntityPlan
from mageferry.hub.exchange.shapes import Entity, Moment, OrderNumber, Quantity, said
from mageferry.hub.trade import shipping
from mageferry.hub.trade.chosen_items import NewItem
from mageferry.hub.trade.models import Account


class ChosenItem(Entity):
    """How many of which item: named by its position, by the line's own id, or by an SKU that the order has once."""

    position: int | None = said("The item's position in the order.", None, ge=1, le=32767)
    marketplace_item_id: str = said("Or the line's own id.", "", max_length=64)
    sku: str = said("Or its SKU; enough when the order has it once.", "", max_length=255)
    quantity: Quantity = said("How many.")

    @model_validator(mode="after")
    def _check_named(self) -> Self:
        if self.position is None and not self.marketplace_item_id and not self.sku:
            raise ValueError("names no item: give its position, marketplace_item_id or sku")
        return self

    @property
    def wanted(self) -> NewItem:
        return NewItem(self.quantity, self.position, self.sku, self.marketplace_item_id)


class Track(Entity):
    """A tracking number."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=255)] = said("Tracking number.")
    title: str = said("The carrier's name as the buyer is to see it.", "", max_length=255)
    carrier_code: str = said("The carrier's code in Magento, such as ups.", "", max_length=32)


class ShipmentContent(Entity):
    """What left."""

    remote_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] = said(
        "Your own id of the shipment: the same one sent again changes nothing."
    )
    shipped_at: Moment | None = said("When, with its time zone; now when it is left out.", None)
    carrier: str = said("The carrier's name.", "", max_length=100)
    service: str = said("Its service.", "", max_length=100)
    items: list[ChosenItem] = said("What it holds.", min_length=1, max_length=1000)
    tracks: list[Track] = said("Its tracking numbers.", list, max_length=100)

    @property
    def wanted(self) -> shipping.NewShipment:
        return shipping.NewShipment(
            self.remote_id,
            [item.wanted for item in self.items],
            [shipping.NewTrack(**track.model_dump()) for track in self.tracks],
            self.shipped_at or timezone.now(),
            self.carrier,
            self.service,
        )


class ShipmentEntity(ShipmentContent):
    """A shipment of an order. For an order from Magento the next run of Create Shipments makes it there."""

    marketplace_order_id: Annotated[OrderNumber, Field(description="The order's number where it was bought.")]


def plan_shipment(entity: ShipmentEntity, account: Account) -> EntityPlan:
    """Raises RefusedEntity when it doesn't fit its order, UnknownSubject when there is no such order."""
    order = order_of(account, entity.marketplace_order_id)
    numbers = ", ".join(track.number for track in entity.tracks)
    return OrderDocument(
        "shipment",
        f"Shipment {entity.remote_id}",
        f"Shipment {entity.remote_id} told" + (f", tracks: {numbers}." if numbers else "."),
        order,
        account,
        lambda: shipping.check_shipment(order, entity.wanted)[0],
        lambda: shipping.add_shipment(order, entity.wanted),
        (shipping.BadShipment, shipping.OtherShipment),
    ).plan()
