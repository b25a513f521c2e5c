from typing import Any

import pytest

from mageferry.http import HttpClient
from mageferry.http.config import Catalogue, ConfigError, Setup
from mageferry.magento.config import MAGENTO_AUTHENTICATIONS
from mageferry.sandbox import Sandbox
from tests.http.local_server import serving
from tests.magento.oauth_shop import KEYS, OAuthShop

CATALOGUE = Catalogue().plus(*MAGENTO_AUTHENTICATIONS)
INTEGRATION = dict(
    zip(("consumer_key", "consumer_secret", "access_token", "access_token_secret"), KEYS, strict=True),
    type="magento_integration",
)


def client(url: str, authentication: dict[str, Any]) -> HttpClient:
    plugins = [{"type": "base_uri", "uri": f"{url}/rest"}]
    description = {"clients": {"shop": {"plugins": plugins, "authentication": authentication}}}
    return HttpClient(Setup.parse(description, CATALOGUE).client("shop"))


def test_a_described_client_signs_in_as_an_integration() -> None:
    with serving(OAuthShop()) as server, client(server.url, INTEGRATION) as http:
        assert http.request("GET", "/V1/orders?searchCriteria[pageSize]=1").json() == {"ok": 1}


def test_a_described_client_signs_in_as_an_admin_user() -> None:
    with Sandbox("storefront", password="Pa55word1") as shop:
        authentication = {"type": "magento_admin_token", "username": "admin", "password": "Pa55word1"}
        with client(shop.url, authentication) as http:
            assert http.request("GET", "/V1/store/storeViews").status == 200


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"consumer_secret": "two words"}, "consumer secret cannot be used"),
        ({"endpoint": "nowhere"}, "endpoint cannot be used"),
    ],
)
def test_what_does_not_fit_is_told_with_its_field(change: dict[str, str], text: str) -> None:
    with pytest.raises(ConfigError, match=rf"clients\.shop\.authentication: .*{text}"):
        client("https://shop.example", {**INTEGRATION, **change})


def test_a_totp_secret_that_is_none_is_told() -> None:
    authentication = {
        "type": "magento_admin_token",
        "username": "a",
        "password": "b",
        "totp_secret": "CANARY1",
    }
    with pytest.raises(ConfigError, match="authenticator app") as caught:
        client("https://shop.example", authentication)
    assert "CANARY1" not in str(caught.value)
