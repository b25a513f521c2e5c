"""What the first page shows of routes: clients that are down, refused deliveries, failed tasks, who may retry."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.models import RefusedDelivery
from mageferry.hub.routes.outages import PROBE, probe_of
from mageferry.hub.work import outages
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.models import OPEN, Pause, UnitStatus, WorkUnit
from tests.http.local_server import Say
from tests.hub.pipelines.builders import make_client
from tests.hub.routes.builders import make_incoming, make_route, work
from tests.hub.routes.erp import Erp
from tests.hub.routes.people import operator, stranger
from tests.hub.routes.test_task_pages import refused_order

HOOK = {"signature": {"secret": "s" * 20, "header": "X-Sign"}, "entities": {"identifier": ["id"]}}


def first_page(client: Client) -> str:
    return client.get("/admin/").content.decode()


def keeper_of_clients() -> Client:
    """Signed in, with the right to change HTTP clients and no other."""
    user = User.objects.create_user("keeper", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="change_httpclientrecord"))
    client = Client()
    client.force_login(user)
    return client


def go_down(client: HttpClientRecord) -> None:
    assert outages.declare_down("client:erp", "The server answered 503", probe_of(client, probes=4))


def test_a_client_that_is_down_is_shown_with_reason_and_next_question(erp: Erp) -> None:
    route = make_route(erp.url)
    WorkUnit.objects.create(kind="route_task", subject="W-1", connector_key="client:erp")
    assert route.outgoing.client is not None
    go_down(route.outgoing.client)
    page = first_page(keeper_of_clients())
    next_at = timezone.localtime(WorkUnit.objects.get(kind=PROBE).not_before)
    for words in (
        "Paused HTTP clients",
        "The server answered 503",
        f"{next_at:%Y-%m-%d %H:%M:%S}",
        "Try now",
    ):
        assert words in page


def test_try_now_asks_without_waiting_and_it_goes_on(erp: Erp) -> None:
    client = make_client(erp.url)
    go_down(client)
    keeper = keeper_of_clients()
    assert drain([PROBE]) == 0, "it waits for its time"
    said = keeper.post("/try-now/", {"key": "client:erp"}, follow=True).content.decode()
    assert "as soon as a worker is free" in said
    drain([PROBE])
    assert Pause.objects.count() == 0
    assert "isn't paused by an outage any more" in keeper.post(
        "/try-now/", {"key": "client:erp"}, follow=True
    ).content.decode().replace("&#x27;", "'")


def test_a_question_that_was_lost_is_asked_anew(erp: Erp) -> None:
    go_down(make_client(erp.url))
    WorkUnit.objects.all().delete()
    keeper_of_clients().post("/try-now/", {"key": "client:erp"})
    assert list(WorkUnit.objects.filter(status__in=OPEN).values_list("kind", "status")) == [(PROBE, "new")]


def test_trying_needs_the_right_to_change_clients(erp: Erp) -> None:
    go_down(make_client(erp.url))
    waiting = WorkUnit.objects.get(kind=PROBE)
    somebody = operator()
    assert "Try now" not in first_page(somebody)
    assert somebody.post("/try-now/", {"key": "client:erp"}).status_code == 403
    keeper = keeper_of_clients()
    assert keeper.post("/try-now/", {"key": "client:other"}).status_code == 404
    assert keeper.post("/try-now/", {"key": "magento2:1"}).status_code == 403, "that is a connector"
    waiting.refresh_from_db()
    assert waiting.status == UnitStatus.WAITING


def test_a_failed_task_is_retried_by_who_may_change_tasks(erp: Erp) -> None:
    failed = refused_order(erp)
    page = first_page(operator())
    assert reverse("retry_unit", args=(failed.unit_id,)) in page
    client = Client()
    client.force_login(User.objects.get(username="operator"))
    client.post(reverse("retry_unit", args=(failed.unit_id,)))
    work()
    failed.unit.refresh_from_db()
    assert failed.unit.status == UnitStatus.FINISHED
    assert failed.retries.get().by == "operator"


def test_nobody_else_retries_it(erp: Erp) -> None:
    failed = refused_order(erp)
    somebody = stranger()
    assert "retry-unit" not in first_page(somebody)
    assert somebody.post(reverse("retry_unit", args=(failed.unit_id,))).status_code == 403


def test_a_unit_of_a_connector_needs_its_right(erp: Erp) -> None:
    unit = WorkUnit.objects.create(kind="get_order", subject="Order 9", status=UnitStatus.FAILED)
    assert operator().post(reverse("retry_unit", args=(unit.pk,))).status_code == 403


@pytest.mark.django_db
def test_refused_deliveries_are_counted_on_the_first_page_and_that_of_the_incoming(
    admin_client: Client,
) -> None:
    assert "Refused deliveries, 24 h" not in first_page(admin_client), "there are no webhooks"
    incoming = make_incoming(None, HOOK, type="webhook", code="hook")
    now = timezone.now()
    for ago, count in ((0, 40), (3, 2)):
        moment = now - dt.timedelta(days=ago)
        RefusedDelivery.objects.create(
            incoming=incoming, why="SignatureWrong", minute=moment, last_at=moment, count=count,
            reason="The signature is wrong", remedy="Compare the secrets.", status=401, method="POST",
            address="192.0.2.7", body="<script>alert(1)</script>",
        )  # fmt: skip
    assert "Refused deliveries, 24 h" in first_page(admin_client)
    page = admin_client.get(reverse("admin:routes_incoming_change", args=(incoming.pk,))).content.decode()
    assert "40 in the last 24 hours, 42 in all that are kept" in page
    listed = admin_client.get(reverse("admin:routes_refuseddelivery_changelist")).content.decode()
    assert "192.0.2.7" in listed
    assert "Compare the secrets." in listed
    row = RefusedDelivery.objects.latest("last_at")
    detail = admin_client.get(reverse("admin:routes_refuseddelivery_change", args=(row.pk,))).content.decode()
    assert "&lt;script&gt;alert(1)" in detail
    found = admin_client.get("/api/incomings/hook/refusals").json()
    assert [(each["why"], each["count"]) for each in found["items"]] == [
        ("SignatureWrong", 40),
        ("SignatureWrong", 2),
    ]


def test_attempts_are_counted_on_and_a_retry_is_an_entry_of_its_own(erp: Erp, admin_client: Client) -> None:
    failed = refused_order(erp)
    erp.faults = [lambda seen: Say(422, {"message": "Still too low"}) if b'"W-2"' in seen.body else None]
    do_url = reverse("admin:routes_routetask_do", args=(failed.pk,))
    admin_client.post(do_url, {"what": "retry"})
    work()
    erp.faults = []
    admin_client.post(do_url, {"what": "retry"})
    work()
    assert list(failed.exchanges.values_list("attempt", flat=True)) == [1, 2, 3]
    page = admin_client.get(reverse("admin:routes_routetask_change", args=(failed.pk,))).content.decode()
    places = [
        page.index(words) for words in ("Attempt 1 <", "Retried by admin", "Attempt 2 <", "Attempt 3 <")
    ]
    assert places == sorted(places)
    assert page.count("Retried by admin") == 2
    assert "after 2 before it was retried" in page
    told = admin_client.get(f"/api/tasks/{failed.unit_id}").json()
    assert [each["attempt"] for each in told["exchanges"]] == [1, 2, 3]
    assert [each["by"] for each in told["retries"]] == ["admin", "admin"]
