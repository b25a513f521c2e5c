"""A subscriber's run without a network: the pages of a server that is a function."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from mageferry.http import Headers, HttpConfig, Request, Response, run
from mageferry.http.subscriber import Page, Reading, Subscriber

ORIGIN = "https://erp.example"
type Server = Callable[[Request], Response]


def says(body: Any, status: int = 200, **headers: str) -> Response:
    """An answer of JSON, or of bytes."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(
        status, Headers({name.replace("_", "-"): value for name, value in headers.items()}), content
    )


def asked(request: Request) -> dict[str, str]:
    """The query of a request."""
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


def start(subscriber: Subscriber, since: datetime | None = None, now: datetime | None = None) -> Reading:
    """A run over a bare client."""
    clock = {} if now is None else {"clock": lambda: now}
    return Reading(subscriber, HttpConfig().chain, since, **clock)


def next_page(reading: Reading, server: Server) -> Page | None:
    return run(reading.next_page(), server)


def all_pages(reading: Reading, server: Server) -> list[Page]:
    """Every page of the run."""
    pages: list[Page] = []
    while (page := next_page(reading, server)) is not None:
        pages.append(page)
    return pages


def data(pages: list[Page]) -> list[Any]:
    """What all entities hold."""
    return [entity.data for page in pages for entity in page.entities]
