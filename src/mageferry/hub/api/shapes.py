"""What the API takes and gives."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from ninja import Field, Schema


class ExchangeShape(Schema):
    """A request and its answer, secrets masked. `status` null: no answer came, or nothing was sent."""

    method: str
    url: str
    request_headers: list[tuple[str, str]]
    request_body: str
    status: int | None
    headers: list[tuple[str, str]]
    body: str
    error: str
    elapsed_ms: int
    step: str = Field(description="Step of a chain.")


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
    notes: str


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


class Quantity(Schema):
    sku: str = Field(alias="product.sku")
    location: str = Field(alias="location.code")
    quantity: Decimal
    origin: str = Field(
        description="Connector and warehouse code it was read from; empty: a person entered it."
    )
    updated_at: dt.datetime


class ProductSide(Schema):
    connector: str = Field(alias="magento2_connector.name")
    store_code: str = Field(description="Empty: the default values.")
    entity_id: int
    sku: str
    name: str
    status: int
    price: Decimal | None
    weight: Decimal | None
    attributes: dict[str, Any]
    leads: bool
    remote_updated_at: dt.datetime | None


class ProductShape(Schema):
    id: int
    sku: str
    name: str
    product_type: str
    active: bool
    price: Decimal | None
    weight: Decimal | None
    edited_fields: list[str] = Field(
        description="Fields that a person changed: a shop doesn't overwrite them."
    )
    updated_at: dt.datetime


class ProductDetail(ProductShape):
    quantities: list[Quantity]
    magento: list[ProductSide]


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


class UnitDetail(Unit):
    connector_key: str
    priority: int
    step: str
    payload: dict[str, Any]
    result: dict[str, Any]
    request: str
    answer: str
    created_at: dt.datetime
    finished_at: dt.datetime | None


class NewPayload(Schema):
    payload: dict[str, Any] = Field(description="Replaces the unit's payload as a whole.")


class Pruning(Schema):
    days: int | None = Field(None, ge=0, description="Ended longer ago than this; else as configured.")
    keep: int | None = Field(None, ge=0, description="Keep this many units; else as configured.")


class Removed(Schema):
    removed: int


class Repaired(Schema):
    recovered: int
    woken: int
    abandoned_runs: int
    old_leases: int


class ScheduleShape(Schema):
    id: int
    flow: str
    scope: str
    title: str
    cron: str
    time_zone: str
    spread_seconds: int
    paused: bool
    enabled: bool
    next_at: dt.datetime | None
    last_at: dt.datetime | None
    error: str


class ScheduleChange(Schema):
    cron: str | None = Field(None, description="When, e.g. */15 * * * *.")
    time_zone: str | None = Field(None, description="E.g. Europe/Berlin.")
    spread_seconds: int | None = Field(
        None, ge=0, le=86_400, description="Start up to this long after the minute."
    )


class PauseShape(Schema):
    connector_key: str
    since: dt.datetime
    reason: str
    automatic: bool = Field(description="Because the other side is down; it ends by itself.")


class ResumeRequest(Schema):
    connector: str = Field(description="Name of a connector; client:CODE for an HTTP client; * for all.")


class PauseRequest(ResumeRequest):
    reason: str = Field("", max_length=200)


class Problem(Schema):
    message: str


class Changed(Schema):
    changed: int
