"""The first page and its buttons."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.trade.models import Order
from mageferry.hub.work import ledger, schedules
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.models import FlowRun, Pause, RunStatus, UnitStatus, WorkUnit
from tests.hub.builders import make_account, make_connector, make_linked_row, make_order


@pytest.fixture
def clerk(db: None) -> Client:
    """Somebody who may sign in and nothing more."""
    client = Client()
    client.force_login(User.objects.create_user("clerk", password="x", is_staff=True))
    return client


@pytest.mark.django_db
def test_a_hub_without_connectors_says_what_to_do(admin_client: Client):
    page = admin_client.get("/", follow=True).content.decode()
    assert "Add a Magento 2 connector" in page


@pytest.mark.django_db
def test_the_first_page_shows_flows_runs_and_failures(admin_client: Client):
    row = make_linked_row(make_connector(), make_account())
    make_order(make_account("Own", "OWN"))
    FlowRun.objects.create(
        flow="get_orders", scope=row.scope, title="Get Orders: Shop", status=RunStatus.PARTLY, read=7, created=5,
        failed=2,
        started_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
    )  # fmt: skip
    WorkUnit.objects.create(
        kind="get_order",
        subject="Shop order 9",
        status=UnitStatus.FAILED,
        reason="It has no items.",
        remedy="Mend it.",
    )
    page = admin_client.get("/admin/").content.decode()
    for words in (
        "Finished with failures",
        "5 created",
        "2 failed",
        "Shop order 9",
        "It has no items.",
        "Mend it.",
    ):
        assert words in page


@pytest.mark.django_db
def test_run_now_asks_the_workers_once(admin_client: Client):
    row = make_linked_row(make_connector(), make_account())
    for _ in range(2):
        admin_client.post(reverse("run_flow_now"), {"flow": "get-orders", "row": row.pk})
    assert WorkUnit.objects.filter(kind="run_flow").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_requested_run_is_worked_on(admin_client: Client, storefront_connector: Magento2Connector):
    row = make_linked_row(storefront_connector, make_account())
    admin_client.post(reverse("run_flow_now"), {"flow": "get-orders", "row": row.pk})
    drain(["run_flow"])
    assert Order.objects.exists()
    assert WorkUnit.objects.get(kind="run_flow").status == UnitStatus.FINISHED


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values", [{"flow": "make-coffee"}, {"flow": "get-orders", "row": "9999"}, {"row": "x"}]
)
def test_nonsense_starts_nothing(admin_client: Client, values: dict[str, str]):
    row = make_linked_row(make_connector(), make_account())
    answer = admin_client.post(reverse("run_flow_now"), {"row": str(row.pk), **values})
    assert answer.status_code in (302, 404)
    assert not WorkUnit.objects.exists()


@pytest.mark.django_db
def test_a_connector_is_paused_and_resumed_by_button(admin_client: Client):
    connector = make_connector()
    values = {"connector": connector.key}
    assert "Paused. What runs is finished" in _follow(admin_client, "pause_work", values)
    page = admin_client.get("/admin/").content.decode()
    assert "Paused since" in page
    assert "Paused by admin." in page
    assert "It is paused already." in _follow(admin_client, "pause_work", values)
    assert "It goes on." in _follow(admin_client, "resume_work", values)
    assert "Paused since" not in admin_client.get("/admin/").content.decode()
    assert admin_client.post(reverse("pause_work"), {"connector": "magento2:999"}).status_code == 404


@pytest.mark.django_db
def test_an_outage_and_a_pause_of_everything_are_shown(admin_client: Client):
    connector = make_connector()
    Pause.objects.create(connector_key=connector.key, reason="it answers 503", automatic=True)
    schedules.pause_connector("*", "Moving house.")
    page = admin_client.get("/admin/").content.decode()
    assert "until it answers again" in page
    assert "Everything is paused" in page
    assert "Moving house." in page


def _follow(client: Client, name: str, values: dict[str, str]) -> str:
    return client.post(reverse(name), values, follow=True).content.decode()


@pytest.mark.django_db
def test_a_retry_button_makes_a_failed_unit_due(admin_client: Client):
    unit = WorkUnit.objects.create(kind="get_order", subject="x", status=UnitStatus.FAILED, attempts=12)
    admin_client.post(reverse("retry_unit", args=(unit.pk,)))
    assert [held.pk for held in ledger.claim("worker")] == [unit.pk]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("run_flow_now", {"flow": "get-orders", "row": "1"}),
        ("retry_unit", {}),
        ("pause_work", {"connector": "*"}),
        ("resume_work", {"connector": "*"}),
    ],
)
def test_buttons_ask_for_permission(clerk: Client, name: str, values: dict[str, str]):
    make_linked_row(make_connector(), make_account())
    url = reverse(name, args=(1,) if name == "retry_unit" else ())
    assert clerk.post(url, values).status_code == 403
    assert Client().post(url, values).status_code == 302
    assert not WorkUnit.objects.exists()


@pytest.mark.django_db
def test_health_tells_whether_the_database_answers(client: Client):
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page",
    [
        "trade/order", "trade/account", "trade/product", "trade/ordershipment", "trade/orderhistory", "work/workunit",
        "work/flowrun", "work/mark", "connectors/magento2connector", "connectors/ordersmagento",
        "connectors/accountmagento",
    ],
)  # fmt: skip
def test_every_list_opens(admin_client: Client, page: str):
    make_order(make_account())
    make_linked_row(make_connector(), make_account("Own", "OWN"))
    assert admin_client.get(f"/admin/{page}/").status_code == 200


@pytest.mark.django_db
def test_clearing_an_error_lets_an_order_go_on(admin_client: Client):
    order = make_order(make_account(), error="Broken.", remedy="Mend it.")
    admin_client.post(
        reverse("admin:trade_order_changelist"), {"action": "clear_error", "_selected_action": [order.pk]}
    )
    order.refresh_from_db()
    assert (order.error, order.remedy) == ("", "")
    assert admin_client.get(reverse("admin:trade_order_change", args=(order.pk,))).status_code == 200
