"""Trying a client: one request for real, and all that can be told of it with its secrets masked."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mageferry.http import HttpError
from mageferry.http.config import ConfigError
from mageferry.http.encoding import with_query
from mageferry.http.message import Request
from mageferry.http.plugins.log import Exchange
from mageferry.hub.pipelines.clients import opened
from mageferry.hub.pipelines.descriptions import explain
from mageferry.hub.pipelines.journal import storable, watching
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.pipelines.shown import Shown, shown_exchange
from mageferry.hub.pipelines.vault import tokens_of
from mageferry.magento import MagentoError

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Call:
    """What to send. `path` stands behind the client's base URI, unless it is complete."""

    method: str = "GET"
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token that is kept for the client's authentication; never the token itself."""

    owner: str
    obtained_at: dt.datetime
    expires_at: dt.datetime | None
    refreshes: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call: everything that was sent, in order, or an error in words."""

    sent: list[Shown]
    error: str
    remedy: str
    elapsed_ms: int
    tokens: list[StoredToken]

    @property
    def last(self) -> Shown | None:
        return self.sent[-1] if self.sent else None


def send_call(record: HttpClientRecord, call: Call) -> Outcome:
    """Send a request through a client, also through one that is switched off. What goes wrong is in the outcome."""
    seen: list[Exchange] = []
    mask: Callable[[str], str] = str
    error = remedy = ""
    began = time.monotonic()
    try:
        with opened(record) as (http, described), watching(seen):
            mask = described.masked
            http.send(_request(call))
    except ConfigError as problem:
        error = " ".join(explain(each, record) for each in problem.problems)
        remedy = "Correct the client, then try again."
    except (HttpError, MagentoError) as failure:
        error, remedy = failure.message, failure.remedy
    elapsed_ms = round((time.monotonic() - began) * 1000)
    sent = [shown_exchange(exchange, mask) for exchange in seen]
    return Outcome(sent, storable(mask(error)), remedy, elapsed_ms, stored_tokens(record))


def stored_tokens(record: HttpClientRecord) -> list[StoredToken]:
    """What is kept for the client's authentication."""
    owner = record.authentication.owner if record.authentication is not None else record.owner
    return [
        StoredToken(row.owner, row.obtained_at, row.expires_at, bool(row.refresh)) for row in tokens_of(owner)
    ]


def _request(call: Call) -> Request:
    url = with_query(call.path, list(call.query.items()))
    return Request(call.method.upper(), url, dict(call.headers), call.body.encode())
