"""Where the hub connects to: the addresses that users' connections may lead to, and the way there."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from mageferry.http.addresses import AddressPolicy
from mageferry.http.redaction import Secret
from mageferry.hub.configuration import Configuration, configuration

_THIS_MACHINE: Final = ("127.0.0.0/8", "::1/128")


def address_policy(chosen: Configuration | None = None) -> AddressPolicy:
    """Which addresses shops and HTTP clients may be at (MAGEFERRY_OUTBOUND_NETWORKS, ..._HOSTS).

    A hub that isn't served over HTTPS is one that a person runs for themselves: there the machine itself may be
    asked, such as a sandbox shop.
    """
    chosen = chosen or configuration()
    networks = chosen.outbound_networks
    if networks is None:
        networks = () if chosen.https else _THIS_MACHINE
    return AddressPolicy(
        allow_private="any" in networks,
        networks=tuple(text for text in networks if text not in ("any", "none")),
        hosts=chosen.outbound_hosts,
    )


def environment_proxy(url: str) -> Secret | None:
    """The proxy that the environment names for an address (HTTPS_PROXY, NO_PROXY); None for a direct way."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = getproxies_environment().get(parts.scheme)
    if not proxy or proxy_bypass(host):
        return None
    return Secret(proxy if "://" in proxy else f"http://{proxy}")
