"""An integration is activated in the shop: its keys come to the hub, which signs with them from then on."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from mageferry.hub.connectors.models import (
    ActivationStatus,
    Authentication,
    Magento2Activation,
    Magento2Connector,
)
from mageferry.hub.connectors.readiness import check_connector
from mageferry.hub.connectors.shop import close_shops, open_shop
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.magento import SearchCriteria
from mageferry.magento.diagnosis import Level
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_connector

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "Mageferry"


@pytest.fixture
def connector(storefront: Sandbox) -> Iterator[Magento2Connector]:
    storefront.control.integrations.add(NAME)
    yield make_connector(storefront.url, authentication=Authentication.OAUTH, username="", password="")
    close_shops()


def callback_of(connector: Magento2Connector, hub: LiveServer) -> str:
    return f"{hub.url}/magento/{connector.callback_key}/callback"


def activate(shop: Sandbox, connector: Magento2Connector, hub: LiveServer) -> None:
    """A click on Activate in the shop, and the hub's worker."""
    shop.control.integrations.activate(NAME, callback_of(connector, hub))
    drain(["exchange_keys"])


def test_activation_brings_the_keys_and_the_connector_works(
    storefront: Sandbox, connector: Magento2Connector, live_server: LiveServer, admin_client: Client
):
    activate(storefront, connector, live_server)
    row = Magento2Activation.objects.get()
    assert row.status == ActivationStatus.EXCHANGED, row.error
    assert not row.consumer_secret
    assert not row.verifier
    connector.refresh_from_db()
    with open_shop(connector) as shop:
        assert shop.orders.search(SearchCriteria().page_size(1))
    assert not [finding for finding in check_connector(connector) if finding.level is Level.FAIL]
    page = admin_client.get(f"/magento/{connector.callback_key}/identity").content.decode()
    assert "The integration is active" in page


def test_reauthorising_replaces_the_keys_and_the_old_ones_hold_until_then(
    storefront: Sandbox, connector: Magento2Connector, live_server: LiveServer
):
    activate(storefront, connector, live_server)
    connector.refresh_from_db()
    before = connector.access_token
    storefront.control.integrations.reauthorize(NAME, callback_of(connector, live_server))
    drain(["exchange_keys"])
    connector.refresh_from_db()
    assert connector.access_token != before
    with open_shop(connector) as shop:
        assert shop.store_views()


def test_an_activation_that_came_too_long_ago_is_explained(
    storefront: Sandbox, connector: Magento2Connector, live_server: LiveServer, admin_client: Client
):
    storefront.control.integrations.activate(NAME, callback_of(connector, live_server))
    Magento2Activation.objects.update(received_at="2026-01-01T00:00:00Z")
    drain(["exchange_keys"])
    row = Magento2Activation.objects.get()
    assert row.status == ActivationStatus.FAILED
    assert "too long ago" in row.error
    assert "Reauthorize" in row.remedy
    page = admin_client.get(f"/magento/{connector.callback_key}/identity").content.decode()
    assert "too long ago" in page


def test_a_replayed_activation_changes_nothing(
    storefront: Sandbox, connector: Magento2Connector, live_server: LiveServer, client: Client
):
    shop_keys = storefront.control.integrations
    url = callback_of(connector, live_server)
    verifier = shop_keys.activate(NAME, url)
    row = Magento2Activation.objects.get()
    form = {
        "oauth_consumer_key": row.consumer_key,
        "oauth_consumer_secret": row.consumer_secret.reveal(),
        "oauth_verifier": verifier,
        "store_base_url": f"{storefront.url}/",
    }
    drain(["exchange_keys"])
    connector.refresh_from_db()
    before = connector.access_token
    assert client.post(f"/magento/{connector.callback_key}/callback", form).status_code in (200, 400)
    drain(["exchange_keys"])
    connector.refresh_from_db()
    assert connector.access_token == before


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "no activation from Magento"),
        ({"oauth_consumer_key": "k"}, "oauth_consumer_secret"),
        (
            {
                "oauth_consumer_key": "k",
                "oauth_consumer_secret": "s",
                "oauth_verifier": "v",
                "store_base_url": "https://elsewhere.example/",
            },
            "The activation came from elsewhere.example",
        ),
    ],
)
def test_what_is_no_activation_is_refused(
    connector: Magento2Connector, client: Client, form: Any, words: str
):
    body = "&".join(f"{name}={value}" for name, value in form.items())
    answer = client.post(
        f"/magento/{connector.callback_key}/callback", body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 400
    assert words in answer.json()["message"]
    assert not Magento2Activation.objects.exists()


def test_nobody_guesses_a_callback_address(client: Client, connector: Magento2Connector):
    assert client.post("/magento/nonsense/callback", {}).status_code == 404
    assert client.get(f"/magento/{connector.callback_key}/identity").status_code == 302
    assert len(connector.callback_key) >= 40


def test_the_way_back_leads_to_the_shop_only(connector: Magento2Connector, admin_client: Client):
    Magento2Activation.objects.create(
        connector=connector,
        consumer_key="k",
        store_base_url="",
        status="exchanged",
        received_at="2026-11-01T00:00:00Z",
    )
    page = f"/magento/{connector.callback_key}/identity?success_call_back="
    assert "evil.example" not in admin_client.get(f"{page}https://evil.example/").content.decode()
    good = f"{connector.endpoint}/admin/integration"
    assert good in admin_client.get(page + good).content.decode()


def test_missing_keys_are_named(connector: Magento2Connector):
    (finding,) = check_connector(connector)
    assert "has no consumer key, consumer secret, access token, access token secret" in finding.text
    assert "Activate the integration" in finding.remedy


def test_two_workers_exchange_once(
    storefront: Sandbox, connector: Magento2Connector, live_server: LiveServer
):
    storefront.control.integrations.activate(NAME, callback_of(connector, live_server))
    threads = [threading.Thread(target=drain, args=(["exchange_keys"],)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert WorkUnit.objects.get(kind="exchange_keys").status == UnitStatus.FINISHED
