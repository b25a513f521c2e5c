"""What the API takes and gives of shipments."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

from ninja import Field, Schema
from pydantic import AwareDatetime, StringConstraints

from mageferry.hub.api.incoming import Incoming, Quantity, Trimmed


class NewShipmentItem(Incoming):
    position: int | None = Field(None, description="The item's position in the order.")
    sku: str = Field("", description="Its SKU; enough when the order has it once.")
    quantity: Quantity


class Track(Incoming):
    number: Trimmed
    title: str = Field("", max_length=255)
    carrier_code: str = Field("", max_length=32)


class NewShipment(Incoming):
    remote_id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)] = Field(
        description="Your own id of the shipment: the same one sent again changes nothing."
    )
    shipped_at: AwareDatetime | None = Field(None, description="With its time zone; now when it is left out.")
    carrier: str = Field("", max_length=100)
    service: str = Field("", max_length=100)
    items: list[NewShipmentItem] = Field(min_length=1)
    tracks: list[Track] = Field(default_factory=list)


class ShipmentItem(Schema):
    position: int = Field(alias="order_item.position")
    sku: str = Field(alias="order_item.sku")
    quantity: Decimal


class Shipment(Schema):
    id: int
    remote_id: str
    shipped_at: dt.datetime
    carrier: str
    service: str
    items: list[ShipmentItem]
    tracks: list[Track]
    magento_id: int | None = Field(None, alias="magento.shipment_id", description="Its id in Magento.")
