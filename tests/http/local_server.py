"""A real server on 127.0.0.1 whose answers a test decides, request by request."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote

import orjson
import trustme


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came over the wire; `target` is the raw path with the query."""

    method: str
    target: str
    headers: Message
    body: bytes

    @property
    def path(self) -> str:
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Say:
    """An answer; anything but bytes is sent as JSON, an iterator piece by piece until the other side hangs up."""

    status: int = 200
    body: object = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class LocalServer:
    """`url` without a slash at the end, and everything that was asked, in order."""

    url: str
    seen: list[Seen]

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")


@contextmanager
def serving(
    answer: Callable[[Seen], Say], certificate: trustme.LeafCert | None = None
) -> Iterator[LocalServer]:
    """Serve in threads until the block ends; over TLS with a certificate."""
    seen: list[Seen] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            request = Seen(self.command, self.path, self.headers, self.rfile.read(length))
            seen.append(request)
            said = answer(request)
            if isinstance(said.body, Iterator):
                _stream(self, said, said.body)
                return
            body = said.body if isinstance(said.body, bytes) else orjson.dumps(said.body)
            self.send_response_only(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            if not isinstance(said.body, bytes) and "Content-Type" not in said.headers:
                self.send_header("Content-Type", "application/json; charset=utf-8")
            if "Content-Length" not in said.headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield LocalServer(f"http://127.0.0.1:{server.server_address[1]}", seen)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _stream(handler: BaseHTTPRequestHandler, said: Say, pieces: Iterator[bytes]) -> None:
    """An answer without a length: it ends with the connection."""
    handler.close_connection = True
    handler.send_response_only(said.status)
    for name, value in {"Connection": "close", **said.headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    with suppress(OSError):
        for piece in pieces:
            handler.wfile.write(piece)
