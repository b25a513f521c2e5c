"""The connector's page: what a person can enter, what is shown, what is refused."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mageferry.hub.connectors.models import AccountMagento, Magento2Connector, Magento2Seller
from mageferry.hub.connectors.product_values import FULL_READ
from mageferry.hub.work.marks import mark_of, move_mark
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_connector, make_linked_row

CANARY = "canary-0815-secret"


BASE: dict[str, Any] = {
    "name": "Shop", "endpoint": "https://shop.example", "authentication": "token", "username": "admin",
    "password": CANARY,
    "verify_tls": "on", "timeout_seconds": "60", "page_size": "100", "concurrency": "4", "first_read_days": "90",
    "overlap_minutes": "15", "reading_statuses": '["processing"]', "status_map": '{"processing": "rfs"}',
    "exporting_statuses": '["rfs"]', "number_rule": "prefix", "invoice_rule": "paid", "exported_status": "processing",
    "payment_method": "checkmo", "shipping_method": "flatrate_flatrate", "shipping_method_map": "{}",
    "extension_attributes": "{}", "signature_method": "HMAC-SHA256", "requests_per_interval": "0",
    "interval_seconds": "60", "product_attributes": "[]", "full_products_days": "7",
    "courier_map": "{}", "late_track_days": "14",
    "sellers-TOTAL_FORMS": "0", "sellers-INITIAL_FORMS": "0",
    "number_template": "{account}-{order}", "operations": "{}", "extra_headers": "{}", "secret_headers": "",
    "export_status_map": "{}", "payment_method_map": "{}", "field_mappings-TOTAL_FORMS": "0",
    "field_mappings-INITIAL_FORMS": "0",
}  # fmt: skip
ADD = "admin:connectors_magento2connector_add"
CHANGE = "admin:connectors_magento2connector_change"


@pytest.mark.django_db
def test_other_attributes_mean_that_all_products_are_read_again(admin_client: Client):
    row = make_linked_row(make_connector(), make_account())
    move_mark(row.scope, FULL_READ, timezone.now())
    kept = {**BASE, "name": "Renamed", "sellers-TOTAL_FORMS": "0"}
    page = reverse(CHANGE, args=(row.connector.pk,))
    assert admin_client.post(page, kept).status_code == 302
    assert mark_of(row.scope, FULL_READ) is not None
    assert admin_client.post(page, {**kept, "product_attributes": '["color"]'}).status_code == 302
    assert mark_of(row.scope, FULL_READ) is None


def row_values(number: int, **changes: str) -> dict[str, str]:
    values = {
        "store_id": "1",
        "store_code": "default",
        "account": "",
        "seller": "",
        "location": "",
        "warehouse_code": "",
    }
    return {f"sellers-{number}-{name}": value for name, value in {**values, **changes}.items()}


@pytest.mark.django_db
def test_a_connector_is_created_with_its_rows(admin_client: Client):
    account = make_account()
    rows = {"sellers-TOTAL_FORMS": "1", **row_values(0, account=str(account.pk), warehouse_code="--")}
    answer = admin_client.post(reverse(ADD), {**BASE, **rows})
    assert answer.status_code == 302, answer.content.decode()
    connector = Magento2Connector.objects.get()
    assert connector.password.reveal() == CANARY
    assert connector.active is False
    row = connector.sellers.get()
    assert row.account == account
    assert row.source_code is None


@pytest.mark.django_db
def test_the_page_never_shows_a_secret_and_keeps_it_when_left_empty(admin_client: Client):
    connector = make_connector(password=CANARY)
    page = admin_client.get(reverse(CHANGE, args=(connector.pk,))).content.decode()
    assert CANARY not in page
    assert "Leave empty to keep it" in page
    admin_client.post(reverse(CHANGE, args=(connector.pk,)), {**BASE, "name": "Renamed", "password": ""})
    connector.refresh_from_db()
    assert (connector.name, connector.password.reveal()) == ("Renamed", CANARY)
    admin_client.post(reverse(CHANGE, args=(connector.pk,)), {**BASE, "password": "another"})
    connector.refresh_from_db()
    assert connector.password.reveal() == "another"
    history = admin_client.get(reverse("admin:connectors_magento2connector_history", args=(connector.pk,)))
    assert CANARY not in history.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"endpoint": "shop.example"}, "https:// or http://"),
        ({"endpoint": "https://shop.example/some/page?x=1"}, "must not have ?"),
        ({"username": ""}, "enter its name"),
        ({"status_map": '["rfs"]'}, "Write a map of texts"),
        ({"reading_statuses": '{"a": 1}'}, "Write a list of statuses"),
        ({"page_size": "0"}, "greater than or equal to 1"),
    ],
)
def test_bad_input_is_refused_with_words(admin_client: Client, changes: dict[str, str], words: str):
    answer = admin_client.post(reverse(ADD), {**BASE, **changes})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Magento2Connector.objects.exists()


@pytest.mark.django_db
def test_the_same_row_twice_is_a_form_error(admin_client: Client):
    rows = {"sellers-TOTAL_FORMS": "2", **row_values(0), **row_values(1)}
    answer = admin_client.post(reverse(ADD), {**BASE, **rows})
    assert answer.status_code == 200
    assert not Magento2Seller.objects.exists()


@pytest.mark.django_db
def test_an_account_is_linked_to_one_row_only(admin_client: Client):
    connector = make_connector()
    row = Magento2Seller.objects.create(connector=connector, store_id=1)
    AccountMagento.objects.create(account=make_account(), magento2_seller=row)
    second = make_account("Second", "SEC")
    answer = admin_client.post(
        reverse("admin:connectors_accountmagento_add"), {"account": second.pk, "magento2_seller": row.pk}
    )
    assert answer.status_code == 200
    assert AccountMagento.objects.count() == 1


def press_test_connection(client: Client, connector: Magento2Connector) -> str:
    url = reverse("admin:connectors_magento2connector_test_connection_now", args=(connector.pk,))
    return client.get(url, follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_connection_is_tested_with_a_button(
    admin_client: Client, storefront: Sandbox, storefront_connector: Magento2Connector
):
    page = press_test_connection(admin_client, storefront_connector)
    assert "The connection works. Store views: 1 default" in page
    Magento2Seller.objects.create(connector=storefront_connector, store_id=99)
    assert "The shop has no store 99" in press_test_connection(admin_client, storefront_connector)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong"}, "account sign-in was incorrect or your account is disabled temporarily"),
        ({"endpoint": "http://127.0.0.1:9"}, "cannot be reached"),
        ({"endpoint": "https://127.0.0.1:{port}"}, "TLS"),
        ({"username": ""}, "has no username or no password"),
    ],
)
def test_what_is_wrong_with_a_connection_is_said(
    admin_client: Client,
    storefront: Sandbox,
    storefront_connector: Magento2Connector,
    changes: dict[str, str],
    words: str,
):
    for name, value in changes.items():
        setattr(storefront_connector, name, value.replace("{port}", storefront.url.rsplit(":", 1)[1]))
    storefront_connector.save()
    page = press_test_connection(admin_client, storefront_connector)
    assert words in page
    storefront_connector.refresh_from_db()
    assert storefront_connector.error
    assert storefront_connector.remedy
