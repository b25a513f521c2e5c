"""A sandbox shop: its content, its state and its server."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from mageferry.sandbox.control import Control
from mageferry.sandbox.controlplane import ACTIONS
from mageferry.sandbox.custom_shop import customise, limit_pages
from mageferry.sandbox.demo import DEMOS, load_demo
from mageferry.sandbox.demo.orders import load_many
from mageferry.sandbox.demo.stock import load_products
from mageferry.sandbox.export import load_export
from mageferry.sandbox.fault_answers import faulty_answer
from mageferry.sandbox.front import FrontController
from mageferry.sandbox.generation.content import check_counts
from mageferry.sandbox.generation.content import generate as generate_rows
from mageferry.sandbox.plane import serve_plane
from mageferry.sandbox.routes import build_router
from mageferry.sandbox.serving import Served
from mageferry.sandbox.shop import Shop
from mageferry.sandbox.wire import Wire


class Sandbox(Served):
    """A shop behind a real HTTP server.

    ``store`` is a directory with a store export, or a demo shop's name: storefront or back-office;
    ``state`` a SQLite file that keeps the shop over restarts (None: memory); ``port`` 0 takes a free one;
    ``orders`` and ``products`` add that many synthetic ones, the orders with all their documents, each product with
    stock at every source; ``generate`` very many by kind, such as {"orders": 1000000, "source_items": 500000}, kept on
    disk; ``custom_shop`` makes it a shop with an API of its own (see custom_shop); ``username`` and ``password`` are
    those of an admin with every permission, the password generated when empty. Raises ExportError, StateError,
    ValueError (what to generate), OSError (port taken).

        with Sandbox("storefront") as shop:
            requests.get(f"{shop.url}/rest/V1/orders", ...)
    """

    def __init__(
        self,
        store: str | Path = "storefront",
        *,
        state: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        orders: int = 0,
        products: int = 0,
        generate: Mapping[str, int] | None = None,
        username: str = "admin",
        password: str = "",
        custom_shop: bool = False,
    ) -> None:
        self.username = username
        self.password = password or secrets.token_urlsafe(12)
        super().__init__(host, port)
        wanted = check_counts(generate or {})
        self.shop = Shop(state, on_disk=bool(wanted))
        fill = content_filler(store, orders, products, wanted, custom_shop=custom_shop)
        self.control: Control = Control(self.shop, fill)
        try:
            if not self.shop.filled:
                fill(self.shop)
        except BaseException:
            self.shop.close()
            raise
        self.shop.access.add_account(self.username, self.password)
        if custom_shop:
            limit_pages(self.shop)
        front = FrontController(self.shop, build_router(custom_shop=custom_shop))
        self.control.consumers = front.consumers
        self._wire = Wire(
            front, self.control, lambda request: serve_plane(self.control, request, ACTIONS), faulty_answer
        )

    @property
    def wire(self) -> Wire:
        return self._wire

    def close(self) -> None:
        self.shop.close()


def content_filler(
    store: str | Path,
    orders: int,
    products: int = 0,
    wanted: Mapping[str, int] | None = None,
    *,
    custom_shop: bool = False,
) -> Callable[[Shop], None]:
    """What fills an empty shop: an export's directory or a demo by name, then synthetic products, orders and rows."""

    def load(shop: Shop) -> None:
        if isinstance(store, str) and store in DEMOS:
            load_demo(shop, store)
        else:
            load_export(shop, Path(store))

    def fill(shop: Shop) -> None:
        load(shop)
        if products:
            load_products(shop, products)
        if orders:
            load_many(shop, orders)
        if custom_shop:
            customise(shop)
        generate_rows(shop, wanted or {}, load)

    return fill
