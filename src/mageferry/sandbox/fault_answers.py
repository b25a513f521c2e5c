"""What a shop answers when a fault strikes: the pages and bodies of Magento, PHP and the web server in front."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable

from mageferry.sandbox.faults import FaultKind, FaultRule
from mageferry.sandbox.front import CRASHED
from mageferry.sandbox.media import choose_renderer, encode_json, error_page, maintenance_page
from mageferry.sandbox.messages import HTML, JSON, PLAIN, Request, Response, server_page
from mageferry.sandbox.php import Value
from mageferry.sandbox.refusals import masked, unauthorized

DEADLOCK = (
    "SQLSTATE[40001]: Serialization failure: 1213 Deadlock found when trying to get lock; "
    "try restarting transaction"
)
"""What parallel writes of one entity get when their transaction was rolled back."""


def faulty_answer(rule: FaultRule, request: Request) -> Response:
    """The answer of a shop that a fault struck before it did anything."""
    base_url, accept = request.base_url, request.headers.get("accept")
    match rule.kind:
        case FaultKind.TOO_MANY_REQUESTS:
            refused = _json(429, {"message": "Too Many Requests"})
            return dataclasses.replace(refused, headers=rule.headers())
        case FaultKind.MAINTENANCE:
            return Response(503, maintenance_page(base_url).encode(), HTML, rule.headers())
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


def _json(status: int, body: dict[str, Value]) -> Response:
    return Response(status, encode_json(body).encode(), JSON)


_SIMPLE_ANSWERS: dict[FaultKind, Callable[[], Response]] = {
    FaultKind.UNAUTHORIZED: lambda: _json(401, unauthorized("Magento_Sales::actions_view").body()),
    FaultKind.BAD_GATEWAY: lambda: Response(502, server_page("502 Bad Gateway"), "text/html"),
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
