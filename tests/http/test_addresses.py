"""Which addresses may be asked, over real sockets and with names that resolve to what they should not."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from mageferry.http import (
    AddressRefused,
    AsyncHttpClient,
    HostUnknown,
    HttpClient,
    HttpConfig,
    Response,
    Secret,
    Unreachable,
)
from mageferry.http.addresses import AddressPolicy
from tests.http.local_server import LocalServer, Say, serving

STRICT = AddressPolicy()


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with serving(lambda _: Say(200, "inside")) as local:
        yield local


def ask(url: str, is_async: bool, policy: AddressPolicy, **options: Any) -> Response:
    config = HttpConfig(addresses=policy, **options)

    async def asking() -> Response:
        async with AsyncHttpClient(config) as client:
            return await client.request("GET", url)

    if is_async:
        return asyncio.run(asking())
    with HttpClient(config) as client:
        return client.request("GET", url)


both = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1"),
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert STRICT.judge(address) is not None


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_admitted(address: str) -> None:
    assert STRICT.judge(address) is None


@both
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_no_spelling_of_this_machine_is_reached(server: LocalServer, host: str, is_async: bool) -> None:
    port = server.url.rpartition(":")[2]
    with pytest.raises((AddressRefused, HostUnknown)):
        ask(f"http://{host}:{port}/", is_async, STRICT)
    assert server.seen == []


@both
def test_what_is_allowed_is_reached(server: LocalServer, is_async: bool) -> None:
    for policy in (
        AddressPolicy(allow_private=True),
        AddressPolicy(networks=("127.0.0.0/8",)),
        AddressPolicy(hosts=("127.0.0.1",)),
    ):
        assert ask(server.url, is_async, policy).json() == "inside"


@both
def test_a_name_is_resolved_once_and_connected_to_what_was_judged(
    server: LocalServer, is_async: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, asked = int(server.url.rpartition(":")[2]), []
    real = socket.getaddrinfo

    def rebinding(host: Any, *args: Any, **options: Any) -> Any:
        if host in ("shop.example", b"shop.example"):
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return real(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    policy = AddressPolicy(networks=("127.0.0.1/32",))
    assert ask(f"http://shop.example:{port}/", is_async, policy).json() == "inside"
    assert len(asked) == 1
    assert server.seen[0].headers["host"] == f"shop.example:{port}"
    with pytest.raises(AddressRefused, match=r"shop\.example leads to this machine itself"):
        ask(f"http://shop.example:{port}/", is_async, policy)


def test_one_bad_address_among_good_ones_is_enough() -> None:
    with pytest.raises(AddressRefused):
        STRICT.admitted("shop.example", ["8.8.8.8", "10.0.0.1"])


@both
def test_a_proxy_is_not_asked_for_what_may_not_be_reached(server: LocalServer, is_async: bool) -> None:
    with pytest.raises(AddressRefused):
        ask("http://169.254.169.254/latest/meta-data", is_async, STRICT, proxy=Secret(server.url))
    assert server.seen == []


@both
def test_certificates_are_still_checked_against_the_name(
    is_async: bool, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    authority = trustme.CA()
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    with serving(lambda _: Say(204), certificate=authority.issue_cert("localhost")) as server:
        port = server.url.rpartition(":")[2]
        policy = AddressPolicy(networks=("127.0.0.0/8", "::1/128"))
        assert ask(f"https://localhost:{port}/", is_async, policy, verify=str(path)).status == 204
        with pytest.raises(Exception, match="secure connection"):
            ask(f"https://127.0.0.1:{port}/", is_async, policy, verify=str(path))


@both
def test_failures_are_told_apart_as_without_a_policy(is_async: bool) -> None:
    with pytest.raises(HostUnknown):
        ask("http://no-such-host.invalid/", is_async, STRICT)
    with pytest.raises(Unreachable):
        ask("http://127.0.0.1:1/", is_async, AddressPolicy(allow_private=True))


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        AddressPolicy(networks=("ten",))
