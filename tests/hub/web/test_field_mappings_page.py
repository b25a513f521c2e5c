"""Field mappings where people meet them: rows on the connector's page, the preview, the API, the command line."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from typer.testing import CliRunner

from mageferry.cli.main import app
from mageferry.hub.connectors.models import Direction, Magento2Connector, OrderItemMagento, OrdersMagento
from mageferry.hub.mapping.models import FieldMapping
from mageferry.hub.trade.models import Order, OrderShipment, Product
from mageferry.hub.work.models import WorkUnit
from mageferry.sandbox import Sandbox
from tests.hub.builders import (
    add_mappings,
    make_account,
    make_connector,
    make_export_row,
    make_linked_row,
    make_order,
    make_refund,
    token_of,
)
from tests.hub.connectors.test_connector_page import BASE, CHANGE
from tests.hub.plain_shop import all_orders, ask

ROW = {
    "record": "order", "direction": "from_magento", "source": "customer_email", "target": "shipping_description",
    "mode": "append", "position": "1", "active": "on", "note": "for the packers",
}  # fmt: skip


def row_values(**changes: str) -> dict[str, str]:
    values = {f"field_mappings-0-{name}": value for name, value in {**ROW, **changes}.items()}
    return {"field_mappings-TOTAL_FORMS": "1", **values}


def post(client: Client, path: str, body: dict[str, Any], header: dict[str, str]) -> Any:
    return client.post(f"/api/{path}", body, content_type="application/json", headers=header)


@pytest.mark.django_db
def test_rows_are_entered_on_the_page_of_their_connector(admin_client: Client):
    connector = make_connector()
    page = reverse(CHANGE, args=(connector.pk,))
    assert admin_client.post(page, {**BASE, **row_values()}).status_code == 302
    row = connector.field_mappings.get()
    assert (row.target, row.mode, row.note) == ("shipping_description", "append", "for the packers")
    shown = admin_client.get(page).content.decode()
    assert "shipping_description" in shown
    assert "Custom shop" in shown


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": "a..b"}, "Position 3: &#x27;.&#x27; does not fit here"),
        ({"target": "increment_id"}, "has no field &#x27;increment_id&#x27;. Fields: currency"),
        ({"direction": "to_magento", "target": "ext_order_id"}, "so that nothing is sent twice"),
        ({"target": "grand_total"}, "Nothing can be appended to grand_total"),
    ],
)
def test_a_row_that_can_not_work_is_refused_next_to_its_field(
    admin_client: Client, changes: dict[str, str], words: str
):
    connector = make_connector()
    answer = admin_client.post(reverse(CHANGE, args=(connector.pk,)), {**BASE, **row_values(**changes)})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not FieldMapping.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_order_of_the_shop_is_previewed_and_nothing_is_stored(
    admin_client: Client, storefront: Sandbox, storefront_connector: Magento2Connector
):
    make_linked_row(storefront_connector, make_account())
    add_mappings(
        storefront_connector, "from_magento",
        ("order", "join('', ['Ship to ', customer_lastname])", "shipping_description"),
        ("order", "customer_email", "grand_total"),
    )  # fmt: skip
    url = reverse("mapping_preview", args=(storefront_connector.pk,))
    newest = max(all_orders(storefront), key=lambda each: int(each["entity_id"]))
    for order in ("", newest["increment_id"], str(newest["entity_id"])):
        page = admin_client.get(url, {"direction": "from_magento", "number": order}).content.decode()
        assert f"Order {newest['increment_id']} (entity {newest['entity_id']})" in page
        assert f"Ship to {newest['customer_lastname']}" in page
        assert "what it finds is no number" in page
        assert "1 of " in page
    assert "order_currency_code" in page, "the standard mapping is shown next to it"
    assert not Order.objects.exists()
    assert not WorkUnit.objects.exists()
    missing = admin_client.get(url, {"direction": "from_magento", "number": "0000xx"}).content.decode()
    assert "The shop has no order 0000xx." in missing


@pytest.mark.django_db(transaction=True)
def test_a_shop_that_is_away_is_said_on_the_page(
    admin_client: Client, storefront: Sandbox, storefront_connector: Magento2Connector
):
    storefront.control.add_fault("error_page", path="/V1/orders")
    url = reverse("mapping_preview", args=(storefront_connector.pk,))
    page = admin_client.get(url, {"direction": "from_magento", "number": "7"}).content.decode()
    assert "There has been an error processing your request" in page


@pytest.mark.django_db
def test_an_order_of_the_hub_is_previewed_as_it_is_sent(admin_client: Client):
    connector = make_connector()
    url = reverse("mapping_preview", args=(connector.pk,))
    page = admin_client.get(url, {"direction": "to_magento"}).content.decode()
    assert "has an account: nobody knows whose orders it gets" in page
    row = make_export_row(connector, make_account())
    add_mappings(connector, "to_magento", ("order", "account.code", "extension_attributes.channel"))
    assert "have no order in the hub" in admin_client.get(url, {"direction": "to_magento"}).content.decode()
    order = make_order(row.account)
    page = admin_client.get(url, {"direction": "to_magento", "number": str(order)}).content.decode()
    assert "1 of " in page
    assert "extension_attributes.channel" in page
    order.addresses.all().delete()
    page = admin_client.get(url, {"direction": "to_magento"}).content.decode()
    assert "the billing address is missing" in page
    assert not OrdersMagento.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_products_and_shipments_of_the_shop_are_previewed(
    admin_client: Client, storefront: Sandbox, storefront_connector: Magento2Connector
):
    add_mappings(
        storefront_connector, "from_magento",
        ("product", "join(' ', [name, sku])", "name"),
        ("product", "name", "price"),
        ("shipment", "extension_attributes.source_code", "service"),
    )  # fmt: skip
    url = reverse("mapping_preview", args=(storefront_connector.pk,))
    asked = {"direction": "from_magento", "record": "product"}
    for number in ("LF-LAMP", "9"):
        page = admin_client.get(url, {**asked, "number": number}).content.decode()
        assert "Product LF-LAMP (entity 9)" in page
        assert "Rechargeable Camp Lamp LF-LAMP" in page
        assert "what it finds is no number" in page
    assert "Product " in admin_client.get(url, asked).content.decode()
    asked["record"] = "shipment"
    none = admin_client.get(url, {**asked, "number": "77"}).content.decode()
    assert "The shop has no shipment 77." in none
    number = ask(storefront, "POST", "/rest/V1/order/18/ship", {"items": []})
    page = admin_client.get(url, {**asked, "number": str(number)}).content.decode()
    assert f"(entity {number})" in page
    assert "1 of " in page
    assert "default" in page
    asked["record"] = "refund"
    assert "refunds are mapped to Magento only" in admin_client.get(url, asked).content.decode()
    assert not Product.objects.exists()
    assert not OrderShipment.objects.exists()


@pytest.mark.django_db
def test_shipments_and_refunds_of_the_hub_are_previewed_as_they_are_sent(client: Client):
    connector = make_connector()
    row = make_linked_row(connector, make_account())
    order = make_order(make_account())
    OrdersMagento.objects.create(
        order=order, magento2_connector=connector, direction=Direction.DOWNLOADED, entity_id=7, store_id=1
    )
    header = token_of("view_order", "change_magento2connector")
    path = f"connectors/{connector.pk}/mappings/preview"

    def shown(record: str, *rows: tuple[str, str], number: str = "") -> Any:
        tried = [
            {"record": record, "direction": "to_magento", "source": source, "target": target}
            for source, target in rows
        ]
        body = {"direction": "to_magento", "record": record, "number": number, "rows": tried}
        return post(client, path, body, header)

    assert "has no shipment of orders" in shown("shipment").json()["message"]
    assert "has no refund of orders" in shown("refund").json()["message"]
    OrderItemMagento.objects.create(order_item=order.items.get(), item_id=31)
    shipment = OrderShipment.objects.create(order=order, shipped_at=timezone.now(), carrier="DPD")
    shipment.items.create(order_item=order.items.get(), quantity=1)
    answer = shown("shipment", ("carrier", "arguments.extension_attributes.acme_carrier")).json()
    assert f"as it is sent to {row}" in answer["title"]
    assert [each for each in answer["changes"] if each["changed"]] == [
        {
            "place": "arguments.extension_attributes.acme_carrier",
            "before": "",
            "after": "DPD",
            "changed": True,
        }
    ]
    assert {"place": "items[0].order_item_id", "before": "31", "after": "31", "changed": False} in answer[
        "changes"
    ]
    make_refund(order, "5.00", {1: 1}, shipping="1.00")
    answer = shown("refund", ("amount", "notify.how"), number=order.marketplace_order_id).json()
    assert "can't be put there" in answer["problems"][0]
    assert {"place": "arguments.shipping_amount", "before": "1", "after": "1", "changed": False} in answer[
        "changes"
    ]
    assert shown("product").status_code == 409
    assert shown("refund", number="nope").status_code == 409


@pytest.mark.django_db
def test_only_who_may_change_connectors_and_see_orders_gets_the_page(client: Client):
    connector = make_connector()
    user = User.objects.create_user("packer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="change_magento2connector"))
    client.force_login(user)
    assert client.get(reverse("mapping_preview", args=(connector.pk,))).status_code == 403


@pytest.mark.django_db
def test_the_api_adds_changes_and_removes_rows(client: Client):
    connector = make_connector()
    header = token_of("view_order", "change_magento2connector")
    row = {"direction": "from_magento", "source": "customer_email", "target": "customer_email"}
    made = post(client, f"connectors/{connector.pk}/mappings", row, header)
    assert (made.status_code, made.json()["mode"]) == (201, "overwrite")
    bad = post(client, f"connectors/{connector.pk}/mappings", {**row, "source": "a..b"}, header)
    assert (bad.status_code, "source: Position 3" in bad.json()["message"]) == (422, True)
    path = f"/api/mappings/{made.json()['id']}"
    changed = client.patch(path, {"mode": "if_empty"}, content_type="application/json", headers=header)
    assert changed.json()["mode"] == "if_empty"
    refused = client.patch(path, {"target": "status"}, content_type="application/json", headers=header)
    assert refused.status_code == 422
    (listed,) = client.get(f"/api/connectors/{connector.pk}/mappings", headers=header).json()
    assert (listed["target"], client.get(path, headers=header).json()["mode"]) == (
        "customer_email",
        "if_empty",
    )
    assert client.delete(path, headers=header).status_code == 204
    assert not FieldMapping.objects.exists()
    standard = client.get("/api/mappings/standard", headers=header).json()
    assert {"from_magento", "to_magento"} == {each["direction"] for each in standard}


@pytest.mark.django_db
def test_the_api_previews_rows_that_are_not_stored(client: Client):
    connector = make_connector()
    row = make_export_row(connector, make_account())
    make_order(row.account)
    header = token_of("view_order", "change_magento2connector")
    body: dict[str, Any] = {
        "direction": "to_magento",
        "rows": [
            {"direction": "to_magento", "source": "account.code", "target": "extension_attributes.channel"}
        ],
    }
    path = f"connectors/{connector.pk}/mappings/preview"
    shown = post(client, path, body, header).json()
    assert [each for each in shown["changes"] if each["changed"]] == [
        {"place": "extension_attributes.channel", "before": "", "after": "AMZ", "changed": True}
    ]
    body["rows"][0]["target"] = "increment_id"
    assert post(client, path, body, header).status_code == 422
    assert post(client, path, {"direction": "to_magento", "number": "nope"}, header).status_code == 409


@pytest.mark.django_db
def test_the_api_lets_a_reader_change_nothing(client: Client):
    connector = make_connector()
    add_mappings(connector, "from_magento", ("order", "customer_email", "customer_email"))
    pk = FieldMapping.objects.get().pk
    header = token_of("view_order")
    row = {"direction": "from_magento", "source": "a", "target": "currency"}
    assert post(client, f"connectors/{connector.pk}/mappings", row, header).status_code == 403
    assert client.delete(f"/api/mappings/{pk}", headers=header).status_code == 403
    preview = {"direction": "from_magento"}
    assert post(client, f"connectors/{connector.pk}/mappings/preview", preview, header).status_code == 403
    assert FieldMapping.objects.count() == 1


@pytest.mark.django_db
def test_the_command_line_previews_too():
    connector = make_connector(name="Office")
    row = make_export_row(connector, make_account())
    add_mappings(
        connector,
        "to_magento",
        ("order", "account.code", "extension_attributes.channel"),
        ("order", "currency", "payment.method.code"),
    )
    order = make_order(row.account)
    listed = CliRunner().invoke(app, ["mapping", "list", "--connector", "office"])
    assert "account.code" in listed.output
    arguments = [
        "mapping",
        "preview",
        "--connector",
        "Office",
        "--direction",
        "to-magento",
        "--number",
        str(order),
    ]
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 1, "there is a problem"
    assert "extension_attributes.channel" in shown.output
    assert "can't be put there" in shown.output
    unknown = CliRunner().invoke(app, ["mapping", "preview", "--connector", "Nowhere"])
    assert (unknown.exit_code, "The connectors are: Office" in unknown.output) == (1, True)
