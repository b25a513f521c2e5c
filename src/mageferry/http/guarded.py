"""Transports that connect only to addresses which a policy admits.

httpx2's own transports resolve names deep within; these stand on the same connection pools (httpcore2) and give
them a backend that resolves, judges and then connects to the very address it has judged. TLS still checks the
certificate against the host's name.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2

from mageferry.http.addresses import AddressPolicy, resolve


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception | None = None
        for address in self._policy.admitted(host, resolve(host, port)):
            try:
                return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("no address to connect to")


class _AsyncBackend(httpcore2.AsyncNetworkBackend):
    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception | None = None
        found = await asyncio.get_running_loop().run_in_executor(None, resolve, host, port)
        for address in self._policy.admitted(host, found):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("no address to connect to")


class GuardedPool:
    """For the blocking client, in place of an `httpx2.Client`: what that one adds (redirects, cookies, sign-in) plugins
    do here, and it takes half of the time of a small request. It has no proxy: whoever uses one judges the address
    before (`check_url`)."""

    def __init__(self, policy: AddressPolicy, verify: ssl.SSLContext, limits: httpx2.Limits) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=verify,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Backend(policy),
        )

    def send(self, request: httpcore2.Request) -> Answer:
        """Send a request; its answer has to be closed. Raises what httpx2 raises."""
        with _translated():
            return Answer(self._pool.handle_request(request))

    def close(self) -> None:
        self._pool.close()


class Answer:
    """An answer whose body is still to come."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer
        self.status_code = answer.status
        self.headers = httpx2.Headers(answer.headers)

    def iter_bytes(self) -> Iterator[bytes]:
        """The body as it comes, decompressed."""
        if "content-encoding" in self.headers:
            body = httpx2.Response(self.status_code, headers=self.headers, stream=_Body(self._answer))
            yield from body.iter_bytes()
            return
        with _translated():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class AsyncGuardedTransport(httpx2.AsyncBaseTransport):
    """For the asynchronous client."""

    def __init__(self, policy: AddressPolicy, verify: ssl.SSLContext, limits: httpx2.Limits) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=verify,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_AsyncBackend(policy),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        with _translated():
            answer = await self._pool.handle_async_request(_pool_request(request))
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=_AsyncBody(answer), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


def _pool_request(request: httpx2.Request) -> httpcore2.Request:
    url = request.url
    target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    return httpcore2.Request(
        method=request.method,
        url=target,
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _translated():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _AsyncBody(httpx2.AsyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        await self._answer.aclose()


@contextmanager
def _translated() -> Iterator[None]:
    """httpcore2's failures as httpx2's, which have the same names."""
    try:
        yield
    except Exception as error:
        kind: Any = getattr(httpx2, type(error).__name__, None)
        if type(error).__module__ != "httpcore2" or kind is None:
            raise
        raise kind(str(error)) from error
