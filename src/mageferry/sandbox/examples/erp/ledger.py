"""What Kontorhaus keeps: products, stock by warehouse, sales orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from mageferry.sandbox.database import Table
from mageferry.sandbox.demo.goods import BY_SKU, MARKETPLACE_SKUS
from mageferry.sandbox.examples.systems import State, table, text_column

FIRST_SALES_ORDER = 50_001
WAREHOUSES = ("MAIN", "SOUTH")
_FILLED_AT = "2026-01-15T08:00:00Z"


PRODUCTS = table(
    "erp_product", text_column("article"), text_column("changed", indexed=True), unique=(("article",),)
)
STOCK = table(
    "erp_stock",
    text_column("article"),
    text_column("warehouse"),
    text_column("changed", indexed=True),
    unique=(("article", "warehouse"),),
)
SALES = table(
    "erp_sales_order", text_column("reference"), text_column("number"), unique=(("reference",), ("number",))
)

_PAGES = {
    "erp_product": (
        "SELECT COUNT(*) FROM erp_product WHERE changed >= ?",
        "SELECT body FROM erp_product WHERE changed >= ? ORDER BY key LIMIT ? OFFSET ?",
    ),
    "erp_stock": (
        "SELECT COUNT(*) FROM erp_stock WHERE changed >= ?",
        "SELECT body FROM erp_stock WHERE changed >= ? ORDER BY key LIMIT ? OFFSET ?",
    ),
}

type Record = dict[str, Any]


class Ledger(State):
    """The ERP's state."""

    def __init__(self, path: Path | None) -> None:
        super().__init__(path, (PRODUCTS, STOCK, SALES))
        self.fill()

    def fill_anew(self) -> None:
        for place, sku in enumerate(MARKETPLACE_SKUS):
            good = BY_SKU[sku]
            product = {
                "article": sku, "title": good.name, "net_price": good.price_cents / 100, "weight_kg": good.weight,
                "blocked": False, "changed": _FILLED_AT,
            }  # fmt: skip
            self._save_product(product)
            for warehouse in WAREHOUSES:
                available = good.stock if warehouse == "MAIN" else place * 3 % 20
                self._save_stock(
                    {"article": sku, "warehouse": warehouse, "available": available, "changed": _FILLED_AT}
                )

    def _save_product(self, product: Record) -> None:
        key = self._key("erp_product", "SELECT key FROM erp_product WHERE article = ?", product["article"])
        values = {"key": key, "article": product["article"], "changed": product["changed"]}
        self.database.save(PRODUCTS, values, orjson.dumps(product).decode())

    def _save_stock(self, stock: Record) -> None:
        there = "SELECT key FROM erp_stock WHERE article = ? AND warehouse = ?"
        key = self._key("erp_stock", there, stock["article"], stock["warehouse"])
        values = {"key": key, **{name: stock[name] for name in ("article", "warehouse", "changed")}}
        self.database.save(STOCK, values, orjson.dumps(stock).decode())

    def _key(self, table: str, statement: str, *values: str) -> int:
        """The key of the row that a statement finds, or a new one."""
        found = self.database.value(statement, values)
        return int(str(found)) if found is not None else self.database.next_id(table)

    def page(self, table: Table, since: str, page: int, size: int) -> tuple[list[Record], int]:
        """A page of products or stock that changed at a moment or later, in the order of their keys, and how many there
        are."""
        count, read = _PAGES[table.name]
        total = int(str(self.database.value(count, (since,))))
        rows = self.database.rows(read, (since, size, (page - 1) * size))
        return [orjson.loads(str(body)) for (body,) in rows], total

    def product(self, article: str) -> Record | None:
        body = self.database.value("SELECT body FROM erp_product WHERE article = ?", (article,))
        return orjson.loads(str(body)) if body is not None else None

    def change_product(self, article: str, changes: Record) -> Record | None:
        """A product with other values, changed now; None when there is none."""
        product = self.product(article)
        if product is not None:
            product |= {**changes, "article": article, "changed": self.now()}
            self._save_product(product)
        return product

    def set_stock(self, article: str, warehouse: str, available: int) -> Record:
        """What lies of an article in a warehouse, counted now."""
        stock = {"article": article, "warehouse": warehouse, "available": available, "changed": self.now()}
        self._save_stock(stock)
        return stock

    def sales_order(self, *, number: str = "", reference: str = "") -> Record | None:
        body = self.database.value(
            "SELECT body FROM erp_sales_order WHERE number = ? OR reference = ?", (number, reference)
        )
        return orjson.loads(str(body)) if body is not None else None

    def add_sales_order(self, content: Record) -> Record:
        """Keep a sales order under the next number. Raises sqlite3.IntegrityError for a reference that is there."""
        key = self.database.next_id("erp_sales_order")
        number = f"SO-{FIRST_SALES_ORDER - 1 + key}"
        order = {"number": number, **content, "status": "open", "entered": self.now()}
        values = {"key": key, "number": number, "reference": content["reference"]}
        self.database.save(SALES, values, orjson.dumps(order).decode())
        return order

    def sales_orders(self, page: int, size: int) -> tuple[list[Record], int]:
        total = int(str(self.database.value("SELECT COUNT(*) FROM erp_sales_order")))
        rows = self.database.rows(
            "SELECT body FROM erp_sales_order ORDER BY key LIMIT ? OFFSET ?", (size, (page - 1) * size)
        )
        return [orjson.loads(str(body)) for (body,) in rows], total

    def count(self) -> dict[str, object]:
        return {
            "products": self.database.value("SELECT COUNT(*) FROM erp_product"),
            "stock": self.database.value("SELECT COUNT(*) FROM erp_stock"),
            "sales_orders": self.database.value("SELECT COUNT(*) FROM erp_sales_order"),
        }
