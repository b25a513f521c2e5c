"""Products as stored records: row of filterable values, values of single store views, stock shown with
one product.
"""

from __future__ import annotations

from typing import cast

import orjson

from mageferry.sandbox.media import encode_json
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import Value, to_number, to_string

STOCK_ITEM_SEQUENCE = "cataloginventory_stock_item"
COMPOSITES = ("configurable", "bundle", "grouped")
FLAT_FIELDS = (
    "sku", "attribute_set_id", "type_id", "created_at", "updated_at", "name", "price", "status",
    "visibility", "weight",
)  # fmt: skip


def product_row(product: Record) -> Record:
    """The columns of a product's row from its API form."""
    extension = record(product.get("extension_attributes"))
    attributes = {
        to_string(entry.get("attribute_code")): entry.get("value")
        for entry in records(product.get("custom_attributes"))
    }
    links = records(extension.get("category_links"))
    return {
        "entity_id": product.get("id"),
        **{name: product.get(name) for name in FLAT_FIELDS},
        "attribute_values": encode_json(attributes) if attributes else "{}",
        "category_ids": encode_json([to_string(link.get("category_id")) for link in links]),
        "website_ids": encode_json(extension.get("website_ids") or []),
    }


def apply_store_values(product: Record, stored: Value, store_code: str) -> Record:
    """The product as one store view shows it. ``stored`` is the JSON of values by store code."""
    by_code = cast("Value", orjson.loads(stored)) if isinstance(stored, str) else None
    values = record(record(by_code).get(store_code))
    shown = {**product, **{key: value for key, value in values.items() if key in FLAT_FIELDS}}
    attributes = record(values.get("custom_attributes"))
    if attributes:
        shown["custom_attributes"] = with_attributes(product, attributes)
    return shown


def with_attributes(product: Record, changes: Record) -> list[Value]:
    """The product's custom attributes with changed values; new ones come before its categories."""
    kept = [
        {**entry, "value": changes.get(str(entry.get("attribute_code")), entry.get("value"))}
        for entry in records(product.get("custom_attributes"))
    ]
    known = {entry["attribute_code"] for entry in kept}
    added: list[Record] = [
        {"attribute_code": code, "value": value} for code, value in changes.items() if code not in known
    ]
    at = next((i for i, entry in enumerate(kept) if entry["attribute_code"] == "category_ids"), len(kept))
    return [entry for entry in (*kept[:at], *added, *kept[at:]) if entry["value"] is not None]


def bundle_parts(bundle: Record) -> list[str]:
    """The SKUs of a bundle's parts, in lower case."""
    options = records(record(bundle.get("extension_attributes")).get("bundle_product_options"))
    return [
        to_string(link.get("sku")).lower()
        for option in options
        for link in records(option.get("product_links"))
    ]


def stock_item(product: Record, quantity: Value, in_stock: bool, stored: Record) -> Record:
    """The legacy stock item of a product, on the default source, with Magento's default configuration.

    ``stored`` is what a write has left of its own: item_id, low_stock_date.
    """
    has_own_stock = product.get("type_id") not in COMPOSITES
    known = to_number(quantity) if quantity is not None else None
    return {
        "item_id": stored.get("item_id") or product.get("id"),
        "product_id": product.get("id"),
        "stock_id": 1,
        "qty": known if has_own_stock else 0,
        "is_in_stock": in_stock if has_own_stock else True,
        "is_qty_decimal": False,
        "show_default_notification_message": False,
        "use_config_min_qty": True,
        "min_qty": 0,
        "use_config_min_sale_qty": 1,
        "min_sale_qty": 1,
        "use_config_max_sale_qty": True,
        "max_sale_qty": 10000,
        "use_config_backorders": True,
        "backorders": 0,
        "use_config_notify_stock_qty": True,
        "notify_stock_qty": 1,
        "use_config_qty_increments": True,
        "qty_increments": 0,
        "use_config_enable_qty_inc": True,
        "enable_qty_increments": False,
        "use_config_manage_stock": True,
        "manage_stock": True,
        "low_stock_date": stored.get("low_stock_date"),
        "is_decimal_divided": False,
        "stock_status_changed_auto": 0,
    }
