"""The shop's tables. Column names are those of Magento's database, because that is what filters name."""

from __future__ import annotations

from collections.abc import Iterable

from mageferry.sandbox.database import Column, ColumnKind, Table
from mageferry.sandbox.typetable import scalar_fields

_TIMES = frozenset({"created_at", "updated_at", "customer_dob", "dob", "start_time"})


def _columns(
    type_name: str, indexed: Iterable[str] = (), extra: dict[str, str] | None = None
) -> dict[str, Column]:
    indexes = frozenset(indexed)
    fields = {**scalar_fields(type_name), **(extra or {})}
    return {name: Column(name, _kind(name, scalar), name in indexes) for name, scalar in fields.items()}


def _kind(name: str, scalar: str) -> ColumnKind:
    if name in _TIMES:
        return ColumnKind.TIME
    return ColumnKind.TEXT if scalar == "str" else ColumnKind.NUMBER


ORDERS = Table(
    "sales_order",
    "entity_id",
    _columns(
        "sales-data-order-interface",
        indexed=(
            "status",
            "state",
            "store_id",
            "created_at",
            "updated_at",
            "customer_id",
            "ext_order_id",
            "quote_id",
        ),
        extra={
            "shipping_method": "str",
            "shipping_address_id": "int",
            "send_email": "int",
            "coupon_rule_name": "str",
            "gift_message_id": "int",
        },
    ),
    unique=(("increment_id", "store_id"),),
)
ORDER_ITEMS = Table(
    "sales_order_item",
    "item_id",
    _columns("sales-data-order-item-interface", indexed=("order_id", "store_id")),
)
INVOICES = Table(
    "sales_invoice",
    "entity_id",
    _columns(
        "sales-data-invoice-interface", indexed=("store_id", "order_id", "state", "created_at", "updated_at")
    ),
    unique=(("increment_id", "store_id"),),
)
SHIPMENTS = Table(
    "sales_shipment",
    "entity_id",
    _columns("sales-data-shipment-interface", indexed=("store_id", "order_id", "created_at", "updated_at")),
    unique=(("increment_id", "store_id"),),
)
CREDIT_MEMOS = Table(
    "sales_creditmemo",
    "entity_id",
    _columns(
        "sales-data-creditmemo-interface",
        indexed=("store_id", "order_id", "state", "created_at", "updated_at"),
    ),
    unique=(("increment_id", "store_id"),),
)
PRODUCTS = Table(
    "catalog_product_entity",
    "entity_id",
    {
        column.name: column
        for column in (
            Column("entity_id", ColumnKind.NUMBER),
            Column("sku", ColumnKind.TEXT, indexed=True),
            Column("attribute_set_id", ColumnKind.NUMBER),
            Column("type_id", ColumnKind.TEXT),
            Column("created_at", ColumnKind.TIME),
            Column("updated_at", ColumnKind.TIME),
            Column("name", ColumnKind.TEXT),
            Column("price", ColumnKind.NUMBER),
            Column("status", ColumnKind.NUMBER),
            Column("visibility", ColumnKind.NUMBER),
            Column("weight", ColumnKind.NUMBER),
            # JSON: custom attribute values by code, category and website ids, values of single store views,
            # and what is stored of the legacy stock item.
            Column("attribute_values", ColumnKind.TEXT),
            Column("category_ids", ColumnKind.TEXT),
            Column("website_ids", ColumnKind.TEXT),
            Column("store_values", ColumnKind.TEXT),
            Column("stock_values", ColumnKind.TEXT),
        )
    },
    unique=(("sku",),),
)
CATEGORIES = Table(
    "catalog_category_entity",
    "entity_id",
    {
        column.name: column
        for column in (
            Column("entity_id", ColumnKind.NUMBER),
            Column("parent_id", ColumnKind.NUMBER),
            Column("name", ColumnKind.TEXT),
            Column("is_active", ColumnKind.NUMBER),
            Column("position", ColumnKind.NUMBER),
            Column("level", ColumnKind.NUMBER),
            Column("path", ColumnKind.TEXT),
            Column("children_count", ColumnKind.NUMBER),
            Column("include_in_menu", ColumnKind.NUMBER),
            Column("created_at", ColumnKind.TIME),
            Column("updated_at", ColumnKind.TIME),
        )
    },
)
CUSTOMERS = Table(
    "customer_entity", "entity_id", _columns("customer-data-customer-interface", indexed=("email",))
)
SOURCE_ITEMS = Table(
    "inventory_source_item",
    "source_item_id",
    {
        **_columns("inventory-api-data-source-item-interface", indexed=("source_code",)),
        # What the stock index holds instead, after a write that spelled the SKU in another case.
        "indexed_quantity": Column("indexed_quantity", ColumnKind.NUMBER, hidden=True),
    },
    unique=(("source_code", "sku"),),
)
SOURCES = Table("inventory_source", "source_id", _columns("inventory-api-data-source-interface"))
STOCKS = Table("inventory_stock", "stock_id", _columns("inventory-api-data-stock-interface"))
STOCK_LINKS = Table(
    "inventory_source_stock_link", "link_id", _columns("inventory-api-data-stock-source-link-interface")
)
RESERVATIONS = Table(
    "inventory_reservation",
    "reservation_id",
    {
        "stock_id": Column("stock_id", ColumnKind.NUMBER),
        "sku": Column("sku", ColumnKind.TEXT, indexed=True),
        "quantity": Column("quantity", ColumnKind.NUMBER),
    },
)
PRODUCT_ATTRIBUTES = Table(
    "eav_attribute", "attribute_id", _columns("catalog-data-product-attribute-interface")
)
ATTRIBUTE_SETS = Table("eav_attribute_set", "attribute_set_id", _columns("eav-data-attribute-set-interface"))
TAX_RATES = Table("tax_calculation_rate", "id", _columns("tax-data-tax-rate-interface"))
TAX_RULES = Table("tax_calculation_rule", "id", _columns("tax-data-tax-rule-interface"))
COUPONS = Table("salesrule_coupon", "coupon_id", _columns("sales-rule-data-coupon-interface"))
BULKS = Table(
    "magento_bulk",
    "bulk_key",
    {"uuid": Column("uuid", ColumnKind.TEXT, indexed=True)},
    unique=(("uuid",),),
)
OPERATIONS = Table(
    "magento_operation",
    "operation_key",
    {
        "id": Column("id", ColumnKind.NUMBER),
        "bulk_uuid": Column("bulk_uuid", ColumnKind.TEXT, indexed=True),
        "topic_name": Column("topic_name", ColumnKind.TEXT),
        "status": Column("status", ColumnKind.NUMBER, indexed=True),
        "start_time": Column("start_time", ColumnKind.TIME),
        # JSON: the route and arguments to execute.
        "job": Column("job", ColumnKind.TEXT),
    },
)
INTEGRATIONS = Table(
    "integration",
    "integration_id",
    {name: Column(name, ColumnKind.TEXT, indexed=True) for name in ("name", "consumer_key")},
    unique=(("name",), ("consumer_key",)),
    kept=True,
)
OAUTH_TOKENS = Table(
    "oauth_token",
    "token_id",
    {
        "consumer_id": Column("consumer_id", ColumnKind.NUMBER, indexed=True),
        "token": Column("token", ColumnKind.TEXT, indexed=True),
    },
    unique=(("token",),),
    kept=True,
)
NONCES = Table(
    "oauth_nonce",
    "nonce_id",
    {
        "consumer_id": Column("consumer_id", ColumnKind.NUMBER),
        "nonce": Column("nonce", ColumnKind.TEXT, indexed=True),
    },
    unique=(("nonce", "consumer_id"),),
    kept=True,
)
DOCUMENTS = Table(
    "document", "document_id", {"name": Column("name", ColumnKind.TEXT, indexed=True)}, unique=(("name",),)
)
"""Whole answers kept as they are: store views, websites, configurations, modules, the category tree."""

TABLES = (
    ORDERS, ORDER_ITEMS, INVOICES, SHIPMENTS, CREDIT_MEMOS, PRODUCTS, CATEGORIES, CUSTOMERS, SOURCE_ITEMS,
    SOURCES, STOCKS, STOCK_LINKS, RESERVATIONS, PRODUCT_ATTRIBUTES, ATTRIBUTE_SETS, TAX_RATES, TAX_RULES,
    COUPONS, DOCUMENTS, BULKS, OPERATIONS, INTEGRATIONS, OAUTH_TOKENS, NONCES,
)  # fmt: skip
