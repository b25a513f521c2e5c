"""What Magento's rows look like, as far as we use them, and how its numbers and times become ours.

Rows carry more than is named here, and a field that is null in the shop is usually left out altogether.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypedDict

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?\Z")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?\Z")
_SHOWN: Final = 60


def money(value: object) -> Decimal:
    """An amount or quantity from the text of its number, never through binary arithmetic.

    Takes what JSON gives: int, float, or a numeric string. Raises ValueError for anything else, such as a
    bool, NaN or words.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"Not an amount: {str(value)[:_SHOWN]!r} ({type(value).__name__})")
    text = repr(value) if isinstance(value, float) else str(value).strip()
    if not _NUMBER.match(text):
        raise ValueError(f"Not an amount: {text[:_SHOWN]!r}")
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"Not an amount: {text[:_SHOWN]!r}") from error


_PLAIN_LENGTH = len("2026-11-20 08:05:00")


def moment(text: object) -> datetime:
    """A Magento time as an aware moment; without a zone it is UTC, whatever the shop's time zone.

    Raises ValueError for anything else, such as MySQL's `0000-00-00 00:00:00`.
    """
    if type(text) is str and len(text) == _PLAIN_LENGTH and text[4:17:3] == "-- ::":
        # How Magento writes all its times; the checks below are for the rest.
        try:
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError as error:
            raise ValueError(f"Not a time: {text!r} ({error})") from error
    if not isinstance(text, str) or not _MOMENT.match(text.strip()):
        raise ValueError(f"Not a time: {str(text)[:_SHOWN]!r} (expected YYYY-MM-DD HH:MM:SS)")
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"Not a time: {text[:_SHOWN]!r} ({error})") from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


type Json = dict[str, Any] | list[Any] | str | int | float | bool | None
type Row = dict[str, Any]


class Address(TypedDict, total=False):
    entity_id: int
    address_type: str
    firstname: str
    middlename: str
    lastname: str
    company: str
    street: list[str]
    city: str
    region: str
    region_code: str
    region_id: int
    postcode: str
    country_id: str
    telephone: str
    email: str
    vat_id: str


class Payment(TypedDict, total=False):
    entity_id: int
    parent_id: int
    method: str
    amount_ordered: float
    amount_paid: float
    last_trans_id: str
    additional_information: list[str | None]


class OrderItem(TypedDict, total=False):
    item_id: int
    order_id: int
    parent_item_id: int
    parent_item: OrderItem
    product_id: int
    product_type: str
    sku: str
    name: str
    qty_ordered: float
    qty_invoiced: float
    qty_shipped: float
    qty_refunded: float
    qty_canceled: float
    price: float
    price_incl_tax: float
    row_total: float
    row_total_incl_tax: float
    tax_amount: float
    tax_percent: float
    discount_amount: float
    ext_order_item_id: str
    product_option: Row
    extension_attributes: Row


class StatusHistory(TypedDict, total=False):
    entity_id: int
    comment: str
    created_at: str
    status: str
    is_customer_notified: int
    is_visible_on_front: int


class Order(TypedDict, total=False):
    """`GET /V1/orders/{id}`. Amounts are JSON numbers: read them with `money`, times with `moment`."""

    entity_id: int
    increment_id: str
    ext_order_id: str
    store_id: int
    state: str
    status: str
    created_at: str
    updated_at: str
    customer_email: str
    customer_firstname: str
    customer_lastname: str
    customer_is_guest: int
    order_currency_code: str
    base_currency_code: str
    grand_total: float
    subtotal: float
    shipping_amount: float
    shipping_description: str
    shipping_tax_amount: float
    discount_amount: float
    tax_amount: float
    total_paid: float
    total_refunded: float
    total_qty_ordered: float
    is_virtual: int
    items: list[OrderItem]
    billing_address: Address
    payment: Payment
    status_histories: list[StatusHistory]
    extension_attributes: Row


class Track(TypedDict, total=False):
    entity_id: int
    parent_id: int
    order_id: int
    track_number: str
    title: str
    carrier_code: str
    created_at: str


class NewTrack(TypedDict):
    """A track to ship with. Magento takes any `carrier_code`; `custom` is its word for a carrier it doesn't know."""

    track_number: str
    title: str
    carrier_code: str


class ShipmentItem(TypedDict, total=False):
    entity_id: int
    order_item_id: int
    parent_id: int
    sku: str
    name: str
    qty: float


class Shipment(TypedDict, total=False):
    entity_id: int
    increment_id: str
    order_id: int
    store_id: int
    created_at: str
    updated_at: str
    total_qty: float
    items: list[ShipmentItem]
    tracks: list[Track]
    comments: list[Row]
    extension_attributes: Row


class CreditMemoItem(TypedDict, total=False):
    entity_id: int
    order_item_id: int
    sku: str
    qty: float
    row_total: float


class CreditMemo(TypedDict, total=False):
    entity_id: int
    increment_id: str
    order_id: int
    invoice_id: int
    state: int
    created_at: str
    updated_at: str
    grand_total: float
    shipping_amount: float
    adjustment_positive: float
    adjustment_negative: float
    items: list[CreditMemoItem]
    comments: list[Row]


class Invoice(TypedDict, total=False):
    entity_id: int
    increment_id: str
    order_id: int
    state: int
    created_at: str
    updated_at: str
    grand_total: float
    items: list[Row]


class Product(TypedDict, total=False):
    id: int
    sku: str
    name: str
    attribute_set_id: int
    price: float
    status: int
    visibility: int
    type_id: str
    weight: float
    created_at: str
    updated_at: str
    custom_attributes: list[Row]
    extension_attributes: Row
    product_links: list[Row]
    options: list[Row]


class Customer(TypedDict, total=False):
    id: int
    email: str
    firstname: str
    lastname: str
    website_id: int
    store_id: int
    group_id: int
    created_at: str
    updated_at: str
    addresses: list[Row]


class SourceItem(TypedDict):
    """Stock of one product at one source; `status` 0 means out of stock whatever the quantity."""

    sku: str
    source_code: str
    quantity: float
    status: int


class StockItem(TypedDict):
    """The quantity of a product in a shop without sources; `qty` is null for one that never had any."""

    product_id: int
    qty: float | None
    is_in_stock: bool


class Source(TypedDict, total=False):
    source_code: str
    name: str
    enabled: bool
    country_id: str
    postcode: str


class StoreView(TypedDict, total=False):
    id: int
    code: str
    name: str
    website_id: int
    store_group_id: int
    is_active: int


class Website(TypedDict, total=False):
    id: int
    code: str
    name: str
    default_group_id: int


class StoreConfig(TypedDict, total=False):
    id: int
    code: str
    website_id: int
    locale: str
    base_currency_code: str
    default_display_currency_code: str
    timezone: str
    weight_unit: str
    base_url: str
    secure_base_url: str
