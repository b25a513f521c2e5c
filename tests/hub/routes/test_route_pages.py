"""Routes in the browser: their form with schedule, the page of their work, stored tests, storages, values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mageferry.hub.routes.models import GlobalValue, IdMapEntry, Route, Storage, StorageEntry, StoredTest
from mageferry.hub.routes.runner import run_route
from mageferry.hub.routes.schedules import follow_routes, schedule_of
from mageferry.hub.routes.storages import put_value
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.models import FlowRun, RunStatus, Schedule
from tests.http.local_server import Say
from tests.hub.pipelines.builders import make_client
from tests.hub.routes.builders import (
    READ_ORDERS,
    SEND_ORDER,
    make_incoming,
    make_outgoing,
    make_route,
    order,
    statuses,
    task,
    work,
)
from tests.hub.routes.erp import Erp
from tests.hub.routes.people import operator, stranger, viewer

SET_SHOP = [{"type": "set", "target": "shop", "value": "A"}]


def entered(erp: Erp, **changes: Any) -> dict[str, Any]:
    client = make_client(erp.url)
    return {
        "name": "Orders", "code": "orders", "enabled": "on", "description": "",
        "incoming": make_incoming(client, READ_ORDERS).pk, "outgoing": make_outgoing(client, SEND_ORDER).pk,
        "described": json.dumps({"transformers": SET_SHOP}), "cron": "*/5 * * * *", "time_zone": "Europe/Berlin",
        "tasks_per_run": "100", "changes": "changed", "priority": "50", "attempts": "10", "interval_seconds": "30",
        "backoff": "2", "retry_statuses": "", "keep_days": "30", "keep_tasks": "1000", **changes,
    }  # fmt: skip


def press(client: Client, route: Route, what: str) -> str:
    url = reverse("admin:routes_route_do", args=(route.pk,))
    return client.post(url, {"what": what}, follow=True).content.decode()


def test_a_route_is_entered_with_its_schedule(erp: Erp) -> None:
    page = operator().post(reverse("admin:routes_route_add"), entered(erp), follow=True).content.decode()
    assert "was added successfully" in page
    route = Route.objects.get()
    schedule = schedule_of(route)
    assert schedule is not None
    assert (schedule.cron, schedule.time_zone, schedule.paused) == ("*/5 * * * *", "Europe/Berlin", False)
    assert schedule.next_at is not None
    assert route.transformers == SET_SHOP
    assert follow_routes() == 0, "it has its schedule already"


def test_what_is_wrong_with_a_route_is_told_at_its_field(erp: Erp, admin_client: Client) -> None:
    posted = entered(erp, cron="often", time_zone="Berlin", described='{"transformers": [{"type": "sett"}]}')
    page = admin_client.post(reverse("admin:routes_route_add"), posted).content.decode()
    assert "Five fields: minute hour day month weekday" in page
    assert "transformers[0].type: There is no such type" in page
    assert not Route.objects.exists()
    assert not Schedule.objects.exists()


def test_a_route_is_tried_with_transformers_that_are_not_saved(erp: Erp, admin_client: Client) -> None:
    erp.orders = [order(1)]
    answer = admin_client.post(reverse("admin:routes_route_try", args=(0,)), entered(erp)).json()
    assert "transformer 1: set" in answer["html"]
    assert "&quot;shop&quot;: &quot;A&quot;" in answer["html"]
    assert not Route.objects.exists()


def test_the_work_of_a_route_is_counted_and_started_and_paused(erp: Erp) -> None:
    erp.orders = [order(1), order(2, total=None)]
    person, route = operator(), make_route(erp.url)
    assert "runs as soon as a worker is free" in press(person, route, "run")
    assert "is waiting to run already" in press(person, route, "run")
    drain(["run_route"])
    work()
    page = person.get(reverse("admin:routes_route_work", args=(route.pk,))).content.decode()
    assert "Finished<strong>1</strong>" in page
    assert "Failed<strong>1</strong>" in page
    assert "finds nothing" in page
    assert "Orders" in page
    assert "is paused" in press(person, route, "pause")
    schedule = schedule_of(route)
    assert schedule is not None
    assert schedule.paused
    assert "goes on" in press(person, route, "resume")
    assert "1 failed tasks are due again" in press(person, route, "retry_failed")
    assert "reads from the beginning" in press(person, route, "read_again")
    assert "is switched off" in press(person, _off(route), "run")


def _off(route: Route) -> Route:
    Route.objects.filter(pk=route.pk).update(enabled=False)
    return route


def test_a_run_shows_how_far_it_has_come(erp: Erp, admin_client: Client) -> None:
    route = make_route(erp.url)
    run_route(route)
    FlowRun.objects.update(status=RunStatus.RUNNING, expected=200, read=50, finished_at=None)
    url = reverse("admin:routes_route_work", args=(route.pk,))
    part = admin_client.get(url, headers={"X-Requested-With": "fetch"}).content.decode()
    assert 'aria-valuenow="25"' in part
    assert 'data-moves="yes"' in part
    assert "<html" not in part


def test_only_who_may_change_a_route_starts_it(erp: Erp) -> None:
    route = make_route(erp.url)
    work_url = reverse("admin:routes_route_work", args=(route.pk,))
    for person, status in ((viewer(), 200), (stranger(), 403)):
        assert person.get(work_url).status_code == status
        assert "403" in press(person, route, "run")
    assert erp.server.seen == []


def test_a_route_with_failed_tasks_is_not_deleted(erp: Erp, admin_client: Client) -> None:
    erp.orders = [order(1, total=None), order(2)]
    route = make_route(erp.url)
    run_route(route)
    work()
    url = reverse("admin:routes_route_delete", args=(route.pk,))
    admin_client.post(url, {"post": "yes"})
    assert Route.objects.exists()
    admin_client.post(reverse("admin:routes_routetask_do", args=(task("W-1").pk,)), {"what": "skip"})
    admin_client.post(url, {"post": "yes"})
    assert not Route.objects.exists()
    assert statuses() == {}


def test_a_task_becomes_a_stored_test_that_is_run_by_a_button(erp: Erp) -> None:
    erp.orders = [order(1)]
    erp.faults = [lambda seen: Say(422) if seen.method == "POST" else None]
    person, route = operator(), make_route(erp.url, transformers=SET_SHOP)
    run_route(route)
    work()
    page = person.post(reverse("admin:routes_storedtest_of_task", args=(task("W-1").pk,)), follow=True)
    assert "It is stored as the test Orders: W-1" in page.content.decode()
    test = StoredTest.objects.get()
    assert (test.input, test.expected) == ([order(1)], [{**order(1), "shop": "A"}])
    run = reverse("admin:routes_storedtest_run_this", args=(test.pk,))
    assert "1 of 1 passed" in person.get(run).content.decode()
    Route.objects.update(transformers=[{"type": "set", "target": "shop", "value": "B"}])
    page_text = person.get(run).content.decode()
    assert "$[0].shop: expected &quot;A&quot;, is &quot;B&quot;" in page_text
    assert "What comes out" in page_text


@pytest.mark.django_db
def test_a_trial_becomes_a_stored_test(admin_client: Client) -> None:
    given = {"test_input": '[{"id": 1}]', "test_expected": '[{"id": 1, "shop": "A"}]', "name": "Hook"}
    url = reverse("admin:routes_storedtest_from_trial")
    admin_client.post(url, {**given, "test_transformers": json.dumps(SET_SHOP)})
    assert StoredTest.objects.get().transformers == SET_SHOP
    assert admin_client.post(url, {**given, "test_transformers": "nonsense"}).status_code == 400
    assert stranger().post(url, given).status_code == 403


@pytest.mark.django_db
def test_entries_of_a_storage_are_searched_by_key_and_value(admin_client: Client) -> None:
    rates = Storage.objects.create(name="Rates", code="rates")
    put_value(rates, "DE", {"vat": "nineteen"})
    put_value(rates, "FR", {"vat": "twenty"})
    url = reverse("admin:routes_storageentry_changelist")
    found = [admin_client.get(url, {"q": text}).content.decode() for text in ("DE", "twenty")]
    assert ["nineteen" in page for page in found] == [True, False]
    assert ["twenty&quot;" in page for page in found] == [False, True]
    posted = {
        "storage": rates.pk,
        "key": "IT",
        "value": '{"vat": 22}',
        "expires_at_0": "",
        "expires_at_1": "",
    }
    add = reverse("admin:routes_storageentry_add")
    admin_client.post(add, posted)
    assert StorageEntry.objects.get(key="IT").value == {"vat": 22}
    refused = admin_client.post(add, {**posted, "key": "ES", "value": "{vat"}).content.decode()
    assert "Enter a valid JSON." in refused
    assert "{vat" in refused


@pytest.mark.django_db
def test_a_secret_value_is_written_and_never_read(admin_client: Client) -> None:
    add = reverse("admin:routes_globalvalue_add")
    posted = {"name": "erp_key", "is_secret": "on", "value": "", "description": ""}
    assert "Enter the secret value." in admin_client.post(add, posted).content.decode()
    admin_client.post(add, {**posted, "new_secret": "s3cret-9"})
    made = GlobalValue.objects.get()
    assert (made.at_hand.reveal(), made.value) == ("s3cret-9", "")
    url = reverse("admin:routes_globalvalue_change", args=(made.pk,))
    assert "s3cret-9" not in admin_client.get(url).content.decode()
    admin_client.post(url, {**posted, "description": "of the ERP"})
    made.refresh_from_db()
    assert (made.description, made.at_hand.reveal()) == ("of the ERP", "s3cret-9")
    admin_client.post(url, {"name": "erp_key", "value": '"plain"', "description": ""})
    made.refresh_from_db()
    assert (made.at_hand, str(made.secret)) == ("plain", str(type(made.secret)("")))


@pytest.mark.django_db
def test_id_maps_are_edited(admin_client: Client) -> None:
    admin_client.post(
        reverse("admin:routes_idmapentry_add"), {"map": "customers", "local_id": "7", "remote_id": "C-7"}
    )
    page = admin_client.get(reverse("admin:routes_idmapentry_changelist"), {"q": "C-7"}).content.decode()
    assert IdMapEntry.objects.get().local_id == "7"
    assert "customers" in page


def test_the_first_page_shows_the_routes(erp: Erp, admin_client: Client) -> None:
    erp.orders = [order(1, total=None)]
    route = make_route(erp.url)
    run_route(route)
    work()
    page = admin_client.get(reverse("admin:index")).content.decode()
    assert reverse("admin:routes_route_work", args=(route.pk,)) in page
