"""Which addresses may be asked: keeps what users enter from reaching this machine and its own network.

A name is resolved once and the connection goes to the address that was judged, so a name that resolves
differently a moment later (DNS rebinding) gains nothing; redirects connect anew and are judged anew. Through a
proxy it is the proxy that resolves names: there the host is judged before, as far as it can be, and the proxy
has to be trusted.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from mageferry.http.errors import AddressRefused, HostUnknown

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Leads to the IPv4 address in its last 32 bits (RFC 6052).
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Public addresses only, but for what is allowed: whole networks (`10.1.0.0/16`), or host names.

    `allow_private` allows everything, for an installation whose users may reach its network anyway.
    """

    allow_private: bool = False
    networks: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for text in self.networks:
            ipaddress.ip_network(text)

    def check(self, host: str, address: str) -> None:
        """Raises AddressRefused when a connection for `host` must not go to `address`."""
        reason = None if self._allows_host(host) else self.judge(address)
        if reason is not None:
            raise AddressRefused(
                f"{host} leads to {reason}, which may not be asked from here",
                remedy="Write a public address, or have an administrator allow this host or network.",
            )

    def judge(self, address: str) -> str | None:
        """What kind of address that is if it may not be asked; None when it may."""
        parsed = ipaddress.ip_address(address.partition("%")[0])
        if self.allow_private or any(
            parsed in network for network in map(ipaddress.ip_network, self.networks)
        ):
            return None
        return next((reason for each in _behind(parsed) if (reason := _not_public(each)) is not None), None)

    def _allows_host(self, host: str) -> bool:
        return self.allow_private or host.lower().rstrip(".") in {name.lower() for name in self.hosts}

    def admitted(self, host: str, addresses: Iterable[str]) -> list[str]:
        """The addresses of a host, all of which must be allowed: one that is not shows what the name is for."""
        found = list(dict.fromkeys(addresses))
        for address in found:
            self.check(host, address)
        return found

    def check_url(self, url: str) -> None:
        """Judge the host of a URL by resolving it here: for a proxy, and before storing what a user entered.

        Raises AddressRefused and HostUnknown.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        self.admitted(host, resolve(host, parts.port or (443 if parts.scheme == "https" else 80)))


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host name, also of the odd spellings of numbers that systems take (`0x7f.1`)."""
    try:
        found: Sequence[tuple[object, ...]] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise unknown(host) from error
    return [str(entry[4][0]) for entry in found if isinstance(entry[4], tuple)]


def unknown(host: str) -> HostUnknown:
    """The error of a name that does not resolve."""
    return HostUnknown(
        f"The host name is not known: {host}",
        remedy="Check the host name, and that this machine can resolve names.",
    )


def _behind(address: Address) -> list[Address]:
    """The address, and the IPv4 ones that it stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    tunnelled = [address.sixtofour, *(address.teredo or ())]
    return [address, *(inner for inner in tunnelled if inner is not None)]


def _not_public(address: Address) -> str | None:
    kinds = (
        (address.is_loopback, "this machine itself"),
        (address.is_link_local, "a link-local address"),
        (address.is_unspecified, "this machine itself"),
        (address.is_multicast, "a multicast address"),
        (address.is_private, "a private network"),
        (address.is_reserved, "a reserved address"),
        (not address.is_global, "an address that is not public"),
    )
    return next((name for applies, name in kinds if applies), None)
