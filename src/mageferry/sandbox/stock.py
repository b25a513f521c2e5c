"""Quantities at the sources, and what open orders have reserved of them.

A shipment takes units from one source. A refund of units that were never shipped takes them as well, as
Magento's inventory does unless they return to stock. Orders placed in the shop reserve what they sell;
orders made through the service interface reserve nothing, but shipping them still releases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import cast

import orjson

from mageferry.sandbox.database import Database
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.money import ZERO, amount, shown
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import Value, is_empty, to_int
from mageferry.sandbox.sales.lines import Line, SalesOrder
from mageferry.sandbox.tables import RESERVATIONS, SOURCE_ITEMS, SOURCES

DEFAULT_SOURCE = "default"
DEFAULT_STOCK = 1

type Units = list[tuple[Line, Decimal]]


class StockError(Exception):
    """A source that does not have the product, or too little of it."""


class Warehouse:
    """Source items and reservations of one shop."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def item(self, source_code: str, sku: str) -> Record | None:
        body = self._database.value(
            "SELECT body FROM inventory_source_item WHERE source_code = ? AND sku = ?", (source_code, sku)
        )
        return cast("Record", orjson.loads(body)) if isinstance(body, str) else None

    def save(self, item: Record) -> None:
        """Store a quantity at a source; the pair of source and SKU keeps its row and its spelling.

        The stock index is renewed for the SKU as it was written: spelled in another case, none is.
        """
        found = self._database.rows(
            "SELECT source_item_id, sku, coalesce(indexed_quantity, quantity) FROM inventory_source_item "
            "WHERE source_code = ? AND sku = ?",
            (item["source_code"], item["sku"]),
        )
        key, sku, indexed = (
            found[0] if found else (self._database.next_id(SOURCE_ITEMS.name), item["sku"], None)
        )
        stored = {**item, "sku": sku}
        hidden = {"source_item_id": key, "indexed_quantity": indexed if sku != item["sku"] else None}
        self._database.save(SOURCE_ITEMS, {**stored, **hidden}, encode_json(stored))

    def remove(self, source_code: str, sku: str) -> None:
        self._database.execute(
            "DELETE FROM inventory_source_item WHERE source_code = ? AND sku = ?", (source_code, sku)
        )

    def has_source(self, source_code: str) -> bool:
        found = self._database.value("SELECT 1 FROM inventory_source WHERE source_code = ?", (source_code,))
        return found is not None

    def source(self, source_code: str) -> Record | None:
        body = self._database.value("SELECT body FROM inventory_source WHERE source_code = ?", (source_code,))
        return cast("Record", orjson.loads(body)) if isinstance(body, str) else None

    def save_source(self, changes: Record) -> None:
        """Create a source, or change the fields given of a known one."""
        found = self._database.rows(
            "SELECT source_id, body FROM inventory_source WHERE source_code = ?", (changes["source_code"],)
        )
        if found:
            key, source = found[0][0], {**cast("Record", orjson.loads(str(found[0][1]))), **changes}
        else:
            key = self._database.next_id(SOURCES.name)
            source = {"enabled": True, "use_default_carrier_config": True, "carrier_links": [], **changes}
            pickup: Record = {"is_pickup_location_active": False, "frontend_name": changes.get("name")}
            source.setdefault("extension_attributes", pickup)
        plain = {name: value for name, value in source.items() if not isinstance(value, dict | list)}
        self._database.save(SOURCES, {**plain, "source_id": key}, encode_json(source))

    def stock_of_website(self, code: Value) -> int:
        for (body,) in self._database.rows("SELECT body FROM inventory_stock"):
            stock = cast("Record", orjson.loads(str(body)))
            channels = records(record(stock.get("extension_attributes")).get("sales_channels"))
            if any(channel.get("code") == code for channel in channels):
                return to_int(stock["stock_id"])
        return DEFAULT_STOCK

    def sources(self, stock_id: int) -> list[str]:
        """The codes of a stock's sources, the preferred one first."""
        rows = self._database.rows(
            "SELECT source_code FROM inventory_source_stock_link WHERE stock_id = ? ORDER BY priority, link_id",
            (stock_id,),
        )
        return [str(code) for (code,) in rows]

    def sources_of(self, sku: str) -> list[str]:
        """The codes of the sources that a SKU is at."""
        rows = self._database.rows("SELECT source_code FROM inventory_source_item WHERE sku = ?", (sku,))
        return [str(code) for (code,) in rows]

    def shipping_source(self, stock_id: int) -> str:
        """The source to ship from when none is named: the only one of the stock, else the default."""
        codes = self.sources(stock_id)
        return codes[0] if len(codes) == 1 else DEFAULT_SOURCE

    def quantity(self, stock_id: int, sku: str) -> Decimal | None:
        """What the stock's sources hold of a SKU in stock; None when it is at none of them."""
        items = [item for code in self.sources(stock_id) if (item := self.item(code, sku)) is not None]
        if not items:
            return None
        return sum((amount(item, "quantity") for item in items if not is_empty(item.get("status"))), ZERO)

    def indexed_quantity(self, stock_id: int, sku: str) -> Decimal | None:
        """As ``quantity``, but what the stock index knows of it."""
        held = self.quantity(stock_id, sku)
        rows = self._database.rows(
            "SELECT indexed_quantity - quantity FROM inventory_source_item "
            "JOIN inventory_source_stock_link USING (source_code) "
            "WHERE stock_id = ? AND sku = ? AND indexed_quantity IS NOT NULL",
            (stock_id, sku),
        )
        stale = sum((amount({"difference": difference}, "difference") for (difference,) in rows), ZERO)
        return None if held is None else held + stale

    def reserved(self, stock_id: int, sku: str) -> Decimal:
        found = self._database.value(
            "SELECT SUM(quantity) FROM inventory_reservation WHERE stock_id = ? AND sku = ?", (stock_id, sku)
        )
        return amount({"sum": found}, "sum")

    def reserve(self, stock_id: int, sku: str, quantity: Decimal) -> None:
        """Reserve units of a SKU; a negative quantity releases them."""
        if quantity:
            key = self._database.next_id(RESERVATIONS.name)
            row: Record = {
                "reservation_id": key,
                "stock_id": stock_id,
                "sku": sku,
                "quantity": float(quantity),
            }
            self._database.save(RESERVATIONS, row, "{}")

    def release(self, stock_id: int, units: Units) -> None:
        for line, quantity in units:
            if has_own_stock(line):
                self.reserve(stock_id, line.sku, -quantity)

    def deduct(self, source_code: str, units: Units) -> None:
        """Take units from a source, all or nothing. Raises StockError."""
        needed: dict[str, Decimal] = {}
        for line, quantity in units:
            if has_own_stock(line):
                needed[line.sku] = needed.get(line.sku, ZERO) + quantity
        changed: list[Record] = []
        for sku, quantity in needed.items():
            item = self.item(source_code, sku)
            left = amount(item, "quantity") - quantity if item else -quantity
            if item is None or left < 0:
                raise StockError(f"{source_code} has not {quantity} of {sku}")
            changed.append({**item, "quantity": shown(left), "status": item["status"] if left > 0 else 0})
        for item in changed:
            self.save(item)

    def write_off(self, stock_id: int, units: Units) -> None:
        """Take refunded units that nobody shipped, as far as the stock's sources have them."""
        for line, quantity in units:
            left = quantity
            for code in self.sources(stock_id):
                taken = min(left, amount(self.item(code, line.sku) or {}, "quantity"))
                if taken > 0:
                    self.deduct(code, [(line, taken)])
                    left -= taken

    def put_back(self, shipments: Iterable[Record], units: Units) -> None:
        """Return units to the sources that they were shipped from, no more than were shipped."""
        for line, quantity in units:
            left = quantity
            for code, shipped in _shipped_from(shipments, line):
                back = min(left, shipped)
                item = self.item(code, line.sku)
                if item is not None and back > 0:
                    left -= back
                    self.save({**item, "quantity": shown(amount(item, "quantity") + back)})


def _shipped_from(shipments: Iterable[Record], line: Line) -> Iterator[tuple[str, Decimal]]:
    for shipment in shipments:
        code = str(record(shipment.get("extension_attributes")).get("source_code") or DEFAULT_SOURCE)
        for item in records(shipment.get("items")):
            if item.get("order_item_id") == line.item_id:
                yield code, amount(item, "qty")


def has_own_stock(line: Line) -> bool:
    """Whether the line's SKU is what lies on a shelf: not a bundle, and a configurable instead of its child,
    whose SKU it carries.
    """
    if line.children:
        return line.item.get("product_type") == "configurable"
    return line.parent is None or line.parent.item.get("product_type") != "configurable"


def open_units(order: SalesOrder) -> Units:
    """What the order still reserves: ordered units that are neither gone nor given up."""
    units: Units = []
    for line in filter(has_own_stock, order.lines):
        gone = line.get("qty_invoiced" if line.is_virtual else "qty_shipped")
        left = line.get("qty_ordered") - max(gone, line.get("qty_refunded")) - line.get("qty_canceled")
        if left > 0:
            units.append((line, left))
    return units


def unshipped_units(units: Units) -> Units:
    """Of units refunded just now, those that no shipment had taken (nor, for virtual ones, an invoice)."""
    found: Units = []
    for line, quantity in units:
        gone = line.get("qty_invoiced" if line.is_virtual else "qty_shipped")
        before = line.get("qty_refunded") - quantity
        never = quantity - max(gone - before, ZERO)
        if has_own_stock(line) and never > 0:
            found.append((line, never))
    return found
