"""A stored client, ready to be used.

Clients are shared: all threads of a process use one with its connections, for as long as its settings, and those of
what it signs in over, stay as they are.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mageferry.http import HttpClient, TokenVault
from mageferry.http.config import ConfigError, Problem, Stores
from mageferry.http.plugins.log import Exchange, LogFormat
from mageferry.http.plugins.rate_limit import MemoryLimits
from mageferry.hub.pipelines.descriptions import Described, describe_client
from mageferry.hub.pipelines.journal import record_exchange
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.pipelines.vault import HttpTokenVault
from mageferry.hub.security.outbound import address_policy


@dataclass(slots=True)
class _Shared:
    described: Described
    http: HttpClient
    users: int = 0
    retired: bool = False


_shared: dict[int, _Shared] = {}
_lock = threading.Lock()
# Outlives changes of a client, so that nobody gets round a limit by saving it.
_limits = MemoryLimits()


@contextmanager
def open_client(record: HttpClientRecord) -> Iterator[HttpClient]:
    """The client of a record, shared with other threads of this process.

    Raises ConfigError with what is wrong with it, also when it is switched off.
    """
    if not record.enabled:
        raise ConfigError([Problem("enabled", f"The client {record.name} is switched off")])
    with opened(record) as (http, _):
        yield http


@contextmanager
def opened(record: HttpClientRecord) -> Iterator[tuple[HttpClient, Described]]:
    """The same with its description, and also when it is switched off: for trying it. Raises ConfigError."""
    described = describe_client(record)
    with _lock:
        held = _shared.get(record.pk)
        if held is None or not _same(held.described, described):
            http = _connect(described)
            _retire(held)
            held = _shared[record.pk] = _Shared(described, http)
        held.users += 1
    try:
        yield held.http, held.described
    finally:
        with _lock:
            held.users -= 1
            if held.retired and not held.users:
                held.http.close()


def close_clients() -> None:
    """Close the clients that nobody uses: at the end of the process, and between tests."""
    with _lock:
        for held in _shared.values():
            _retire(held)
        _shared.clear()


atexit.register(close_clients)


def _retire(held: _Shared | None) -> None:
    if held is not None:
        held.retired = True
        if not held.users:
            held.http.close()


def _same(one: Described, other: Described) -> bool:
    return (
        one.setup.clients,
        one.setup.authentications,
        one.revisions,
        one.client_pks,
        one.values_digest,
    ) == (
        other.setup.clients,
        other.setup.authentications,
        other.revisions,
        other.client_pks,
        other.values_digest,
    )


def stores_of(described: Described) -> Stores:
    """Where a client's tokens, limits and requests go."""

    def vault(owner: str) -> TokenVault:
        return HttpTokenVault(owner, described.revisions.get(owner.partition("@")[0], ""))

    def on_exchange(name: str, exchange: Exchange, style: LogFormat) -> None:
        record_exchange(described.client_pks[name], exchange, style, described.masked)

    return Stores(vault=vault, limits=_limits, on_exchange=on_exchange)


def _connect(described: Described) -> HttpClient:
    config = described.setup.client(described.code, described.scope, stores_of(described), address_policy())
    return HttpClient(config)
