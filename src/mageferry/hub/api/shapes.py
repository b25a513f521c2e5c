"""What the API takes and gives."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

from ninja import Field, Schema
from pydantic import AwareDatetime, ConfigDict, StringConstraints, field_validator


class SellerRow(Schema):
    id: int
    store_id: int
    store_code: str
    account: str | None = Field(None, alias="account.name")
    warehouse_code: str


class Connector(Schema):
    id: int
    name: str
    active: bool
    endpoint: str
    authentication: str
    error: str
    remedy: str


class ConnectorDetail(Connector):
    sellers: list[SellerRow]

    @staticmethod
    def resolve_sellers(connector: object) -> object:
        return connector.sellers.select_related("account")  # type: ignore[attr-defined]


class FoundOut(Schema):
    name: str
    level: str
    text: str
    remedy: str


class FlowShape(Schema):
    command: str
    title: str


class RunRequest(Schema):
    connector: str = Field("", description="Name of a connector; empty: all active ones.")


class RunsAsked(Schema):
    asked: list[str] = Field(description="Rows for which a run was asked for.")
    waiting: list[str] = Field(description="Rows for which one was asked for already.")


class Run(Schema):
    id: int
    flow: str
    title: str
    status: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    expected: int | None
    read: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    failed: int
    error: str
    remedy: str


class Item(Schema):
    position: int
    sku: str
    name: str
    quantity: Decimal
    price: Decimal
    unit_tax: Decimal
    discount_amount: Decimal
    row_total: Decimal
    magento_exported: bool
    connector_id: int | None


class OrderShape(Schema):
    id: int
    account: str = Field(alias="account.name")
    marketplace_order_id: str
    status: str
    remote_status: str
    currency: str
    grand_total: Decimal
    placed_at: dt.datetime
    connector_id: int | None
    error: str
    remedy: str


class OrderDetail(OrderShape):
    subtotal: Decimal
    shipping_amount: Decimal
    tax_amount: Decimal
    discount_amount: Decimal
    total_refunded: Decimal
    customer_email: str
    items: list[Item]


Quantity = Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=4)]
Trimmed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


class Incoming(Schema):
    """What is taken from outside: unknown fields are refused, so that a misspelt one isn't left out without a word."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_nul(cls, value: object) -> object:
        # PostgreSQL stores no text with it.
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("holds a NUL character")
        return value


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


class Unit(Schema):
    id: int
    kind: str
    subject: str
    status: str
    attempts: int
    reason: str
    remedy: str
    not_before: dt.datetime | None
    updated_at: dt.datetime


class Problem(Schema):
    message: str


class Changed(Schema):
    changed: int
