"""A Magento order in the hub's terms: what reading gives, mappings change and the import stores. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from mageferry.hub.mapping.field_mappings import Assignment


@dataclass(slots=True)
class AddressRecord:
    kind: str
    firstname: str
    lastname: str
    company: str
    street: str
    city: str
    region: str
    region_code: str
    postcode: str
    country_id: str
    telephone: str
    email: str
    vat_id: str


@dataclass(slots=True)
class ItemRecord:
    item_id: int
    parent_item_id: int | None
    sku: str
    name: str
    product_type: str
    bundle_sku: str
    quantity: Decimal
    quantity_shipped: Decimal
    quantity_refunded: Decimal
    quantity_cancelled: Decimal
    price: Decimal
    unit_tax: Decimal
    tax_percent: Decimal
    discount_amount: Decimal
    row_total: Decimal
    product_option: dict[str, Any]
    # Only a field mapping fills them.
    extension_attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class PaymentRecord:
    entity_id: int
    method: str
    amount: Decimal
    amount_paid: Decimal
    shipping_amount: Decimal
    transaction_id: str = ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What field mappings found for a record of an order that the hub may have: by item id, kind of address, or ""."""

    record: str
    key: int | str
    assignments: tuple[Assignment, ...]


@dataclass(slots=True)
class OrderRecord:
    entity_id: int
    increment_id: str
    store_id: int | None
    ext_order_id: str
    status: str
    remote_status: str
    currency: str
    subtotal: Decimal
    shipping_amount: Decimal
    tax_amount: Decimal
    discount_amount: Decimal
    grand_total: Decimal
    total_refunded: Decimal
    customer_email: str
    customer_firstname: str
    customer_lastname: str
    shipping_service: str
    shipping_description: str
    placed_at: dt.datetime
    remote_updated_at: dt.datetime
    items: list[ItemRecord]
    addresses: list[AddressRecord]
    payment: PaymentRecord | None
    mapped: tuple[Mapped, ...] = ()

    @property
    def number(self) -> str:
        """What people know it by."""
        return self.increment_id

    @property
    def nothing_left_to_ship(self) -> bool:
        return all(
            item.quantity_shipped + max(item.quantity_refunded, item.quantity_cancelled) >= item.quantity
            for item in self.items
            if item.product_type not in ("virtual", "downloadable")
        )
