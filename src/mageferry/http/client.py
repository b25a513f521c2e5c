"""HttpClient and AsyncHttpClient: configuration -> plugins -> authentication -> wire."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import orjson

from mageferry.http.addresses import AddressPolicy
from mageferry.http.errors import HttpError, InvalidRequest
from mageferry.http.flow import Flow, Middleware, Next, Plugin, Stage, arun, compose, run, transmit
from mageferry.http.guarded import Answer, AsyncGuardedTransport, GuardedPool
from mageferry.http.message import Request, Response, Timeouts, Wire
from mageferry.http.redaction import Secret
from mageferry.http.transport import (
    BodyReader,
    cookieless,
    pool_request,
    tls_context,
    translate,
    wire_request,
)

# What the wire layer raises; anything else is a bug and passes as it is.
_WIRE_ERRORS = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError)


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """Everything a client needs to know.

    `verify`: True, a path to a PEM file of other certificates, an `ssl.SSLContext`, or False for none.
    `proxy`: URL of a proxy, with user and password when it wants them; None takes the environment's.
    `max_body_bytes`: larger answers are refused, so that a wrong address cannot fill the memory.
    `addresses`: which may be asked, None for any; give a policy wherever users enter addresses.
    """

    plugins: tuple[Plugin, ...] = ()
    authentication: Middleware | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    verify: bool | str | ssl.SSLContext = True
    proxy: Secret | None = None
    user_agent: str = "Mageferry"
    max_connections: int = 100
    max_body_bytes: int = 512 * 1024 * 1024
    addresses: AddressPolicy | None = None

    def chain(self, plugins: Sequence[Plugin] = (), last: Next = transmit) -> Next:
        """The plugins in the order of their stages, the authentication at its place between them.

        `plugins` are those of a single request. One of a kind that the client has takes its place there; of
        those that add something (headers, query, log) both have their say, the client's first.
        """
        own = [plugin for plugin in self.plugins if _keeps_beside(plugin, plugins)]
        ordered: list[tuple[int, Middleware]] = [(plugin.stage, plugin) for plugin in (*own, *plugins)]
        if self.authentication is not None:
            ordered.append((Stage.AUTHENTICATE, _unless_anonymous(self.authentication)))
        return compose([middleware for _, middleware in sorted(ordered, key=lambda pair: pair[0])], last)

    @property
    def wire(self) -> Wire:
        """How this client connects."""
        return Wire(self.verify, self.proxy, self.max_connections, self.addresses)

    def as_guest(self) -> Next:
        """The chain for use within another client's flow: with this client's own wire and time-outs.

        So a sign-in can go over a client of its own (`SignInRequest.client`).
        """
        return self.chain(last=self._over_own_wire)

    def _over_own_wire(self, request: Request) -> Flow[Response]:
        timeouts = request.timeouts or self.timeouts
        return (yield from transmit(replace(request, wire=self.wire, timeouts=timeouts)))


def _keeps_beside(plugin: Plugin, others: Sequence[Plugin]) -> bool:
    return getattr(plugin, "adds", False) or not any(type(other) is type(plugin) for other in others)


def _unless_anonymous(authentication: Middleware) -> Middleware:
    return lambda request, next: next(request) if request.anonymous else authentication(request, next)


class _Client:
    """What both clients share: the chain and the settings of the wire."""

    def __init__(self, config: HttpConfig) -> None:
        self.config = config
        self.handle: Next = config.chain()
        self._standard_headers = (("User-Agent", config.user_agent), ("Accept-Encoding", "gzip, deflate"))

    def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        content: bytes,
        json: Any,
        plugins: Sequence[Plugin],
    ) -> Flow[Response]:
        all_headers = dict(headers or {})
        if json is not None:
            content = orjson.dumps(json)
            all_headers.setdefault("Content-Type", "application/json")
        return self.handle_with(plugins)(Request(method.upper(), url, all_headers, content))

    def handle_with(self, plugins: Sequence[Plugin]) -> Next:
        return self.config.chain(plugins) if plugins else self.handle

    def _options(self, wire: Wire) -> dict[str, Any]:
        return {
            "verify": _tls(wire),
            "proxy": _checked_proxy(wire.proxy),
            "limits": _limits(wire),
            "headers": {"User-Agent": self.config.user_agent},
            "cookies": cookieless(),
            # With an environment's proxy no address could be judged.
            "trust_env": wire.addresses is None,
        }

    def _must_judge(self, request: Request) -> bool:
        """Whether a proxy connects for us: then the address is judged before, as well as it can be."""
        wire = request.wire or self.config
        return wire.proxy is not None and wire.addresses is not None

    def _judge(self, request: Request) -> None:
        policy = (request.wire or self.config).addresses
        if policy is not None:
            policy.check_url(request.url)

    def _prepared(self, request: Request) -> httpx2.Request:
        return wire_request(request, self.config.timeouts, self._standard_headers)

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
        self._lock = threading.Lock()
        self._own = self._connect(self.config.wire, transport)
        self._others: dict[Wire, httpx2.Client | GuardedPool] = {}

    def _connect(
        self, wire: Wire, transport: httpx2.BaseTransport | None = None
    ) -> httpx2.Client | GuardedPool:
        if transport is None and wire.addresses is not None and wire.proxy is None:
            return GuardedPool(wire.addresses, _tls(wire), _limits(wire))
        return httpx2.Client(transport=transport, **self._options(wire))

    def send(self, request: Request, plugins: Sequence[Plugin] = ()) -> Response:
        """Send through plugins and authentication. Raises HttpError when no whole answer came."""
        return self.run(self.handle_with(plugins)(request))

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        json: Any = None,
        plugins: Sequence[Plugin] = (),
    ) -> Response:
        """Build a request and send it; `json` is encoded and named as such, `plugins` are for it alone."""
        return self.run(self.exchange(method, url, headers, content, json, plugins))

    def run[T](self, flow: Flow[T]) -> T:
        """Drive a flow over this client's wire."""
        return run(flow, self._transmit, self._sleep)

    def _transmit(self, request: Request) -> Response:
        wire = self._wire_of(request)
        reader = self._reader(request)
        try:
            answer = self._begin(request, wire)
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

    def _begin(self, request: Request, wire: httpx2.Client | GuardedPool) -> httpx2.Response | Answer:
        if isinstance(wire, GuardedPool):
            return wire.send(pool_request(request, self.config.timeouts, self._standard_headers))
        return wire.send(self._prepared(request), stream=True, auth=None)

    def _wire_of(self, request: Request) -> httpx2.Client | GuardedPool:
        if self._must_judge(request):
            self._judge(request)
        if request.wire is None:
            return self._own
        with self._lock:
            if request.wire not in self._others:
                self._others[request.wire] = self._connect(request.wire)
            return self._others[request.wire]

    def close(self) -> None:
        for wire in (self._own, *self._others.values()):
            wire.close()

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
        self._own = self._connect(self.config.wire, transport)
        self._others: dict[Wire, httpx2.AsyncClient] = {}

    def _connect(self, wire: Wire, transport: httpx2.AsyncBaseTransport | None = None) -> httpx2.AsyncClient:
        if transport is None and wire.addresses is not None and wire.proxy is None:
            transport = AsyncGuardedTransport(wire.addresses, _tls(wire), _limits(wire))
        return httpx2.AsyncClient(transport=transport, **self._options(wire))

    async def send(self, request: Request, plugins: Sequence[Plugin] = ()) -> Response:
        """Send through plugins and authentication. Raises HttpError when no whole answer came."""
        return await self.run(self.handle_with(plugins)(request))

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        json: Any = None,
        plugins: Sequence[Plugin] = (),
    ) -> Response:
        """Build a request and send it; `json` is encoded and named as such, `plugins` are for it alone."""
        return await self.run(self.exchange(method, url, headers, content, json, plugins))

    async def run[T](self, flow: Flow[T]) -> T:
        """Drive a flow over this client's wire."""
        return await arun(flow, self._transmit, self._sleep)

    async def _transmit(self, request: Request) -> Response:
        wire_form = self._prepared(request)
        reader = self._reader(request)
        try:
            answer = await (await self._wire_of(request)).send(wire_form, stream=True, auth=None)
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

    async def _wire_of(self, request: Request) -> httpx2.AsyncClient:
        if self._must_judge(request):
            await asyncio.to_thread(self._judge, request)
        if request.wire is None:
            return self._own
        if request.wire not in self._others:
            self._others[request.wire] = self._connect(request.wire)
        return self._others[request.wire]

    async def close(self) -> None:
        for wire in (self._own, *self._others.values()):
            await wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _tls(wire: Wire) -> ssl.SSLContext:
    return wire.verify if isinstance(wire.verify, ssl.SSLContext) else tls_context(wire.verify)


def _limits(wire: Wire) -> httpx2.Limits:
    return httpx2.Limits(max_connections=wire.max_connections, max_keepalive_connections=wire.max_connections)


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
