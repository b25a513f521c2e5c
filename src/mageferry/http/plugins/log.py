"""Log requests: every attempt as one exchange, with secrets masked in every format."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from time import monotonic
from typing import ClassVar

from mageferry.http.errors import HttpError
from mageferry.http.flow import Flow, Next, Stage
from mageferry.http.message import Request, Response
from mageferry.http.redaction import MASK, redact_body, redact_headers, redact_text, redact_url

_logger = logging.getLogger("mageferry.http")

LONG_CHARACTERS = 10_000
_LOOKED_AT_BYTES = 8192
# Whatever these paths say or are told is a secret as a whole: sign-in, second factor, token exchange.
_PRIVATE_PATHS = ("/token", "/authenticate")

# Headers that can be shown even of a sign-in.
_TELLING_NOTHING = (
    *("content-type", "content-length", "date", "server", "connection", "transfer-encoding"),
    *("accept", "accept-encoding", "user-agent", "host"),
)


class LogFormat(StrEnum):
    """How much of an exchange is written."""

    SIMPLE = "simple"
    LONG = "long"
    FULL = "full"
    CURL = "curl"


class Exchange:
    """One attempt: what was sent, what came back or failed. Every property is fit to be shown.

    `response` properties are None while `error` is set, and the other way round.
    """

    __slots__ = ("_request", "_response", "elapsed_seconds", "error", "sent_at")

    def __init__(
        self, request: Request, outcome: Response | HttpError, sent_at: datetime, elapsed_seconds: float
    ) -> None:
        self._request = request
        self._response = outcome if isinstance(outcome, Response) else None
        self.error: HttpError | None = outcome if isinstance(outcome, HttpError) else None
        self.sent_at = sent_at
        self.elapsed_seconds = elapsed_seconds

    def __repr__(self) -> str:
        return f"<Exchange {self.method} {self.url} {self.status or self.error!r}>"

    @property
    def method(self) -> str:
        return self._request.method

    @property
    def url(self) -> str:
        return self._request.masked(redact_url(self._request.url))

    @property
    def status(self) -> int | None:
        return self._response.status if self._response else None

    @property
    def request_headers(self) -> list[tuple[str, str]]:
        return self._shown(self._request.headers.items())

    @property
    def response_headers(self) -> list[tuple[str, str]]:
        return self._shown(self._response.headers.multi_items()) if self._response else []

    def _shown(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        shown = redact_headers(headers)
        if self._request.private:
            # A key or the token itself may be in one of them.
            return [(name, value if name.lower() in _TELLING_NOTHING else MASK) for name, value in shown]
        return [(name, self._request.masked(value)) for name, value in shown]

    @property
    def request_body(self) -> str:
        kind = self._request.header("content-type") or ""
        known = "json" in kind or "form" in kind
        private = self._request.private or (self._has_private_path and not known)
        return self._request.masked(_shown_body(self._request.content, kind, private))

    @property
    def response_body(self) -> str:
        if self._response is None:
            return ""
        private = self._request.private or (self._has_private_path and self._response.status < 300)
        return self._request.masked(_shown_body(self._response.content, self._response.content_type, private))

    @property
    def _has_private_path(self) -> bool:
        return any(part in self._request.url.partition("?")[0].lower() for part in _PRIVATE_PATHS)

    def render(self, style: LogFormat = LogFormat.SIMPLE) -> str:
        """The exchange as text."""
        if style is LogFormat.CURL:
            return self._render_curl()
        limit = {LogFormat.SIMPLE: 0, LogFormat.LONG: LONG_CHARACTERS}.get(style)
        lines = [f"{self.method} {self.url}", *_header_lines(self.request_headers)]
        lines += _body_lines(self.request_body, limit) if limit != 0 else []
        if self.error is not None:
            lines.append(f"failed after {self.elapsed_seconds:.3f} s: {self.error.message}")
        else:
            lines += [
                f"{self.status} after {self.elapsed_seconds:.3f} s",
                *_header_lines(self.response_headers),
            ]
            lines += _body_lines(self.response_body, limit) if limit != 0 else []
        return "\n".join(lines)

    def _render_curl(self) -> str:
        words = ["curl", "-X", self.method, self.url]
        for name, value in self.request_headers:
            words += ["-H", f"{name}: {value}"]
        if self._request.content:
            words += ["--data-raw", self.request_body]
        return shlex.join(words)


def _shown_body(content: bytes, content_type: str, private: bool) -> str:
    """A body as text without secrets; of one that is no text only its size."""
    # Text in UTF-16 has such bytes as well; it is rare, and would not be readable as UTF-8 either.
    if b"\0" in content[:_LOOKED_AT_BYTES] and not private:
        return f"({len(content):,} bytes of binary data)"
    return redact_body(content, content_type, private=private)


def _header_lines(headers: list[tuple[str, str]]) -> list[str]:
    return [f"  {name}: {value}" for name, value in headers]


def _body_lines(body: str, limit: int | None) -> list[str]:
    if not body:
        return []
    if limit is None or len(body) <= limit:
        return [body]
    return [f"{body[:limit]} ... ({len(body):,} characters)"]


@dataclass(frozen=True, slots=True)
class Log:
    """Hands every attempt to `sink`. A sink that fails does not fail the call; the failure is logged."""

    sink: Callable[[Exchange], object]
    stage: ClassVar[Stage] = Stage.LOG
    adds: ClassVar[bool] = True

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        sent_at, started = datetime.now(UTC), monotonic()
        try:
            response = yield from next(request)
        except HttpError as error:
            self._tell(Exchange(request, error, sent_at, monotonic() - started))
            raise
        self._tell(Exchange(request, response, sent_at, monotonic() - started))
        return response

    def _tell(self, exchange: Exchange) -> None:
        try:
            self.sink(exchange)
        except Exception as error:
            # No traceback: a sink's error may quote what it was given before it was masked.
            _logger.error("The log of requests failed: %s: %s", type(error).__name__, redact_text(str(error)))
