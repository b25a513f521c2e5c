"""One measurement of the import, in a process of its own: it needs a hub's home that nobody uses.

Run as `python -m bench.import_run --orders 10000 --turns 5`, with MAGEFERRY_HOME naming an empty directory; it prints
its figures as JSON.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import orjson

PAGE_SIZE = 100

type Rows = list[tuple[Any, ...]]
type Statements = list[tuple[str, Rows]]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of raw orders of one store view, as GET /V1/orders gives them."""

    store_id: int
    orders: int
    text: bytes


def read_pages(orders: int) -> list[Page]:
    """Pages of one store view each, read from a sandbox shop."""
    from mageferry.magento import AdminToken, Magento, SearchCriteria, Secret
    from mageferry.sandbox import Sandbox

    with Sandbox("storefront", orders=orders) as sandbox:
        sign_in = AdminToken(sandbox.username, Secret(sandbox.password))
        with Magento(sandbox.url, sign_in) as shop:
            stores = [view["id"] for view in shop.store_views() if view["id"]]
            return [
                Page(store_id, len(page.items), orjson.dumps(page.items))
                for store_id in stores
                for page in shop.orders.pages(
                    SearchCriteria().where("store_id", "eq", store_id), page_size=PAGE_SIZE
                )
            ]


class Hub:
    """A hub with a connector and, for each store view, an account that its orders are stored under."""

    def __init__(self, store_ids: Sequence[int]) -> None:
        from mageferry.hub.connectors.models import AccountMagento, Magento2Connector, Magento2Seller
        from mageferry.hub.trade.models import Account, Marketplace

        self.connector = Magento2Connector.objects.create(
            name="Shop", endpoint="https://shop.example", username="bench", active=True
        )
        marketplace = Marketplace.objects.create(code="shop", name="Shop")
        self.rows: dict[int, tuple[Magento2Seller, Account]] = {}
        for store_id in store_ids:
            account = Account.objects.create(
                code=f"S{store_id}", name=f"Store {store_id}", marketplace=marketplace
            )
            row = Magento2Seller.objects.create(connector=self.connector, store_id=store_id)
            AccountMagento.objects.create(account=account, magento2_seller=row)
            self.rows[store_id] = row, account

    def take_over(self, page: Page) -> float:
        """What Get Orders does with a page: read it into records, store them in one transaction. Its seconds.

        The page is parsed just before, as it is when it comes from a shop; that is the reading's time.
        """
        from mageferry.hub.flows.order_import import store_orders
        from mageferry.hub.mapping.order_in import read_order

        status_map, (row, account) = self.connector.status_map, self.rows[page.store_id]
        orders = orjson.loads(page.text)
        began = time.perf_counter()
        stored = store_orders(row, account, [read_order(raw, status_map) for raw in orders])
        seconds = time.perf_counter() - began
        if stored.created != page.orders:
            raise SystemExit(f"Of {page.orders} orders of a page only {stored.created} were created.")
        return seconds


def capture(hub: Hub, pages: Sequence[Page]) -> list[Statements]:
    """The rows of each page by the INSERT statement of one row, as SQLite takes them."""
    from mageferry.hub.work.bulk import Table

    captured: list[Statements] = []
    insert = Table._insert_in_sqlite

    def note(table: Table, rows: Rows) -> None:
        captured[-1].append((table._statement.replace("%s", "?"), [tuple(row) for row in rows]))
        insert(table, rows)

    Table._insert_in_sqlite = note  # type: ignore[assignment, method-assign]
    try:
        for page in pages:
            captured.append([])
            hub.take_over(page)
    finally:
        Table._insert_in_sqlite = insert  # type: ignore[method-assign]
    return captured


@contextmanager
def bare_database(file: Path) -> Iterator[sqlite3.Connection]:
    """The same schema with the same pragmas, by sqlite3 alone."""
    from django.conf import settings

    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.executescript(settings.DATABASES["default"]["OPTIONS"]["init_command"])
        database.execute("PRAGMA foreign_keys=ON")
        yield database


def insert_bare(database: sqlite3.Connection, statements: Statements) -> float:
    """The rows of a page with the same statements in a transaction: its seconds."""
    began = time.perf_counter()
    database.execute("BEGIN IMMEDIATE")
    for sql, rows in statements:
        database.executemany(sql, rows)
    database.execute("COMMIT")
    return time.perf_counter() - began


class Bench:
    """The database's file, a bare one next to it, and how to have both empty again."""

    def __init__(self, pages: Sequence[Page]) -> None:
        from django.db import connection

        self.connection, self.pages = connection, pages
        self.file = Path(connection.settings_dict["NAME"])
        self.bare_file, self.empty_file = self.file.with_suffix(".bare"), self.file.with_suffix(".empty")
        self.hub = Hub(sorted({page.store_id for page in pages}))
        connection.close()
        shutil.copy(self.file, self.empty_file)
        self.statements = capture(self.hub, pages)
        # What only the measurement holds (all pages and rows at once) is not for the collector to walk.
        gc.collect()
        gc.freeze()

    def measure(self) -> tuple[float, float]:
        """Seconds of the hub and of the bare insert, each into an empty database.

        Page by page in turns: a machine that is slow for a while is so for both.
        """
        self.connection.close()
        for file in (self.file, self.bare_file):
            shutil.copy(self.empty_file, file)
        self.connection.ensure_connection()
        seconds = bare_seconds = 0.0
        with bare_database(self.bare_file) as bare:
            for page, statements in zip(self.pages, self.statements, strict=True):
                seconds += self.hub.take_over(page)
                bare_seconds += insert_bare(bare, statements)
        self.connection.close()
        if count_rows(self.file) != count_rows(self.bare_file):
            raise SystemExit("The bare insert did not write the rows that the hub wrote.")
        return seconds, bare_seconds


def count_rows(file: Path) -> dict[str, int]:
    """How many rows each table of a database has."""
    with closing(sqlite3.connect(file)) as database:
        names = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {
            name: database.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - SQLite's own names
            for (name,) in names
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, required=True)
    parser.add_argument("--turns", type=int, required=True)
    given = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "mageferry.hub.settings"
    django.setup()
    from mageferry.hub.setup import migrate_database

    migrate_database()
    bench = Bench(read_pages(given.orders))
    orders = sum(page.orders for page in bench.pages)
    rows = sum(len(ready) for page in bench.statements for _, ready in page)
    print(
        json.dumps({"orders": orders, "rows": rows, "turns": [bench.measure() for _ in range(given.turns)]})
    )


if __name__ == "__main__":
    main()
