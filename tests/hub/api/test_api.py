"""The REST API: signed in by token or session, with permissions, in the words of the pages."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from ninja import Schema

from mageferry.hub.api.resources import api
from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.security.models import ApiToken
from mageferry.hub.trade.models import Order
from mageferry.hub.work.models import UnitStatus, WorkUnit
from tests.hub.builders import make_account, make_connector, make_linked_row, make_order, token_of

pytestmark = pytest.mark.django_db


def test_orders_are_listed_and_filtered(client: Client):
    order = make_order(make_account(), error="Broken.")
    make_order(make_account("Own", "OWN"))
    header = token_of("view_order")
    everything = client.get("/api/orders", headers=header).json()
    assert everything["count"] == 2
    assert client.get("/api/orders?account=amz", headers=header).json()["count"] == 1
    (parked,) = client.get("/api/orders?errors=true", headers=header).json()["items"]
    assert (parked["marketplace_order_id"], parked["error"]) == (order.marketplace_order_id, "Broken.")
    whole = client.get(f"/api/orders/{order.pk}", headers=header).json()
    assert whole["grand_total"] == str(Order.objects.get(pk=order.pk).grand_total)
    assert whole["items"][0]["sku"] == "MUG-1"


@pytest.mark.parametrize(
    "path", ["orders", "connectors", "flows", "runs", "work", "orders/1", "connectors/1"]
)
def test_strangers_and_clerks_see_nothing(client: Client, path: str):
    assert client.get(f"/api/{path}").status_code == 401
    assert client.get(f"/api/{path}", headers={"authorization": "Bearer mf_nonsense"}).status_code == 401
    assert client.get(f"/api/{path}", headers=token_of()).status_code == 403


def test_a_token_of_somebody_who_left_counts_no_more(client: Client):
    assert client.get("/api/orders", headers=token_of("view_order", active=False)).status_code == 401


def test_reading_does_not_include_acting(client: Client):
    make_linked_row(make_connector(), make_account())
    unit = WorkUnit.objects.create(kind="get_order", subject="x", status=UnitStatus.FAILED)
    header = token_of("view_order")
    for path in (
        "flows/get-orders/run",
        f"work/{unit.pk}/retry",
        f"work/{unit.pk}/skip",
        "connectors/1/check",
    ):
        answer = client.post(f"/api/{path}", "{}", content_type="application/json", headers=header)
        assert answer.status_code == 403, path
    assert WorkUnit.objects.get().status == UnitStatus.FAILED


def test_a_flow_is_asked_for_by_name(client: Client):
    row = make_linked_row(make_connector(), make_account())
    header = token_of("change_magento2connector")

    def ask(name: str, connector: str = "") -> tuple[int, dict[str, object]]:
        body = {"connector": connector}
        answer = client.post(f"/api/flows/{name}/run", body, content_type="application/json", headers=header)
        return answer.status_code, answer.json()

    assert ask("get-orders", "shop") == (202, {"asked": [str(row)], "waiting": []})
    assert ask("get-orders") == (202, {"asked": [], "waiting": [str(row)]})
    assert ask("make-coffee")[0] == 404
    assert "The connectors are: Shop" in str(ask("get-orders", "nope")[1])


def test_failed_work_is_retried_and_skipped(client: Client):
    unit = WorkUnit.objects.create(kind="get_order", subject="x", status=UnitStatus.FAILED, reason="Why.")
    header = token_of("view_order", "change_magento2connector")
    (shown,) = client.get("/api/work?status=failed", headers=header).json()["items"]
    assert shown["reason"] == "Why."
    assert client.post(f"/api/work/{unit.pk}/retry", headers=header).json() == {"changed": 1}
    unit.refresh_from_db()
    assert unit.status == UnitStatus.NEW
    assert client.post(f"/api/work/{unit.pk}/skip", headers=header).json() == {"changed": 1}
    assert client.post("/api/work/999999/skip", headers=header).status_code == 404


def test_a_connector_shows_its_rows_and_no_secret(client: Client):
    connector = make_connector(password="canary-2242")
    make_linked_row(connector, make_account())
    answer = client.get(f"/api/connectors/{connector.pk}", headers=token_of("view_order"))
    assert answer.json()["sellers"][0]["store_id"] == 1
    assert "canary-2242" not in answer.content.decode()
    assert "password" not in answer.json()


def test_a_session_of_the_pages_works_too_but_not_for_posts_from_elsewhere():
    admin = User.objects.create_superuser("boss")
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    make_linked_row(make_connector(), make_account())
    assert client.get("/api/flows").status_code == 200
    assert client.post("/api/flows/get-orders/run", {}, content_type="application/json").status_code == 403
    assert Magento2Connector.objects.count() == 1


def test_a_token_is_shown_once_and_kept_as_a_hash(admin_client: Client):
    page = admin_client.post(reverse("admin:security_apitoken_add"), {"name": "reporting"}, follow=True)
    text = page.content.decode()
    shown = text[text.index("mf_") :].split()[0].split("<")[0]
    token = ApiToken.objects.get()
    assert shown not in token.digest
    assert ApiToken.find(shown) == token
    assert shown not in admin_client.get(reverse("admin:security_apitoken_changelist")).content.decode()


def test_the_documentation_asks_no_other_machine(admin_client: Client):
    page = admin_client.get("/api/docs").content.decode()
    assert "https://" not in page.replace("https://www.w3.org", "")


def test_every_operation_is_described_and_no_two_shapes_share_a_name():
    documentation = api.get_openapi_schema()
    for path, operations in documentation["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), (method, path)
    names = [shape.__name__ for shape in _shapes(Schema)]
    assert len(names) == len(set(names)), sorted(name for name in set(names) if names.count(name) > 1)


def _shapes(shape: type[Schema]) -> Iterator[type[Schema]]:
    """The shapes of ours, which are called by their names in the documentation."""
    for below in shape.__subclasses__():
        if below.__module__.startswith("mageferry."):
            yield below
        yield from _shapes(below)
