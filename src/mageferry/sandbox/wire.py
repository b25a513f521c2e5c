"""The HTTP side: aiohttp requests in, answers out, and the faults that only a socket can show."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import secrets
import socket
import struct
import time
from collections.abc import Callable

from aiohttp import web

from mageferry.sandbox.control import Control
from mageferry.sandbox.controlplane import PREFIX, serve_control
from mageferry.sandbox.faults import AFTER_EFFECT, FaultKind, FaultRule
from mageferry.sandbox.front import CRASHED, HTML, JSON, PLAIN, FrontController, Request, Response
from mageferry.sandbox.journal import Entry
from mageferry.sandbox.media import choose_renderer, encode_json, error_page, maintenance_page
from mageferry.sandbox.php import Value
from mageferry.sandbox.refusals import masked, unauthorized

MAX_TARGET = 8190
WEB_SERVER = "nginx/1.22.1"
"""What stands in front of the shop that this one imitates; its own error pages say so."""
MAX_BODY_BYTES = 64 * 1024 * 1024
_SECRETS = re.compile(r"((?:access_token|token|password|oauth_\w+)=)[^&]*", re.IGNORECASE)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
DEADLOCK = (
    "SQLSTATE[40001]: Serialization failure: 1213 Deadlock found when trying to get lock; "
    "try restarting transaction"
)
"""What parallel writes of one entity get when their transaction was rolled back."""
_HEADERS = {"Cache-Control": "no-store", "Server": "mageferry-sandbox"}


class Wire:
    """One aiohttp handler for everything that the port receives."""

    def __init__(self, front: FrontController, control: Control) -> None:
        self._front = front
        self._control = control

    async def handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        request = await _read_request(incoming)
        if isinstance(request, Response):
            return _to_web(request)
        if request.path.startswith(PREFIX):
            # In a thread of its own, since activating an integration waits for an endpoint that calls back.
            return _to_web(await asyncio.to_thread(serve_control, self._control, request))
        return await self._handle_rest(incoming, request)

    async def _handle_rest(self, incoming: web.BaseRequest, request: Request) -> web.StreamResponse:
        journal = self._control.journal
        started = time.perf_counter()
        journal.begin()
        answer: Response | None = None
        rule: FaultRule | None = None
        try:
            rule, answer, sent = await self._answer(incoming, request)
        finally:
            journal.end(_entry(request, answer, rule, started))
        return sent

    async def _answer(
        self, incoming: web.BaseRequest, request: Request
    ) -> tuple[FaultRule | None, Response | None, web.StreamResponse]:
        with self._control.lock:
            wait_seconds, rule = self._control.faults.choose(
                request.method, f"{request.path}?{request.query}"
            )
        wait_seconds += self._control.latency_seconds
        if wait_seconds:
            await asyncio.sleep(wait_seconds)
        if rule is not None and rule.kind not in AFTER_EFFECT:
            if rule.kind is FaultKind.RESET:
                return rule, None, _reset(incoming)
            answer = _faulty_answer(rule, request.base_url, request.headers.get("accept"))
            return rule, answer, _to_web(answer)
        with self._control.lock:
            answer = self._front.answer(request)
        if rule is None:
            return None, answer, _to_web(answer)
        return rule, None, await _lose(incoming, rule.kind, answer)


async def _read_request(incoming: web.BaseRequest) -> Request | Response:
    target = incoming.raw_path
    if len(target) > MAX_TARGET:
        return Response(414, _server_page("414 Request-URI Too Large"), "text/html")
    body = await incoming.content.read() if incoming.can_read_body else b""
    if len(body) > MAX_BODY_BYTES:
        return Response(413, _server_page("413 Request Entity Too Large"), "text/html")
    path, _, query = target.partition("?")
    headers = {name.lower(): value for name, value in incoming.headers.items()}
    scheme = "https" if headers.get("x-forwarded-proto") == "https" else "http"
    return Request(
        incoming.method, path, query, headers, body, f"{scheme}://{headers.get('host', 'localhost')}"
    )


def _entry(request: Request, answer: Response | None, rule: FaultRule | None, started: float) -> Entry:
    return Entry(
        at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        method=request.method,
        path=request.path,
        query=_SECRETS.sub(r"\1***", request.query),
        status=answer.status if answer else 0,
        fault=rule.kind.value if rule else "",
        milliseconds=round((time.perf_counter() - started) * 1000, 3),
        bytes_sent=len(answer.body) if answer else 0,
    )


def _to_web(answer: Response) -> web.Response:
    return web.Response(
        status=answer.status,
        body=answer.body,
        headers={"Content-Type": answer.content_type, **_HEADERS, **answer.headers},
    )


def _faulty_answer(rule: FaultRule, base_url: str, accept: str | None) -> Response:
    match rule.kind:
        case FaultKind.TOO_MANY_REQUESTS:
            refused = _json(429, {"message": "Too Many Requests"})
            return dataclasses.replace(refused, headers=_retry_after(rule))
        case FaultKind.MAINTENANCE:
            return Response(503, maintenance_page(base_url).encode(), HTML, _retry_after(rule))
        case FaultKind.PHP_FATAL:
            return fatal_answer(accept)
        case FaultKind.DATABASE_DOWN:
            # The page breaks off where its template asks the database for the base URL.
            page = error_page(base_url, "").partition('<base href="')
            return Response(500, f"{page[0]}{page[1]}{CRASHED}".encode(), PLAIN)
    if rule.kind in _SIMPLE_ANSWERS:
        return _SIMPLE_ANSWERS[rule.kind]()
    status = 200 if rule.kind is FaultKind.ERROR_PAGE_OK else 500
    return Response(status, error_page(base_url, secrets.token_hex(32)).encode(), HTML)


def _retry_after(rule: FaultRule) -> dict[str, str]:
    return {"Retry-After": rule.retry_after} if rule.retry_after else {}


def _json(status: int, body: dict[str, Value]) -> Response:
    return Response(status, encode_json(body).encode(), JSON)


_SIMPLE_ANSWERS: dict[FaultKind, Callable[[], Response]] = {
    FaultKind.UNAUTHORIZED: lambda: _json(401, unauthorized("Magento_Sales::actions_view").body()),
    FaultKind.BAD_GATEWAY: lambda: Response(502, _server_page("502 Bad Gateway"), "text/html"),
    FaultKind.EMPTY_OK: lambda: Response(200, b"", JSON),
    FaultKind.INTERNAL_ERROR: lambda: _json(500, masked().body()),
    FaultKind.DEADLOCK: lambda: _json(500, {"message": DEADLOCK}),
    FaultKind.CRASH: lambda: Response(500, CRASHED.encode(), PLAIN),
}


def fatal_answer(accept: str | None) -> Response:
    """What the shutdown handler of PHP sends when a script died, in the form that the request accepts."""
    report = f"Server internal error. See details in report api/{secrets.randbelow(10**12)}"
    if choose_renderer(accept) == "xml":
        body = (
            '<?xml version="1.0"?><error><messages><error><data_item><code>500</code><message>'
            f"<![CDATA[{report}]]></message></data_item></error></messages></error>"
        )
        return Response(500, body.encode(), "application/xml; charset=UTF-8")
    body = encode_json({"messages": {"error": [{"code": 500, "message": report}]}})
    return Response(500, body.encode(), "application/json; charset=UTF-8")


def _server_page(title: str) -> bytes:
    """The web server's own error page, as nginx in front of Magento sends it."""
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        f"<hr><center>{WEB_SERVER}</center>\r\n</body>\r\n</html>\r\n"
    ).encode()


async def _lose(incoming: web.BaseRequest, kind: FaultKind, answer: Response) -> web.StreamResponse:
    """Keep the answer, or part of it, from the client, after what was asked has happened."""
    if kind is FaultKind.RESET_AFTER:
        return _reset(incoming)
    if kind is FaultKind.TRUNCATED:
        return await _truncate(incoming, answer)
    if incoming.transport is not None:
        incoming.transport.close()
    return web.Response()


def _reset(incoming: web.BaseRequest) -> web.StreamResponse:
    """Close with RST instead of FIN, as a crashed server or a firewall does."""
    transport = incoming.transport
    if transport is not None:
        raw: socket.socket = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    return web.Response()


async def _truncate(incoming: web.BaseRequest, answer: Response) -> web.StreamResponse:
    """Promise the whole body, send half of it, close."""
    whole = max(len(answer.body), 2)
    response = web.StreamResponse(
        status=answer.status,
        headers={"Content-Type": answer.content_type, "Content-Length": str(whole), **_HEADERS},
    )
    await response.prepare(incoming)
    await response.write(answer.body[: whole // 2])
    if incoming.transport is not None:
        incoming.transport.close()
    return response
