"""Requests and answers for people to see: every part masked."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from mageferry.http.message import Request, Response
from mageferry.http.plugins.log import Exchange
from mageferry.hub.pipelines import journal
from mageferry.hub.pipelines.journal import storable

LONGEST_CHARACTERS: Final = 20_000
_NEVER: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Shown:
    """One request, a sign-in too, and its answer, masked. `status` None: no answer came, or nothing was sent."""

    method: str
    url: str
    request_headers: list[tuple[str, str]]
    request_body: str
    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""
    error: str = ""
    elapsed_ms: int = 0
    step: str = ""

    @property
    def shown_request_body(self) -> str:
        """The body for a person: JSON is indented."""
        return indented(self.request_body)

    @property
    def shown_body(self) -> str:
        """The same of the answer."""
        return indented(self.body)


def shown_request(request: Request, mask: Callable[[str], str], step: str = "") -> Shown:
    """A request that wasn't sent; `mask` takes out what is known to be secret."""
    shown = shown_exchange(Exchange(request, Response(200), _NEVER, 0.0), mask)
    return Shown(shown.method, shown.url, shown.request_headers, shown.request_body, step=step)


def shown_exchange(exchange: Exchange, mask: Callable[[str], str]) -> Shown:
    """A request and its answer."""

    def shown(text: str) -> str:
        return cut(storable(mask(text)))

    return Shown(
        exchange.method,
        shown(exchange.url),
        [(name, shown(value)) for name, value in exchange.request_headers],
        shown(exchange.request_body),
        exchange.status,
        [(name, shown(value)) for name, value in exchange.response_headers],
        shown(exchange.response_body),
        shown(exchange.error.message) if exchange.error is not None else "",
        round(exchange.elapsed_seconds * 1000),
    )


def cut(text: str) -> str:
    """As much of a text as a page shows."""
    return journal.cut(text, LONGEST_CHARACTERS)


def indented(text: str) -> str:
    """JSON with line breaks; any other text as it is, also JSON that was cut."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
