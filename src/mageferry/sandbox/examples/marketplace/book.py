"""What Quayside Market keeps: orders, the shipments and refunds that sellers told of, tokens, and answers by their
idempotency key.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import orjson

from mageferry.sandbox.database import Column, ColumnKind
from mageferry.sandbox.examples.marketplace.sales import draw_order
from mageferry.sandbox.examples.systems import State, table, text_column
from mageferry.sandbox.php import Value

FIRST_NUMBER = 100_001
FIRST_ORDERS = 12
STATES = ("awaiting_payment", "ready_to_ship", "partially_shipped", "shipped", "cancelled")


ORDERS = table(
    "market_order",
    text_column("id", indexed=True),
    text_column("updated_at", indexed=True),
    unique=(("id",),),
)
NEWS = table("market_news", text_column("order_id", indexed=True), text_column("kind"))
TOKENS = table("market_token", text_column("token", indexed=True), Column("expires", ColumnKind.NUMBER))
ANSWERS = table(
    "market_answer", text_column("name", indexed=True), text_column("digest"), unique=(("name",),)
)

type Record = dict[str, Any]


class Book(State):
    """The marketplace's state."""

    def __init__(self, path: Path | None) -> None:
        super().__init__(path, (ORDERS, NEWS, TOKENS, ANSWERS))
        self.fill()

    def fill_anew(self) -> None:
        self.place(FIRST_ORDERS, seed=1, state="ready_to_ship")

    def place(self, count: int, *, seed: int, state: str) -> list[str]:
        """Place orders as buyers do, dated now. The ids, in order. Raises ValueError for an unknown state."""
        if state not in STATES:
            raise ValueError(f"unknown state {state!r}; known are {', '.join(STATES)}")
        made = []
        with self.database.transaction():
            for _ in range(count):
                key = self.database.next_id("order")
                order = draw_order(FIRST_NUMBER - 1 + key, Random(f"{seed}/{key}"), self.now(), state)
                self._save(key, order)
                made.append(str(order["id"]))
        return made

    def order(self, order_id: str) -> Record | None:
        found = self.database.rows("SELECT body FROM market_order WHERE id = ?", (order_id,))
        return orjson.loads(str(found[0][0])) if found else None

    def change(self, order: Record) -> None:
        """Keep an order that changed; it bears this moment then."""
        key = self.database.value("SELECT key FROM market_order WHERE id = ?", (order["id"],))
        order["updated_at"] = self.now()
        self._save(int(str(key)), order)

    def _save(self, key: int, order: Record) -> None:
        values: dict[str, Value] = {
            "key": key,
            "id": str(order["id"]),
            "updated_at": str(order["updated_at"]),
        }
        self.database.save(ORDERS, values, orjson.dumps(order).decode())

    def orders_from(self, updated_at: str, after_key: int, limit: int) -> list[tuple[int, Record]]:
        """Orders that changed at that moment or later, and beyond a key within that moment, with their keys."""
        rows = self.database.rows(
            "SELECT key, body FROM market_order WHERE updated_at > ? OR (updated_at = ? AND key > ?) "
            "ORDER BY updated_at, key LIMIT ?",
            (updated_at, updated_at, after_key, limit),
        )
        return [(int(str(key)), orjson.loads(str(body))) for key, body in rows]

    def news(self, kind: str, order_id: str) -> list[Record]:
        """What sellers told of an order: shipments or refunds, the oldest first."""
        rows = self.database.rows(
            "SELECT body FROM market_news WHERE kind = ? AND order_id = ? ORDER BY key", (kind, order_id)
        )
        return [orjson.loads(str(body)) for (body,) in rows]

    def add_news(self, kind: str, order_id: str, content: Record) -> Record:
        """Keep news with an id and a moment of its own."""
        key = self.database.next_id("news")
        told = {"id": f"{kind[:1].upper()}{key:06d}", **content, "created_at": self.now()}
        values: dict[str, Value] = {"key": key, "order_id": order_id, "kind": kind}
        self.database.save(NEWS, values, orjson.dumps(told).decode())
        return told

    def count(self) -> dict[str, object]:
        return {
            "orders": self.database.value("SELECT COUNT(*) FROM market_order"),
            "shipments": self.database.value("SELECT COUNT(*) FROM market_news WHERE kind = 'shipment'"),
            "refunds": self.database.value("SELECT COUNT(*) FROM market_news WHERE kind = 'refund'"),
        }
