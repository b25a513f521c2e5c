"""The HTTP side: aiohttp requests in, answers out, and the faults that only a socket can show."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import time
from collections.abc import Callable

from aiohttp import web

from mageferry.sandbox.faults import AFTER_EFFECT, FaultKind, FaultRule
from mageferry.sandbox.journal import Entry
from mageferry.sandbox.messages import Front, Request, Response, server_page
from mageferry.sandbox.plane import PREFIX
from mageferry.sandbox.switchboard import Switchboard

MAX_TARGET = 8190
MAX_BODY_BYTES = 64 * 1024 * 1024
_SECRETS = re.compile(r"((?:access_token|token|password|oauth_\w+)=)[^&]*", re.IGNORECASE)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_HEADERS = {"Cache-Control": "no-store", "Server": "mageferry-sandbox"}


class Wire:
    """One aiohttp handler for everything that the port receives: for the system's front, and for its control plane;
    ``faulty`` answers when a fault struck."""

    def __init__(
        self,
        front: Front,
        control: Switchboard,
        plane: Callable[[Request], Response],
        faulty: Callable[[FaultRule, Request], Response],
    ) -> None:
        self._front = front
        self._control = control
        self._plane = plane
        self._faulty = faulty

    async def handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        request = await _read_request(incoming)
        if isinstance(request, Response):
            return _to_web(request)
        if request.path.startswith(PREFIX):
            # In a thread of its own, since activating an integration waits for an endpoint that calls back.
            return _to_web(await asyncio.to_thread(self._plane, request))
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
            answer = self._faulty(rule, request)
            return rule, answer, _to_web(answer)
        with self._control.lock:
            answer = self._front.answer(request)
        if rule is None:
            return None, answer, _to_web(answer)
        return rule, None, await _lose(incoming, rule.kind, answer)


async def _read_request(incoming: web.BaseRequest) -> Request | Response:
    target = incoming.raw_path
    if len(target) > MAX_TARGET:
        return Response(414, server_page("414 Request-URI Too Large"), "text/html")
    try:
        body = await incoming.content.read() if incoming.can_read_body else b""
    except ConnectionResetError:
        # Whoever asked is gone before the end of the request: nobody reads this answer, and nothing is done.
        return Response(400, server_page("400 Bad Request"), "text/html")
    if len(body) > MAX_BODY_BYTES:
        return Response(413, server_page("413 Request Entity Too Large"), "text/html")
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
