"""Requests and answers of the example systems: routes, JSON bodies, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from mageferry.sandbox.faults import FaultKind, FaultRule
from mageferry.sandbox.messages import HTML, JSON, PLAIN, Request, Response, server_page


class Refused(Exception):
    """What a system doesn't do; becomes its error answer."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.more = more
        self.headers: dict[str, str] = {}
        super().__init__(message)


@dataclass(frozen=True)
class Call:
    """A request to a route: `parts` of the path, `query` with the last of repeated names."""

    request: Request
    parts: tuple[str, ...] = ()

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.request.query, keep_blank_values=True))

    @cached_property
    def body(self) -> dict[str, Any]:
        """The JSON object that was sent. Raises Refused."""
        try:
            value = orjson.loads(self.request.body)
        except orjson.JSONDecodeError:
            raise Refused(400, "bad_json", "The body isn't JSON.") from None
        if not isinstance(value, dict):
            raise Refused(400, "bad_json", "The body must be an object.")
        return value

    def header(self, name: str) -> str:
        return self.request.headers.get(name, "")

    def number(self, name: str, default: int, most: int) -> int:
        """A number of the query from 1 to `most`. Raises Refused."""
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= most:
            raise Refused(400, "bad_parameter", f"{name} must be from 1 to {most}.")
        return int(text)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as JSON, or as a text of another type."""

    status: int
    value: Any
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        body = self.value.encode() if isinstance(self.value, str) else orjson.dumps(self.value)
        return Response(self.status, body, self.content_type, dict(self.headers))


type Handler = Callable[[Call], Reply]


class Routes:
    """Templates such as ``/v2/orders/{}/refunds`` with a handler for each method."""

    def __init__(self, routes: Iterable[tuple[str, str, Handler]]) -> None:
        self._routes = [
            (method, re.compile(re.escape(path).replace(r"\{\}", "([^/]+)")), handler)
            for method, path, handler in routes
        ]

    def find(self, request: Request) -> tuple[Handler, Call]:
        """Raises Refused: 404 for an unknown path, 405 for a method that it doesn't take."""
        known = False
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                return handler, Call(request, tuple(map(unquote, match.groups())))
            known = known or bool(match)
        if known:
            raise Refused(405, "method_not_allowed", f"{request.method} isn't possible here.")
        raise Refused(404, "not_found", f"There is nothing at {request.path}.")


def faulty_answer(rule: FaultRule, _request: Request) -> Response:
    """What a system answers when a fault struck before it did anything."""
    status, text = _FAULTS.get(rule.kind, (500, "Internal Server Error"))
    if rule.kind is FaultKind.EMPTY_OK:
        return Response(200, b"", JSON)
    if rule.kind in _PAGES:
        return Response(status, server_page(f"{status} {text}"), HTML, rule.headers())
    if rule.kind is FaultKind.CRASH:
        return Response(500, b"Internal Server Error\n", PLAIN)
    return Response(
        status, orjson.dumps({"error": {"code": rule.kind.value, "message": text}}), JSON, rule.headers()
    )


_PAGES = (FaultKind.MAINTENANCE, FaultKind.BAD_GATEWAY, FaultKind.ERROR_PAGE, FaultKind.ERROR_PAGE_OK)
_FAULTS = {
    FaultKind.UNAUTHORIZED: (401, "Sign in first."),
    FaultKind.TOO_MANY_REQUESTS: (429, "Too many requests."),
    FaultKind.MAINTENANCE: (503, "Service Unavailable"),
    FaultKind.BAD_GATEWAY: (502, "Bad Gateway"),
    FaultKind.ERROR_PAGE_OK: (200, "Something went wrong"),
}
