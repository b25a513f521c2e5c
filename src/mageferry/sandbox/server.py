"""Starting and stopping a sandbox shop: in a thread of its own for tests, in the foreground for the
command line.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType

from aiohttp import web

from mageferry.sandbox.control import Control
from mageferry.sandbox.custom_shop import customise, limit_pages
from mageferry.sandbox.demo import DEMOS, load_demo
from mageferry.sandbox.demo.orders import load_many
from mageferry.sandbox.demo.stock import load_products
from mageferry.sandbox.export import load_export
from mageferry.sandbox.front import FrontController
from mageferry.sandbox.generation.content import check_counts
from mageferry.sandbox.generation.content import generate as generate_rows
from mageferry.sandbox.routes import build_router
from mageferry.sandbox.shop import Shop
from mageferry.sandbox.wire import Wire

START_SECONDS = 30.0


class Sandbox:
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
        self._host = host
        self._port = port
        wanted = check_counts(generate or {})
        self.shop = Shop(state, on_disk=bool(wanted))
        fill = content_filler(store, orders, products, wanted, custom_shop=custom_shop)
        self.control = Control(self.shop, fill)
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
        self._wire = Wire(front, self.control)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """The shop's base URL without a slash at the end."""
        return f"http://{self._host}:{self._port}"

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Serve from a background thread; returns when the port is open."""
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run_in_thread, args=(ready,), name="mageferry-sandbox", daemon=True
        )
        self._thread.start()
        try:
            ready.result(START_SECONDS)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop serving and close the state; requests still open are cut off."""
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.shop.close()

    def _run_in_thread(self, ready: Future[None]) -> None:
        try:
            asyncio.run(self.run(lambda: ready.set_result(None)))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def run(self, started: Callable[[], None]) -> None:
        """Serve until stopped. ``started`` is called once the port is open and ``url`` is known."""
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = web.Server(self._wire.handle, max_line_size=65536, max_field_size=65536, access_log=None)
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self._port, backlog=1024)
            await site.start()
            self._port = runner.addresses[0][1]
            self.control.base_url = self.url
            started()
            await self._stop.wait()
        finally:
            await runner.cleanup()

    def request_stop(self) -> None:
        """Stop from within the server's own thread, as a signal handler does."""
        if self._stop is not None:
            self._stop.set()


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


def serve(sandbox: Sandbox, started: Callable[[Sandbox], None]) -> None:
    """Serve in the foreground until SIGINT or SIGTERM. ``started`` gets the sandbox once its URL is known."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, sandbox.request_stop)
        await sandbox.run(lambda: started(sandbox))

    try:
        asyncio.run(main())
    finally:
        sandbox.shop.close()
