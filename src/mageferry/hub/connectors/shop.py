"""A connector's shop, ready to be called: endpoint, sign-in, time-outs, all from its row.

Clients are shared: all threads of a process that work for a connector use one client with its connections and its
sign-in, for as long as the connector's settings stay as they are.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mageferry.http import Plugin, Secret, Timeouts
from mageferry.http.plugins.headers import HeaderSet
from mageferry.http.sharing import SharedClients
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


@dataclass(frozen=True, slots=True)
class _Connection:
    authentication: Authentication
    shop: Magento


_shared: SharedClients[_Settings, _Connection] = SharedClients(lambda held: held.shop.close())


@contextmanager
def open_shop(connector: Magento2Connector) -> Iterator[Magento]:
    """The client for the connector's shop, shared with other threads of this process.

    Raises ConfigurationError when the row lacks what its authentication needs.
    """
    settings = _settings_of(connector)
    with _shared.using(connector.pk, settings, lambda: _connect(settings, connector)) as held:
        try:
            yield held.shop
        finally:
            remember_path_rule(connector, held.authentication)


def close_shops() -> None:
    """Close the clients that nobody uses: at the end of the process, and between tests."""
    _shared.close()
    close_gates()


atexit.register(close_shops)


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


def _connect(settings: _Settings, connector: Magento2Connector) -> _Connection:
    authentication = authentication_of(connector)
    set_policy(settings.connector_key, settings.policy)
    plugins: list[Plugin] = [Pace(gate_of(settings.connector_key), shop_is_down)]
    if settings.headers:
        plugins.append(HeaderSet(settings.headers))
    shop = Magento(
        settings.endpoint,
        authentication,
        verify=settings.verify_tls,
        timeouts=Timeouts(read_seconds=settings.timeout_seconds),
        plugins=plugins,
        operations=settings.operations,
        addresses=address_policy(),
        proxy=environment_proxy(settings.endpoint),
    )
    return _Connection(authentication, shop)
