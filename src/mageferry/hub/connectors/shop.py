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
from typing import Any

from mageferry.http import Plugin, Secret, Timeouts
from mageferry.http.plugins.headers import HeaderSet
from mageferry.hub.connectors.custom_shop import headers_of
from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.connectors.outages import shop_is_down
from mageferry.hub.connectors.pace import Pace
from mageferry.hub.connectors.sign_in import SIGN_IN_FIELDS, authentication_of, remember_path_rule
from mageferry.hub.security.outbound import address_policy, environment_proxy
from mageferry.hub.work.gates import close_gates, gate_of
from mageferry.hub.work.limits import Policy, set_policy
from mageferry.magento import Authentication, Magento


@dataclass(frozen=True, slots=True)
class _Settings:
    """What a client is made of; another value means another client."""

    endpoint: str
    sign_in: tuple[str | Secret, ...]
    verify_tls: bool
    timeout_seconds: int
    connector_key: str
    policy: Policy
    operations: dict[str, Any]
    headers: dict[str, str | Secret]


@dataclass(slots=True)
class _Shared:
    settings: _Settings
    authentication: Authentication
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
            authentication = authentication_of(connector)
            _retire(held)
            held = _shared[connector.pk] = _Shared(
                settings, authentication, _connect(settings, authentication)
            )
        held.users += 1
    try:
        yield held.shop
    finally:
        remember_path_rule(connector, held.authentication)
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
    return _Settings(
        connector.endpoint,
        tuple(getattr(connector, name) for name in SIGN_IN_FIELDS),
        connector.verify_tls,
        connector.timeout_seconds,
        connector.key,
        Policy(connector.concurrency, connector.requests_per_interval, connector.interval_seconds),
        connector.operations,
        headers_of(connector),
    )


def _connect(settings: _Settings, authentication: Authentication) -> Magento:
    set_policy(settings.connector_key, settings.policy)
    plugins: list[Plugin] = [Pace(gate_of(settings.connector_key), shop_is_down)]
    if settings.headers:
        plugins.append(HeaderSet(settings.headers))
    return Magento(
        settings.endpoint,
        authentication,
        verify=settings.verify_tls,
        timeouts=Timeouts(read_seconds=settings.timeout_seconds),
        plugins=plugins,
        operations=settings.operations,
        addresses=address_policy(),
        proxy=environment_proxy(settings.endpoint),
    )
