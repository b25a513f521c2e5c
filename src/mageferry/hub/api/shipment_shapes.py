"""What the API gives of shipments; what it takes is an entity of the exchange."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from ninja import Field, Schema


class ShipmentItem(Schema):
    position: int = Field(alias="order_item.position")
    sku: str = Field(alias="order_item.sku")
    quantity: Decimal


class Track(Schema):
    number: str
    title: str
    carrier_code: str


class Shipment(Schema):
    id: int
    remote_id: str
    shipped_at: dt.datetime
    carrier: str
    service: str
    items: list[ShipmentItem]
    tracks: list[Track]
    magento_id: int | None = Field(None, alias="magento.shipment_id", description="Its id in Magento.")
