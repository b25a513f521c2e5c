"""Fills a shop from a store export: a directory of JSON files as the REST interface of a Magento shop
gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

import orjson

from mageferry.sandbox.categories import category_entry, walk_categories
from mageferry.sandbox.database import Table
from mageferry.sandbox.documents import CREDIT_MEMO, INVOICE, SHIPMENT
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import Value, to_int
from mageferry.sandbox.products import STOCK_ITEM_SEQUENCE, product_row
from mageferry.sandbox.sales.lines import SalesOrder
from mageferry.sandbox.shop import Shop
from mageferry.sandbox.stock import open_units
from mageferry.sandbox.tables import (
    ATTRIBUTE_SETS,
    CATEGORIES,
    COUPONS,
    CREDIT_MEMOS,
    CUSTOMERS,
    INVOICES,
    PRODUCT_ATTRIBUTES,
    PRODUCTS,
    SHIPMENTS,
    SOURCE_ITEMS,
    SOURCES,
    STOCK_LINKS,
    STOCKS,
    TAX_RATES,
    TAX_RULES,
)

DOCUMENT_NAMES = ("store_views", "store_groups", "websites", "store_configs", "modules", "categories")
REQUIRED_NAMES = ("store_views", "store_groups", "websites")
LISTS: dict[str, tuple[Table, Callable[[Record], Record]]] = {
    "products": (PRODUCTS, product_row),
    "customers": (CUSTOMERS, lambda item: {**item, "entity_id": item.get("id")}),
    "invoices": (INVOICES, dict),
    "shipments": (SHIPMENTS, dict),
    "creditmemos": (CREDIT_MEMOS, dict),
    "source_items": (SOURCE_ITEMS, dict),
    "sources": (SOURCES, dict),
    "stocks": (STOCKS, dict),
    "stock_source_links": (STOCK_LINKS, dict),
    "product_attributes": (PRODUCT_ATTRIBUTES, dict),
    "attribute_sets": (ATTRIBUTE_SETS, dict),
    "tax_rates": (TAX_RATES, dict),
    "tax_rules": (TAX_RULES, dict),
    "coupons": (COUPONS, dict),
}
NUMBERED = {"invoices": INVOICE, "shipments": SHIPMENT, "creditmemos": CREDIT_MEMO}


class ExportError(Exception):
    """The directory is not a store export; the text names the file and what is wrong with it."""


def load_export(shop: Shop, directory: Path) -> None:
    """Replace the shop's content with the export's. Missing lists are empty. Raises ExportError."""
    documents = {name: read_file(directory, name) for name in DOCUMENT_NAMES}
    for name in REQUIRED_NAMES:
        if not records(documents[name]):
            raise ExportError(f"{directory / name}.json is missing or empty; a store export needs it")
    lists = {name: read_items(directory, name) for name in (*LISTS, "orders")}
    fill(shop, documents, lists)


def fill(shop: Shop, documents: dict[str, Value], lists: dict[str, list[Record]]) -> None:
    """Replace the shop's content with documents and lists, named as the files of an export."""
    shop.clear()
    with shop.database.transaction():
        for name, value in documents.items():
            if value is not None:
                shop.set_document(name, value)
        for name, (table, to_row) in LISTS.items():
            _fill_table(shop, table, to_row, lists.get(name, ()))
        _fill_categories(shop, record(documents.get("categories")))
        products = lists.get("products", ())
        shop.database.raise_id(STOCK_ITEM_SEQUENCE, max((to_int(p.get("id")) for p in products), default=0))
        orders = lists.get("orders", [])
        shop.orders.save_many(orders)
        shop.orders.note_ids(orders)
        _reserve(shop, orders)
        for name, paper in NUMBERED.items():
            shop.papers.note_ids(paper, lists.get(name, ()))


def _fill_categories(shop: Shop, tree: Record) -> None:
    """The category tree as rows for lists."""
    now = shop.clock.text()
    rows = [category_entry(category, path, now) for category, path in walk_categories(tree)]
    _fill_table(shop, CATEGORIES, lambda entry: {**entry, "entity_id": entry["id"]}, rows)


def _reserve(shop: Shop, orders: Iterable[Record]) -> None:
    """Orders that were placed hold back what they have not shipped yet."""
    stocks: dict[int, int] = {}
    for order in map(SalesOrder, orders):
        if order.store_id not in stocks:
            stocks[order.store_id] = shop.stock_of(order.store_id)
        for line, quantity in open_units(order):
            shop.warehouse.reserve(stocks[order.store_id], line.sku, quantity)


def _fill_table(
    shop: Shop, table: Table, to_row: Callable[[Record], Record], items: Iterable[Record]
) -> None:
    rows: list[tuple[Record, str]] = []
    for position, item in enumerate(items, 1):
        row = to_row(item)
        row.setdefault(table.key, position)
        plain: Record = {key: value for key, value in row.items() if not isinstance(value, dict | list)}
        rows.append((plain, encode_json(item)))
    shop.database.save_many(table, rows)
    shop.database.raise_id(table.name, max((to_int(row[table.key]) for row, _ in rows), default=0))


def read_file(directory: Path, name: str) -> Value:
    path = directory / f"{name}.json"
    if not path.is_file():
        return None
    try:
        return cast("Value", orjson.loads(path.read_bytes()))
    except orjson.JSONDecodeError as error:
        raise ExportError(f"{path} is not JSON: {error}") from None


def read_items(directory: Path, name: str) -> list[Record]:
    content = read_file(directory, name)
    if content is None:
        return []
    items = content.get("items") if isinstance(content, dict) else content
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ExportError(f"{directory / name}.json must hold a list of objects, or an object with `items`")
    return records(items)
