"""The wire: our requests over httpx2, its failures told apart by whether anything was sent."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpcore2
import httpx2

from mageferry.http.errors import (
    BodyTooLarge,
    ConnectionLost,
    HostUnknown,
    HttpError,
    InvalidRequest,
    NotSent,
    ProxyRefused,
    TimedOut,
    TlsFailed,
    Unreachable,
    UnreadableBody,
)
from mageferry.http.guarded import Answer
from mageferry.http.message import Request, Response, Timeouts
from mageferry.http.redaction import redact_text

# Addresses that httpx2 sends as they are written: nothing to encode, no dot segments, a lower-case host.
_SENT_AS_WRITTEN = re.compile(r"https?://[a-z0-9.-]+(?::\d+)?/")
_PLAIN_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~%/&=+:,;@$()?-"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "QUERY"})
_LINE_BREAK = re.compile("[\r\n\0]")
_PEM_MARK = "-----BEGIN"
_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def sent_url(url: str) -> str:
    """The address as it goes over the wire, which is what signatures are made of."""
    # Signing asks for every request, and httpx2 takes a millisecond for a long address. A broken escape in the
    # query is left: sent as %25, it decodes to the same.
    path_end = url.find("?")
    if (
        _SENT_AS_WRITTEN.match(url)
        and url.isascii()
        and not url.encode().translate(None, _PLAIN_BYTES)
        and "/." not in url
        and not _BROKEN_ESCAPE.search(url, 0, path_end if path_end >= 0 else len(url))
    ):
        return url
    try:
        return str(httpx2.URL(url))
    except (httpx2.InvalidURL, UnicodeEncodeError) as error:
        raise InvalidRequest(
            f"The address cannot be used: {_reason(error)}", remedy="Check the address (https://...)."
        ) from None


def wire_request(
    request: Request, timeouts: Timeouts, standard_headers: Iterable[tuple[str, str]] = ()
) -> httpx2.Request:
    """Our request as httpx2's, with the standard headers that it does not have. Raises InvalidRequest for an
    address or header that cannot be sent."""
    with _unsendable_told(request):
        headers = _headers(request, standard_headers)
        return httpx2.Request(
            request.method,
            _parsed(request.url),
            headers=headers,
            content=request.content or None,
            extensions=_extensions(request, timeouts),
        )


def pool_request(
    request: Request, timeouts: Timeouts, standard_headers: Iterable[tuple[str, str]] = ()
) -> httpcore2.Request:
    """The same for a connection pool, with the headers that httpx2 adds. Raises InvalidRequest."""
    with _unsendable_told(request):
        headers = _headers(request, standard_headers)
        url, host = _target(request.url)
        present = {name.lower() for name in headers}
        raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        has_length = not present.isdisjoint(("content-length", "transfer-encoding"))
        if not has_length and (request.content or request.method in _WITH_BODY):
            raw.insert(0, (b"Content-Length", b"%d" % len(request.content)))
        if "host" not in present and host:
            raw.insert(0, (b"Host", host))
        return httpcore2.Request(
            request.method.upper(),
            url,
            headers=raw,
            content=request.content,
            extensions=_extensions(request, timeouts),
        )


def _headers(request: Request, standard_headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers with the standard ones that it does not have."""
    headers = dict(request.headers)
    present = {name.lower() for name in headers}
    headers.update((name, value) for name, value in standard_headers if name.lower() not in present)
    # Checked by the wire layer as well, but only after it has connected.
    if _LINE_BREAK.search("".join((*headers, *headers.values()))):
        raise ValueError("a header has a line break")
    return headers


def _extensions(request: Request, timeouts: Timeouts) -> dict[str, dict[str, float]]:
    chosen = request.timeouts or timeouts
    return {
        "timeout": {
            "connect": chosen.connect_seconds,
            "read": chosen.read_seconds,
            "write": chosen.write_seconds,
            "pool": chosen.pool_seconds,
        }
    }


@contextmanager
def _unsendable_told(request: Request) -> Iterator[None]:
    """What cannot be written on the wire becomes an InvalidRequest."""
    try:
        yield
    except (httpx2.InvalidURL, UnicodeEncodeError, TypeError, ValueError) as error:
        raise InvalidRequest(
            f"The request cannot be sent: {_reason(error)}",
            remedy="Check the address and the headers: only ASCII, percent-encoded, no line breaks.",
            request_line=request.line,
        ) from None


@lru_cache(maxsize=64)
def _parsed(url: str) -> httpx2.URL:
    """Most requests of a client go to a few addresses, and reading one takes as long as all the rest of a request."""
    return httpx2.URL(url)


@lru_cache(maxsize=64)
def _target(url: str) -> tuple[httpcore2.URL, bytes]:
    """An address for a connection pool, and its host as a header has it."""
    parsed = _parsed(url)
    target = httpcore2.URL(
        scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path
    )
    return target, parsed.netloc


class BodyReader:
    """Collects a body and stops when it grows too large or takes too long."""

    def __init__(self, request: Request, timeouts: Timeouts, limit_bytes: int) -> None:
        self._request = request
        self._total_seconds = (request.timeouts or timeouts).total_seconds
        self._limit_bytes = min(limit_bytes, request.max_body_bytes or limit_bytes)
        self._started = time.monotonic()
        self._chunks: list[bytes] = []
        self._size = 0

    def take(self, chunk: bytes) -> None:
        """Add a chunk; raises BodyTooLarge past the limit and TimedOut past the whole exchange's time."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > self._limit_bytes:
            raise BodyTooLarge(
                self._limit_bytes,
                remedy="Ask for less at a time (a smaller page size), or raise max_body_bytes.",
                request_line=self._request.line,
            )
        if self.elapsed_seconds > self._total_seconds:
            raise TimedOut(
                f"The answer was not complete after {self._total_seconds:g} seconds",
                remedy="Ask for less at a time, or raise total_seconds.",
                request_line=self._request.line,
            )

    @property
    def elapsed_seconds(self) -> float:
        return time.monotonic() - self._started

    def response(self, answer: httpx2.Response | Answer) -> Response:
        """The whole answer."""
        body = b"".join(self._chunks)
        return Response(answer.status_code, answer.headers, body, self.elapsed_seconds, self._request.url)


def cookieless() -> CookieJar:
    """A jar that keeps nothing: a shared session cookie would make PHP answer one request after the other."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


@lru_cache(maxsize=8)
def tls_context(verify: bool | str) -> ssl.SSLContext:
    """The TLS settings, shared by all clients, since reading the certificates takes tens of milliseconds.

    `verify`: True for the machine's certificates, the path of a file or directory of others, their PEM text, or
    False.
    """
    if isinstance(verify, str):
        context = httpx2.create_ssl_context()
        for kind in ("cadata",) if _PEM_MARK in verify else ("cafile", "capath"):
            try:
                context.load_verify_locations(**{kind: verify})
            except (OSError, ssl.SSLError):
                continue
            return context
        raise InvalidRequest(
            f"No certificates could be read from {'the text' if _PEM_MARK in verify else verify}",
            remedy="Give the path of a PEM file with the certificates to trust.",
        )
    return httpx2.create_ssl_context(verify=verify)


def translate(error: Exception, request: Request) -> HttpError:
    """httpx2's failure as ours: what matters is whether the request can have reached the server."""
    kind, remedy = _classify(error)
    return kind(f"{_TITLES[kind]}: {_reason(error)}", remedy=remedy, request_line=request.line)


_TITLES: dict[type[HttpError], str] = {
    InvalidRequest: "The request cannot be sent",
    NotSent: "The request could not be sent",
    HostUnknown: "The host name is not known",
    TlsFailed: "No secure connection",
    ProxyRefused: "The proxy refused",
    Unreachable: "The server cannot be reached",
    TimedOut: "No answer in time",
    ConnectionLost: "The connection broke before the answer was complete",
    UnreadableBody: "The answer cannot be read",
}


def _classify(error: Exception) -> tuple[type[HttpError], str]:
    if isinstance(error, httpx2.ConnectError):
        return _classify_connect(error)
    for kinds, ours, remedy in _TABLE:
        if isinstance(error, kinds):
            return ours, remedy
    return ConnectionLost, ""


_TABLE: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[HttpError], str], ...] = (
    (
        httpx2.ConnectTimeout,
        Unreachable,
        "Check address and port, and that no firewall drops the connection.",
    ),
    (httpx2.PoolTimeout, Unreachable, "All connections are busy: allow more, or ask with fewer workers."),
    ((httpx2.ReadTimeout, httpx2.WriteTimeout), TimedOut, "Raise the time-out, or ask for less at a time."),
    (httpx2.ProxyError, ProxyRefused, "Check the proxy's address, user and password."),
    (
        (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, httpx2.InvalidURL),
        InvalidRequest,
        "Check the address (https://...) and the headers.",
    ),
    (
        httpx2.DecodingError,
        UnreadableBody,
        "The body's compression is broken: look at what stands before the server.",
    ),
)


def _classify_connect(error: Exception) -> tuple[type[HttpError], str]:
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        text = str(error)
        if "WRONG_VERSION_NUMBER" in text or "UNKNOWN_PROTOCOL" in text:
            return (
                TlsFailed,
                "The port does not speak TLS: check the port, or write http:// if that is meant.",
            )
        return TlsFailed, "Renew or trust the certificate (option verify), and check the host name."
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return HostUnknown, "Check the host name, and that this machine can resolve names."
    return Unreachable, "Check address and port, and that the server runs."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it; a failed asynchronous connect carries its causes in a group."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        if isinstance(seen, BaseExceptionGroup):
            for inner in seen.exceptions:
                yield from _causes(inner)
        seen = seen.__cause__ or seen.__context__


def _reason(error: Exception) -> str:
    """One line without secrets, never empty (time-outs come without a text)."""
    return redact_text(" ".join(str(error).split())) or type(error).__name__
