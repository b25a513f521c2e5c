"""A stored client, ready to be used.

Clients are shared: all threads of a process use one with its connections, for as long as its settings, and those of
what it signs in over, stay as they are.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mageferry.http import HttpClient, TokenVault
from mageferry.http.config import ConfigError, Problem, Stores
from mageferry.http.plugins.log import Exchange, LogFormat
from mageferry.http.plugins.rate_limit import MemoryLimits
from mageferry.http.sharing import SharedClients
from mageferry.hub.pipelines.descriptions import Described, describe_client
from mageferry.hub.pipelines.journal import record_exchange
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.pipelines.vault import HttpTokenVault
from mageferry.hub.security.outbound import address_policy

_shared: SharedClients[Any, tuple[HttpClient, Described]] = SharedClients(lambda held: held[0].close())
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
    with _shared.using(record.pk, _settings_of(described), lambda: (_connect(described), described)) as held:
        yield held


def close_clients() -> None:
    """Close the clients that nobody uses: at the end of the process, and between tests."""
    _shared.close()


atexit.register(close_clients)


def _settings_of(described: Described) -> tuple[Any, ...]:
    """What a client is made of; another value means another client."""
    setup = described.setup
    values = (described.revisions, described.client_pks, described.values_digest)
    return (setup.clients, setup.authentications, *values)


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
