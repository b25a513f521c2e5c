"""HttpClient and AsyncHttpClient: configuration -> plugins -> authentication -> wire."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import orjson

from mageferry.http.errors import HttpError, InvalidRequest
from mageferry.http.flow import Flow, Middleware, Next, Plugin, Stage, arun, compose, run
from mageferry.http.message import Request, Response, Timeouts
from mageferry.http.redaction import Secret
from mageferry.http.transport import BodyReader, cookieless, tls_context, translate, wire_request

# What the wire layer raises; anything else is a bug and passes as it is.
_WIRE_ERRORS = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError)


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """Everything a client needs to know.

    `verify`: True, a path to a PEM file of other certificates, an `ssl.SSLContext`, or False for none.
    `proxy`: URL of a proxy, with user and password when it wants them; None takes the environment's.
    `max_body_bytes`: larger answers are refused, so that a wrong address cannot fill the memory.
    """

    plugins: tuple[Plugin, ...] = ()
    authentication: Middleware | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    verify: bool | str | ssl.SSLContext = True
    proxy: Secret | None = None
    user_agent: str = "Mageferry"
    max_connections: int = 100
    max_body_bytes: int = 512 * 1024 * 1024

    def chain(self) -> Next:
        """The plugins in the order of their stages, the authentication at its place between them."""
        ordered: list[tuple[int, Middleware]] = [(plugin.stage, plugin) for plugin in self.plugins]
        if self.authentication is not None:
            ordered.append((Stage.AUTHENTICATE, self.authentication))
        return compose([middleware for _, middleware in sorted(ordered, key=lambda pair: pair[0])])


class _Client:
    """What both clients share: the chain and the settings of the wire."""

    def __init__(self, config: HttpConfig) -> None:
        self.config = config
        self.handle: Next = config.chain()

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str] | None, content: bytes, json: Any
    ) -> Flow[Response]:
        all_headers = dict(headers or {})
        if json is not None:
            content = orjson.dumps(json)
            all_headers.setdefault("Content-Type", "application/json")
        return self.handle(Request(method.upper(), url, all_headers, content))

    def _options(self) -> dict[str, Any]:
        config = self.config
        verify = config.verify if isinstance(config.verify, ssl.SSLContext) else tls_context(config.verify)
        return {
            "verify": verify,
            "proxy": _checked_proxy(config.proxy),
            "limits": httpx2.Limits(
                max_connections=config.max_connections, max_keepalive_connections=config.max_connections
            ),
            "headers": {"User-Agent": config.user_agent},
            "cookies": cookieless(),
        }

    def _prepared(self, request: Request) -> httpx2.Request:
        if request.header("user-agent") is None:
            request = request.with_header("User-Agent", self.config.user_agent)
        if request.header("accept-encoding") is None:
            request = request.with_header("Accept-Encoding", "gzip, deflate")
        return wire_request(request, self.config.timeouts)

    def _reader(self, request: Request) -> BodyReader:
        return BodyReader(request, self.config.timeouts, self.config.max_body_bytes)


class HttpClient(_Client):
    """A blocking client; safe to share between threads. Close it, or use it in a `with` block."""

    def __init__(
        self,
        config: HttpConfig | None = None,
        *,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        super().__init__(config or HttpConfig())
        self._sleep = sleep
        self._wire = httpx2.Client(transport=transport, **self._options())

    def send(self, request: Request) -> Response:
        """Send through plugins and authentication. Raises HttpError when no whole answer came."""
        return self.run(self.handle(request))

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        json: Any = None,
    ) -> Response:
        """Build a request and send it; `json` is encoded and named as such."""
        return self.run(self.exchange(method, url, headers, content, json))

    def run[T](self, flow: Flow[T]) -> T:
        """Drive a flow over this client's wire."""
        return run(flow, self._transmit, self._sleep)

    def _transmit(self, request: Request) -> Response:
        wire_form = self._prepared(request)
        reader = self._reader(request)
        try:
            answer = self._wire.send(wire_form, stream=True, auth=None)
            try:
                for chunk in answer.iter_bytes():
                    reader.take(chunk)
            finally:
                answer.close()
        except HttpError:
            raise
        except _WIRE_ERRORS as error:
            raise translate(error, request) from error
        return reader.response(answer)

    def close(self) -> None:
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncHttpClient(_Client):
    """The same for an event loop; it belongs to the loop it is first used in."""

    def __init__(
        self,
        config: HttpConfig | None = None,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        super().__init__(config or HttpConfig())
        self._sleep = sleep
        self._wire = httpx2.AsyncClient(transport=transport, **self._options())

    async def send(self, request: Request) -> Response:
        """Send through plugins and authentication. Raises HttpError when no whole answer came."""
        return await self.run(self.handle(request))

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        json: Any = None,
    ) -> Response:
        """Build a request and send it; `json` is encoded and named as such."""
        return await self.run(self.exchange(method, url, headers, content, json))

    async def run[T](self, flow: Flow[T]) -> T:
        """Drive a flow over this client's wire."""
        return await arun(flow, self._transmit, self._sleep)

    async def _transmit(self, request: Request) -> Response:
        wire_form = self._prepared(request)
        reader = self._reader(request)
        try:
            answer = await self._wire.send(wire_form, stream=True, auth=None)
            try:
                async for chunk in answer.aiter_bytes():
                    reader.take(chunk)
            finally:
                await answer.aclose()
        except HttpError:
            raise
        except _WIRE_ERRORS as error:
            raise translate(error, request) from error
        return reader.response(answer)

    async def close(self) -> None:
        await self._wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _checked_proxy(proxy: Secret | None) -> str | None:
    """The proxy's URL, checked here because a library's own complaint would quote its password."""
    if proxy is None:
        return None
    parts = urlsplit(proxy.reveal())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidRequest(
            "The proxy's address cannot be used",
            remedy="Write it as http://host:port, or http://user:password@host:port.",
        )
    return proxy.reveal()
