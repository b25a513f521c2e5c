"""The plugin between a connector's requests and its shop: the limits held in the database, metrics, traces."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from mageferry.http import HttpError, NotSent, Request, Response
from mageferry.http.errors import ConnectionLost, HostUnknown, ProxyRefused, TimedOut, TlsFailed, Unreachable
from mageferry.http.flow import Flow, Next, Stage, exclusively
from mageferry.http.plugins.retry import retry_after_seconds
from mageferry.hub.work import metrics, tracing
from mageferry.hub.work.gates import Gate, GateClosed
from mageferry.hub.work.limits import Complaint
from mageferry.hub.work.outages import Health

_BUSY_STATUSES = (429, 503)
_GATEWAY_STATUSES = (502, 503, 504)
_SILENT = (Unreachable, HostUnknown, TlsFailed, ProxyRefused, TimedOut, ConnectionLost)
_BUSY_TEXTS = (b"Deadlock found", b"Lock wait timeout exceeded")


@dataclass(frozen=True, slots=True)
class Pace:
    """Lets a request through the connector's gate and tells the gate how the shop took it.

    `down` is told the connector's key and the reason when the shop hasn't answered for a while.
    """

    gate: Gate
    down: Callable[[str, str], None]
    health: Health = field(default_factory=Health)
    stage: ClassVar[Stage] = Stage.PACE

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        return (yield from exclusively(self._slot, lambda: self._observed(request, next)))

    @contextmanager
    def _slot(self) -> Iterator[None]:
        try:
            with self.gate.slot():
                yield
        except GateClosed as closed:
            raise NotSent(
                str(closed),
                remedy="It is tried again by itself. If it stays, raise the connector's limits or wait for the shop.",
            ) from None

    def _observed(self, request: Request, next: Next) -> Flow[Response]:
        key, began = self.gate.connector_key, time.monotonic()
        with tracing.span(f"request {request.method}", request=request.line, connector=key):
            try:
                response = yield from next(request)
            except HttpError as error:
                metrics.requests.labels(key, type(error).__name__).inc()
                if isinstance(error, _SILENT) and self.health.failed():
                    self.down(key, error.message)
                raise
        metrics.requests.labels(key, str(response.status)).inc()
        metrics.request_seconds.labels(key).observe(time.monotonic() - began)
        if response.status not in _GATEWAY_STATUSES:
            self.health.answered()
        elif self.health.failed():
            self.down(key, f"it answers {response.status}")
        complaint = complaint_of(response)
        if complaint is None:
            self.gate.succeeded()
        else:
            self.gate.complained(complaint)
        return response


def complaint_of(response: Response) -> Complaint | None:
    """What an answer says about being too much: 429, 503, or MariaDB's dead-lock and lock time-out texts."""
    if response.status in _BUSY_STATUSES:
        return Complaint(f"answered {response.status}", retry_after_seconds(response) or 0.0)
    if response.status >= 400 and any(text in response.content for text in _BUSY_TEXTS):
        return Complaint("dead-lock in the shop's database")
    return None
