"""Cookies: keeps what the server sets and sends it back, host by host (RFC 6265)."""

from __future__ import annotations

import threading
from typing import ClassVar

import httpx2

from mageferry.http.flow import Flow, Next, Stage
from mageferry.http.message import Request, Response


class Cookies:
    """A jar of its own for this client. Without this plugin nothing is kept: a session shared by all requests
    makes PHP answer them one after the other."""

    stage: ClassVar[Stage] = Stage.COOKIES

    def __init__(self) -> None:
        self._jar = httpx2.Cookies()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "<Cookies>"

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        wire_form = httpx2.Request(request.method, request.url)
        with self._lock:
            self._jar.set_cookie_header(wire_form)
        kept = wire_form.headers.get("cookie")
        if kept is not None:
            own = request.header("cookie")
            request = request.with_header("Cookie", f"{own}; {kept}" if own else kept)
        response = yield from next(request)
        given = [pair for pair in response.headers.multi_items() if pair[0].lower() == "set-cookie"]
        if given:
            with self._lock:
                self._jar.extract_cookies(httpx2.Response(response.status, headers=given, request=wire_form))
        return response
