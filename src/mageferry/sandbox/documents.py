"""Invoices, shipments and credit memos as stored records: their ids, numbers, items, tracks and comments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import orjson

from mageferry.sandbox.database import Database, Table
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.orderbook import Record, increment_number, increment_prefix, records
from mageferry.sandbox.php import Value, to_int
from mageferry.sandbox.tables import CREDIT_MEMOS, INVOICES, SHIPMENTS
from mageferry.sandbox.typetable import data_type


@dataclass(frozen=True, slots=True)
class Paper:
    """A kind of document. ``entity`` names its number sequence, ``type_name`` its REST type."""

    entity: str
    table: Table
    type_name: str
    item_type: str

    @property
    def item_sequence(self) -> str:
        return f"{self.table.name}_item"

    @property
    def comment_sequence(self) -> str:
        return f"{self.table.name}_comment"


INVOICE = Paper("invoice", INVOICES, "sales-data-invoice-interface", "sales-data-invoice-item-interface")
SHIPMENT = Paper("shipment", SHIPMENTS, "sales-data-shipment-interface", "sales-data-shipment-item-interface")
CREDIT_MEMO = Paper(
    "creditmemo", CREDIT_MEMOS, "sales-data-creditmemo-interface", "sales-data-creditmemo-item-interface"
)
PAPERS = (INVOICE, SHIPMENT, CREDIT_MEMO)
_OF_ORDER = {
    "sales_invoice": "SELECT body FROM sales_invoice WHERE order_id = ? ORDER BY entity_id",
    "sales_shipment": "SELECT body FROM sales_shipment WHERE order_id = ? ORDER BY entity_id",
    "sales_creditmemo": "SELECT body FROM sales_creditmemo WHERE order_id = ? ORDER BY entity_id",
}
TRACK_SEQUENCE = "sales_shipment_track"


class DocumentBook:
    """Loads and saves documents, and numbers them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, paper: Paper, key: int) -> Record | None:
        body = self._database.body(paper.table, key)
        return None if body is None else cast("Record", orjson.loads(body))

    def of_order(self, paper: Paper, order_id: int) -> list[Record]:
        rows = self._database.rows(_OF_ORDER[paper.table.name], (order_id,))
        return [cast("Record", orjson.loads(str(body))) for (body,) in rows]

    def save(self, paper: Paper, document: Record) -> None:
        self.save_many(paper, [document])

    def save_many(self, paper: Paper, documents: Iterable[Record]) -> None:
        rows: list[tuple[Mapping[str, Value], str]] = []
        for document in documents:
            columns = {name: document.get(name) for name in paper.table.columns}
            rows.append((columns, encode_json(document)))
        self._database.save_many(paper.table, rows)

    def number(self, paper: Paper, document: Record, store_id: int, now: str) -> Record:
        """The document with its ids and times. They are taken even if it is refused in the end, as those of
        Magento's rolled back INSERTs are.
        """
        key = self._database.next_id(paper.table.name)
        running = self._database.next_id(f"increment_{paper.entity}_{store_id}")
        return {
            **document,
            "entity_id": key,
            "increment_id": document.get("increment_id") or f"{increment_prefix(store_id)}{running:09d}",
            "created_at": document.get("created_at") or now,
            "updated_at": now,
        }

    def number_items(self, paper: Paper, document: Record) -> None:
        """Give the items ids of their own, and nulls for the fields an item always shows."""
        always = [field.name for field in data_type(paper.item_type).fields.values() if field.always]
        items: list[Value] = []
        for item in records(document.get("items")):
            kept = {name: value for name, value in item.items() if value is not None}
            number = self._database.next_id(paper.item_sequence)
            items.append(
                {**dict.fromkeys(always), **kept, "entity_id": number, "parent_id": document["entity_id"]}
            )
        document["items"] = items

    def comment(self, paper: Paper, key: Value, text: Value, now: str, **flags: int) -> Record:
        """A comment on the document of that id; ``flags`` are is_visible_on_front, is_customer_notified."""
        return {
            "comment": text,
            "created_at": now,
            "entity_id": self._database.next_id(paper.comment_sequence),
            "is_customer_notified": flags.get("is_customer_notified", 0),
            "is_visible_on_front": flags.get("is_visible_on_front", 0),
            "parent_id": key,
        }

    def next_track_id(self) -> int:
        return self._database.next_id(TRACK_SEQUENCE)

    def note_ids(self, paper: Paper, documents: Iterable[Record]) -> None:
        """Let the sequences go on after the ids of loaded documents."""
        highest: dict[str, int] = {}

        def note(name: str, value: Value) -> None:
            highest[name] = max(highest.get(name, 0), to_int(value))

        for document in documents:
            store_id = to_int(document.get("store_id"))
            note(paper.table.name, document.get("entity_id"))
            number = increment_number(str(document.get("increment_id") or ""), store_id)
            note(f"increment_{paper.entity}_{store_id}", number)
            for name, sequence in (
                ("items", paper.item_sequence),
                ("comments", paper.comment_sequence),
                ("tracks", TRACK_SEQUENCE),
            ):
                for child in records(document.get(name)):
                    note(sequence, child.get("entity_id"))
        for name, value in highest.items():
            self._database.raise_id(name, value)
