"""A connector's shop, ready to be called: endpoint, sign-in, time-outs, all from its row.

Clients are shared: all threads of a process that work for a connector use one client with its connections and its
sign-in, for as long as the connector's settings stay as they are.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mageferry.http import Secret, Timeouts
from mageferry.hub.connectors.models import Authentication, Magento2Connector
from mageferry.hub.connectors.pace import Pace
from mageferry.hub.connectors.vault import ConnectorVault
from mageferry.hub.work.gates import close_gates, gate_of
from mageferry.hub.work.limits import Policy, set_policy
from mageferry.magento import AdminToken, ConfigurationError, Magento


@dataclass(frozen=True, slots=True)
class _Settings:
    """What a client is made of; another value means another client."""

    connector_pk: int
    endpoint: str
    username: str
    password: Secret
    verify_tls: bool
    timeout_seconds: int
    connector_key: str
    policy: Policy


@dataclass(slots=True)
class _Shared:
    settings: _Settings
    shop: Magento
    users: int = 0
    retired: bool = False


_shared: dict[int, _Shared] = {}
_lock = threading.Lock()


@contextmanager
def open_shop(connector: Magento2Connector) -> Iterator[Magento]:
    """The client for the connector's shop, shared with other threads of this process.

    Raises ConfigurationError when the row lacks what its authentication needs.
    """
    settings = _settings_of(connector)
    with _lock:
        held = _shared.get(connector.pk)
        if held is None or held.settings != settings:
            _retire(held)
            held = _shared[connector.pk] = _Shared(settings, _connect(settings))
        held.users += 1
    try:
        yield held.shop
    finally:
        with _lock:
            held.users -= 1
            if held.retired and not held.users:
                held.shop.close()


def close_shops() -> None:
    """Close the clients that nobody uses: at the end of the process, and between tests."""
    with _lock:
        for held in _shared.values():
            _retire(held)
        _shared.clear()
    close_gates()


atexit.register(close_shops)


def _retire(held: _Shared | None) -> None:
    if held is not None:
        held.retired = True
        if not held.users:
            held.shop.close()


def _settings_of(connector: Magento2Connector) -> _Settings:
    if connector.authentication == Authentication.OAUTH:
        raise ConfigurationError(
            "OAuth Based isn't available in this version.",
            remedy="Choose Token Based with an admin user of the shop.",
        )
    if not connector.username or not connector.password:
        raise ConfigurationError(
            f"The connector {connector.name} has no username or no password.",
            remedy="Enter the admin user's name and password on the connector.",
        )
    return _Settings(
        connector.pk,
        connector.endpoint,
        connector.username,
        connector.password,
        connector.verify_tls,
        connector.timeout_seconds,
        connector.key,
        Policy(connector.concurrency, connector.requests_per_interval, connector.interval_seconds),
    )


def _connect(settings: _Settings) -> Magento:
    set_policy(settings.connector_key, settings.policy)
    return Magento(
        settings.endpoint,
        AdminToken(settings.username, settings.password, vault=ConnectorVault(settings.connector_pk)),
        verify=settings.verify_tls,
        timeouts=Timeouts(read_seconds=settings.timeout_seconds),
        plugins=[Pace(gate_of(settings.connector_key))],
    )
