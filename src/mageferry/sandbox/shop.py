"""The shop behind the REST interface: its database, clock, settings, users and store views."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import orjson

from mageferry.sandbox.access import AccessControl
from mageferry.sandbox.bulk import BulkBook
from mageferry.sandbox.clock import Clock
from mageferry.sandbox.database import Database
from mageferry.sandbox.documents import DocumentBook
from mageferry.sandbox.generation.templates import GeneratedOrders
from mageferry.sandbox.integrations import IntegrationBook
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.oauth import Verifier
from mageferry.sandbox.orderbook import OrderBook, Record, records
from mageferry.sandbox.php import Value, to_int
from mageferry.sandbox.refusals import Refusal
from mageferry.sandbox.routing import ALL_STORES
from mageferry.sandbox.settings import Settings
from mageferry.sandbox.stock import Warehouse
from mageferry.sandbox.tables import DOCUMENTS, TABLES

GENERATED = "generated_orders"
NO_STORE = "The store that was requested wasn't found. Verify the store and try again."


class Shop:
    """One sandbox shop. ``state`` is its SQLite file, None for memory only, or with ``on_disk`` for a file
    that is gone with the shop. Raises StateError for a bad file.
    """

    def __init__(self, state: Path | None = None, *, on_disk: bool = False) -> None:
        self.database = Database(state, TABLES, on_disk=on_disk)
        self.database.unfold = self._render_generated
        self.clock = Clock()
        self.settings = Settings()
        self.access = AccessControl(self.database, self.clock.seconds)
        self.integrations = IntegrationBook(self.database, self.clock.seconds)
        self.oauth = Verifier(self.integrations, self.settings)
        self.bulks = BulkBook(self.database, self.clock.text)
        self.orders = OrderBook(self.database)
        self.papers = DocumentBook(self.database)
        self.warehouse = Warehouse(self.database)
        self._documents: dict[str, Value] = {}
        self._generated: GeneratedOrders | None = None

    @classmethod
    @contextmanager
    def scratch(cls) -> Iterator[Shop]:
        """An empty shop in memory, for a moment."""
        shop = cls()
        try:
            yield shop
        finally:
            shop.close()

    def _render_generated(self, mark: str) -> str:
        """The body of a generated order, which is made when it is read."""
        if self._generated is None:
            self._generated = GeneratedOrders(self.document(GENERATED))
        return self._generated.render(mark)

    @property
    def filled(self) -> bool:
        """Whether a store was loaded into this state before."""
        return self.document("store_views") is not None

    def document(self, name: str) -> Value:
        """A whole answer kept as it is, such as ``store_views``; callers must not change it."""
        if name not in self._documents:
            body = self.database.value("SELECT body FROM document WHERE name = ?", (name,))
            self._documents[name] = None if body is None else cast("Value", orjson.loads(str(body)))
        return self._documents[name]

    def set_document(self, name: str, value: Value) -> None:
        key = self.database.value("SELECT document_id FROM document WHERE name = ?", (name,))
        key = key or self.database.next_id("document")
        self.database.save(DOCUMENTS, {"document_id": key, "name": name}, encode_json(value))
        self._documents.pop(name, None)
        self._generated = None

    def clear(self) -> None:
        """Empty the shop; users, integrations and their tokens stay."""
        self.database.clear()
        self._documents.clear()
        self._generated = None

    def set_store_values(self, sku: str, values: Record) -> None:
        """What single store views show of a product instead: fields by store code."""
        self.database.execute(
            "UPDATE catalog_product_entity SET store_values = ? WHERE sku = ?",
            (encode_json(values) if values else None, sku),
        )

    def store_views(self) -> list[Record]:
        return records(self.document("store_views"))

    def store_codes(self) -> set[str]:
        return {str(view["code"]) for view in self.store_views()}

    @property
    def default_store_code(self) -> str:
        """The default view of the first website, which serves a path without a store code."""
        groups = {view["id"]: view["code"] for view in self.store_views()}
        for group in records(self.document("store_groups")):
            if group.get("id") and group.get("default_store_id") in groups:
                return str(groups[group["default_store_id"]])
        return "default"

    def store(self, store_id: Value) -> Record:
        """The store view of an id. Raises Refusal (404) as Magento does for an unknown one."""
        for view in self.store_views():
            if view["id"] == to_int(store_id):
                return view
        raise Refusal(404, NO_STORE)

    def store_by_code(self, code: str) -> Record:
        """The store view that a path names; ``all`` is the admin's."""
        wanted = "admin" if code == ALL_STORES else code
        return next(
            (view for view in self.store_views() if view["code"] == wanted), {"id": 0, "code": wanted}
        )

    def stock_of(self, store_id: Value) -> int:
        """The stock that a store view sells from; that of the default view for an unknown one."""
        view = next((entry for entry in self.store_views() if entry["id"] == to_int(store_id)), None)
        view = view or self.store_by_code(self.default_store_code)
        codes = {entry["id"]: entry["code"] for entry in records(self.document("websites"))}
        return self.warehouse.stock_of_website(codes.get(view.get("website_id")))

    def store_name(self, view: Record) -> str:
        """Website, group and view, one a line, as orders carry it."""
        websites = {entry["id"]: entry for entry in records(self.document("websites"))}
        groups = {entry["id"]: entry for entry in records(self.document("store_groups"))}
        website = websites.get(view.get("website_id"), {})
        group = groups.get(view.get("store_group_id"), {})
        return "\n".join(str(entry.get("name") or "") for entry in (website, group, view))

    def close(self) -> None:
        self.database.close()
