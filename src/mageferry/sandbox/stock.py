"""Quantities at the sources: what a shipment takes from one, and what a refund puts back."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import cast

import orjson

from mageferry.sandbox.database import Database
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.money import ZERO, amount, shown
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import Value, to_int
from mageferry.sandbox.sales.lines import Line
from mageferry.sandbox.shop import Shop
from mageferry.sandbox.tables import SOURCE_ITEMS

DEFAULT_SOURCE = "default"


class StockError(Exception):
    """A source that does not have the product, or too little of it."""


def source_item(database: Database, source_code: str, sku: str) -> Record | None:
    body = database.value(
        "SELECT body FROM inventory_source_item WHERE source_code = ? AND sku = ?", (source_code, sku)
    )
    return cast("Record", orjson.loads(body)) if isinstance(body, str) else None


def save_source_item(database: Database, item: Record) -> None:
    """Store a quantity at a source; the pair of source and SKU keeps its row."""
    key = database.value(
        "SELECT source_item_id FROM inventory_source_item WHERE source_code = ? AND sku = ?",
        (item["source_code"], item["sku"]),
    )
    row = {**item, "source_item_id": key or database.next_id(SOURCE_ITEMS.name)}
    database.save(SOURCE_ITEMS, row, encode_json(item))


def source_exists(database: Database, source_code: str) -> bool:
    found = database.value("SELECT 1 FROM inventory_source WHERE source_code = ?", (source_code,))
    return found is not None


def source_of_order(shop: Shop, store_id: int) -> str:
    """The source an order ships from when none is named: the only one of its stock, else the default."""
    view = next((entry for entry in shop.store_views() if entry["id"] == store_id), None)
    view = view or shop.store_by_code(shop.default_store_code)
    websites = {entry["id"]: entry["code"] for entry in records(shop.document("websites"))}
    stock_id = _stock_of_website(shop.database, websites.get(view.get("website_id")))
    rows = shop.database.rows(
        "SELECT source_code FROM inventory_source_stock_link WHERE stock_id = ?", (stock_id,)
    )
    return str(rows[0][0]) if len(rows) == 1 else DEFAULT_SOURCE


def _stock_of_website(database: Database, code: Value) -> int:
    for (body,) in database.rows("SELECT body FROM inventory_stock"):
        stock = cast("Record", orjson.loads(str(body)))
        channels = records(record(stock.get("extension_attributes")).get("sales_channels"))
        if any(channel.get("code") == code for channel in channels):
            return to_int(stock["stock_id"])
    return 1


def deduct(database: Database, source_code: str, units: Iterable[tuple[Line, Decimal]]) -> None:
    """Take units from a source, all or nothing. Raises StockError."""
    needed: dict[str, Decimal] = {}
    for line, quantity in units:
        if not line.children or line.item.get("product_type") == "configurable":
            needed[line.sku] = needed.get(line.sku, ZERO) + quantity
    changed: list[Record] = []
    for sku, quantity in needed.items():
        item = source_item(database, source_code, sku)
        left = amount(item, "quantity") - quantity if item else -quantity
        if item is None or left < 0:
            raise StockError(f"{source_code} has not {quantity} of {sku}")
        changed.append({**item, "quantity": shown(left), "status": int(left > 0) and item.get("status")})
    for item in changed:
        save_source_item(database, item)


def put_back(
    database: Database, shipments: Iterable[Record], returned: Iterable[tuple[Line, Decimal]]
) -> None:
    """Return units to the sources that they were shipped from, no more than were shipped."""
    units = [(line, quantity) for line, quantity in returned]
    for line, quantity in units:
        left = quantity
        for shipment in shipments:
            code = str(record(shipment.get("extension_attributes")).get("source_code") or DEFAULT_SOURCE)
            for item in records(shipment.get("items")):
                if item.get("order_item_id") != line.item_id or left <= 0:
                    continue
                back = min(left, amount(item, "qty"))
                left -= back
                stored = source_item(database, code, line.sku)
                if stored is not None:
                    quantity_now = shown(amount(stored, "quantity") + back)
                    save_source_item(database, {**stored, "quantity": quantity_now})
