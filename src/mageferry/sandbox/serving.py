"""Starting and stopping a system of the sandbox: in a thread of its own for tests, in the foreground for the command
line.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from aiohttp import web

from mageferry.sandbox.switchboard import Switchboard
from mageferry.sandbox.wire import Wire

START_SECONDS = 30.0


class Served(ABC):
    """A system behind a real HTTP server; port 0 takes a free one. It raises OSError (port taken) when it starts."""

    control: Switchboard

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """The system's base URL without a slash at the end."""
        return f"http://{self._host}:{self._port}"

    @property
    @abstractmethod
    def wire(self) -> Wire:
        """What answers."""

    @abstractmethod
    def close(self) -> None:
        """Close the state."""

    def __enter__(self) -> Self:
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
        self.close()

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
        server = web.Server(self.wire.handle, max_line_size=65536, max_field_size=65536, access_log=None)
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


def serve[S: Served](system: S, started: Callable[[S], None]) -> None:
    """Serve in the foreground until SIGINT or SIGTERM. ``started`` gets the system once its URL is known."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, system.request_stop)
        await system.run(lambda: started(system))

    try:
        asyncio.run(main())
    finally:
        system.close()
