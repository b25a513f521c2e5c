"""Cache: answers to GET and HEAD kept for a while, and asked for again only if they have changed (RFC 9111).

A private cache, for one client: it keeps what is meant for its credentials.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import ClassVar, Final, Protocol

from mageferry.http.flow import Flow, Next, Stage
from mageferry.http.message import Request, Response

_CACHED_STATUSES: Final = (200, 203, 204, 300, 301, 308, 404, 410)
_DIRECTIVE = re.compile(r'([a-z-]+)(?:=(?:"([^"]*)"|([^\s,;]*)))?', re.IGNORECASE)
_CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_VALIDATORS: Final = (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))
_KEPT_FROM_304: Final = ("content-encoding", "content-type", "content-length", "transfer-encoding")


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, the request headers it depends on, and until when it is fresh."""

    response: Response
    varies: tuple[tuple[str, str | None], ...]
    fresh_until: float

    def fits(self, request: Request) -> bool:
        return all(request.header(name) == value for name, value in self.varies)


class CacheStore(Protocol):
    """Keeps answers by method and address."""

    def get(self, key: str) -> Kept | None: ...

    def put(self, key: str, kept: Kept) -> None: ...

    def drop(self, key: str) -> None: ...


class MemoryCache:
    """Keeps the latest answers of up to `max_bytes` in this process."""

    def __init__(self, max_bytes: int = 32 * 1024 * 1024) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Kept | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
            return kept

    def put(self, key: str, kept: Kept) -> None:
        with self._lock:
            self._drop(key)
            self._kept[key] = kept
            self._bytes += len(kept.response.content)
            while self._bytes > self._max_bytes:
                self._drop(next(iter(self._kept)))

    def drop(self, key: str) -> None:
        with self._lock:
            self._drop(key)

    def _drop(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= len(kept.response.content)


@dataclass(frozen=True, slots=True)
class Cache:
    """Answers GET and HEAD from what it keeps, as long as the server allows.

    `ttl_seconds`: how long an answer is fresh for which the server says nothing. `respects_headers` False keeps
    every answer that long, whatever the server says.
    """

    ttl_seconds: float = 60.0
    respects_headers: bool = True
    store: CacheStore = field(default_factory=MemoryCache)
    clock: Callable[[], float] = time.time
    stage: ClassVar[Stage] = Stage.CACHE

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        if request.method not in ("GET", "HEAD"):
            response = yield from next(request)
            if request.method in _CHANGING and response.status < 400:
                self.store.drop(_key("GET", request.url))
                self.store.drop(_key("HEAD", request.url))
            return response
        asked = directives(request.headers)
        own_sign_in = request.header("authorization") is not None
        if "no-store" in asked or request.header("range") is not None or own_sign_in:
            return (yield from next(request))
        kept = self.store.get(_key(request.method, request.url))
        if kept is not None and not kept.fits(request):
            kept = None
        if kept is not None and "no-cache" not in asked and self.clock() < kept.fresh_until:
            return kept.response
        return (yield from self._ask(request, kept, next))

    def _ask(self, request: Request, kept: Kept | None, next: Next) -> Flow[Response]:
        response = yield from next(_conditional(request, kept) if kept is not None else request)
        if response.status == 304 and kept is not None:
            merged = kept.response.headers.copy()
            for name, value in response.headers.items():
                if name.lower() not in _KEPT_FROM_304:
                    merged[name] = value
            response = replace(kept.response, headers=merged, elapsed_seconds=response.elapsed_seconds)
        self._keep(request, response)
        return response

    def _keep(self, request: Request, response: Response) -> None:
        life_seconds = self._life_seconds(response)
        varies = tuple(
            name.strip().lower() for name in response.headers.get("vary", "").split(",") if name.strip()
        )
        if life_seconds is None or "*" in varies or response.status not in _CACHED_STATUSES:
            return
        values = tuple((name, request.header(name)) for name in varies)
        self.store.put(_key(request.method, request.url), Kept(response, values, self.clock() + life_seconds))

    def _life_seconds(self, response: Response) -> float | None:
        """How long the answer is fresh; 0 for one that is kept only to be asked for again; None for never."""
        if not self.respects_headers:
            return self.ttl_seconds
        said = directives(response.headers)
        if "no-store" in said:
            return None
        if "no-cache" in said:
            return 0.0
        seconds = _number(said.get("max-age", ""))
        if seconds is None:
            seconds = self._until_expiry(response)
        age = _number(response.headers.get("age", "")) or 0.0
        return self.ttl_seconds if seconds is None else max(0.0, seconds - age)

    def _until_expiry(self, response: Response) -> float | None:
        text = response.headers.get("expires")
        if text is None:
            return None
        moments = [_moment(text), _moment(response.headers.get("date", ""))]
        # An unreadable date, such as 0, means that the answer is stale already.
        expires, now = moments[0], moments[1] if moments[1] is not None else self.clock()
        return 0.0 if expires is None else max(0.0, expires - now)


def directives(headers: Mapping[str, str]) -> dict[str, str]:
    """The parts of `Cache-Control` by name."""
    text = next((value for name, value in headers.items() if name.lower() == "cache-control"), "")
    return {match[1].lower(): match[2] or match[3] or "" for match in _DIRECTIVE.finditer(text)}


def _conditional(request: Request, kept: Kept) -> Request:
    for name, condition in _VALIDATORS:
        value = kept.response.headers.get(name)
        if value is not None and request.header(condition) is None:
            request = request.with_header(condition, value)
    return request


def _key(method: str, url: str) -> str:
    return f"{method} {url.partition('#')[0]}"


def _number(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() else None


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
