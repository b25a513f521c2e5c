"""Which addresses the hub connects to for its users."""

import pytest

from mageferry.http import AddressRefused, Secret
from mageferry.hub.configuration import Configuration
from mageferry.hub.security.outbound import address_policy, environment_proxy


@pytest.mark.parametrize(
    ("configured", "allowed", "refused"),
    [
        ({}, ["127.0.0.1", "::1", "93.184.216.34"], ["10.0.0.1", "169.254.169.254", "192.168.1.1"]),
        ({"https": True}, ["93.184.216.34"], ["127.0.0.1", "::1", "10.0.0.1"]),
        (
            {"outbound_networks": "10.20.0.0/16, 127.0.0.0/8"},
            ["10.20.3.4", "127.0.0.1"],
            ["10.21.0.1", "::1"],
        ),
        ({"outbound_networks": "none"}, ["93.184.216.34"], ["127.0.0.1"]),
        ({"outbound_networks": "any"}, ["127.0.0.1", "10.0.0.1", "169.254.169.254"], []),
    ],
)
def test_networks_beyond_the_public_ones_are_allowed_by_setting(
    configured: dict[str, object], allowed: list[str], refused: list[str]
):
    policy = address_policy(Configuration.model_validate(configured))
    for address in allowed:
        policy.check("erp.example", address)
    for address in refused:
        with pytest.raises(AddressRefused, match=r"erp\.example leads to"):
            policy.check("erp.example", address)


def test_a_host_may_be_allowed_wherever_it_leads():
    policy = address_policy(Configuration.model_validate({"https": True, "outbound_hosts": "erp.internal"}))
    policy.check("erp.internal", "10.0.0.1")
    with pytest.raises(AddressRefused):
        policy.check("other.internal", "10.0.0.1")


def test_a_network_that_is_none_is_refused_in_words():
    with pytest.raises(ValueError, match=r"write networks as 10\.20\.0\.0/16"):
        Configuration.model_validate({"outbound_networks": "intranet"})


def test_a_shop_is_asked_over_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert environment_proxy("https://shop.example") is None
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    assert environment_proxy("https://shop.example") == Secret("http://proxy.example:3128")
    assert environment_proxy("https://inside.example") is None
    assert environment_proxy("http://shop.example") is None
