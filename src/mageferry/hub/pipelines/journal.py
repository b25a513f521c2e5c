"""The log of requests: what clients sent and got back, masked, searchable, and kept for a while only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import structlog
from django.db import transaction
from django.utils import timezone

from mageferry.http.plugins.log import Exchange, LogFormat
from mageferry.hub.pipelines.models import HttpAuthorization, HttpClientRecord, HttpRequestRecord, HttpToken
from mageferry.hub.work.bulk import Row, Table
from mageferry.hub.work.connections import own_connection
from mageferry.hub.work.retention import prune_rows
from mageferry.hub.work.scheduler import chore

log = structlog.stdlib.get_logger(__name__)

# Of Full as well: a row is there to be read by a person.
LONGEST_CHARACTERS = 1_000_000
_LONGEST_URL = 4000
_watched: ContextVar[list[Exchange] | None] = ContextVar("watched requests", default=None)
_collected: ContextVar[list[Row] | None] = ContextVar("collected requests", default=None)
# Every request of every client passes here: a prepared statement takes a tenth of what a model instance does.
_ROWS = Table(
    HttpRequestRecord, "client", "sent_at", "method", "url", "status", "elapsed_ms", "error", "text"
)
AUTHORIZATION_MINUTES = 15


def record_exchange(client_pk: int, exchange: Exchange, style: LogFormat, mask: Callable[[str], str]) -> None:
    """Write one request of a client. `mask` takes out what is known to be secret, wherever it stands."""
    watched = _watched.get()
    if watched is not None:
        watched.append(exchange)
    text = cut(storable(mask(exchange.render(style))), LONGEST_CHARACTERS)
    row = (
        client_pk,
        exchange.sent_at,
        exchange.method[:20],
        storable(mask(exchange.url))[:_LONGEST_URL],
        exchange.status,
        max(0, round(exchange.elapsed_seconds * 1000)),
        storable(mask(exchange.error.message)) if exchange.error is not None else "",
        text,
    )
    collected = _collected.get()
    if collected is not None:
        collected.append(row)
        return
    # A savepoint: a row that can't be written must not take a transaction of the caller's with it.
    with own_connection(), transaction.atomic():
        _ROWS.insert_rows([row])


@contextmanager
def watching(seen: list[Exchange]) -> Iterator[None]:
    """Meanwhile every request of this thread goes to `seen` too, in order: sign-ins over other clients among them."""
    token = _watched.set(seen)
    try:
        yield
    finally:
        _watched.reset(token)


@contextmanager
def collecting() -> Iterator[list[Row]]:
    """Requests of this thread are collected instead of written: the caller writes them (`write_rows`) with the rest of
    what it commits."""
    rows: list[Row] = []
    token = _collected.set(rows)
    try:
        yield rows
    finally:
        _collected.reset(token)


def write_rows(rows: Sequence[Row]) -> None:
    """Write collected requests; in a transaction of the caller's."""
    _ROWS.insert_rows(rows)


def storable(text: str) -> str:
    """Text that every database takes: PostgreSQL has no NUL, and no half of a surrogate pair can be encoded."""
    return text.replace("\0", "␀").encode("utf-8", "replace").decode("utf-8")


def cut(text: str, longest: int) -> str:
    """So many characters of a text, and of a longer one how many it has."""
    return text if len(text) <= longest else f"{text[:longest]} ... ({len(text):,} characters)"


def prune_requests() -> int:
    """Remove the requests that are older, or more, than their clients keep; returns how many."""
    return sum(
        prune_rows(
            HttpRequestRecord.objects.filter(client=client), "sent_at",
            days=client.log_keep_days, most=client.log_keep_count,
        )
        for client in HttpClientRecord.objects.only("pk", "log_keep_days", "log_keep_count")
    )  # fmt: skip


def tidy() -> None:
    """Remove requests, begun authorizations and tokens that nobody needs any more."""
    removed = prune_requests()
    if removed:
        log.info("Old requests of HTTP clients were removed", rows=removed)
    begun_before = timezone.now() - dt.timedelta(minutes=AUTHORIZATION_MINUTES)
    HttpAuthorization.objects.filter(created_at__lt=begun_before).delete()
    # What a process with old settings stored after they had changed; tokens with a refresh token stay.
    long_ago = timezone.now() - dt.timedelta(days=90)
    HttpToken.objects.filter(refresh="", expires_at__lt=long_ago).delete()


chore("http-requests", 600, once_for_all=True)(tidy)
