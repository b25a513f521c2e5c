"""Tasks in the browser: found, read on one page, retried, skipped, edited, settled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from mageferry.http.redaction import MASK
from mageferry.hub.routes.models import RouteTask
from mageferry.hub.routes.runner import run_route
from mageferry.hub.routes.shown import pretty
from mageferry.hub.routes.task_page import unmasked
from mageferry.hub.work.models import WorkUnit
from tests.http.local_server import Say
from tests.hub.routes.builders import SEND_BLINDLY, make_route, order, statuses, task, work
from tests.hub.routes.erp import Erp
from tests.hub.routes.people import operator, stranger, viewer

LIST = "admin:routes_routetask_changelist"


def refused_order(erp: Erp, **changes: Any) -> RouteTask:
    """Of three orders one is refused by the ERP."""
    erp.orders = [order(1), order(2, **changes), order(3)]
    erp.faults = [
        lambda seen: Say(422, {"message": "Total too low"}) if b'"W-2"' in seen.body else None,
    ]
    run_route(make_route(erp.url, transformers=[{"type": "set", "target": "shop", "value": "A"}]))
    work()
    erp.faults = []
    return task("W-2")


def page_of(client: Client, found: RouteTask) -> str:
    return client.get(reverse("admin:routes_routetask_change", args=(found.pk,))).content.decode()


def press(client: Client, found: RouteTask, what: str, **values: str) -> str:
    url = reverse("admin:routes_routetask_do", args=(found.pk,))
    return client.post(url, {"what": what, **values}, follow=True).content.decode()


def test_tasks_are_found_by_status_and_by_the_id_of_their_entity(erp: Erp, admin_client: Client) -> None:
    refused_order(erp)
    failed = admin_client.get(reverse(LIST), {"status": "failed"}).content.decode()
    assert "W-2" in failed
    assert "W-1" not in failed
    assert "Failed (1)" in failed
    assert "Finished (2)" in failed
    found = admin_client.get(reverse(LIST), {"q": "W-3"}).content.decode()
    assert "W-3" in found
    assert "W-2" not in found


def test_the_whole_way_of_a_task_is_on_one_page(erp: Erp, admin_client: Client) -> None:
    page = page_of(admin_client, refused_order(erp))
    for told in (
        "The server answered 422: Total too low",
        "Mend what the message names",
        "1 of 10",
        "3; 3 new, 0 unchanged, 0 failed",
        "Requests of the run",
        "&quot;shop&quot;: &quot;A&quot;",
        f"{erp.url}/sales",
        "Total too low",
        "none by itself",
    ):
        assert told in page


def test_the_entity_is_shown_after_each_transformer(erp: Erp, admin_client: Client) -> None:
    page = press(admin_client, refused_order(erp), "try")
    assert "transformer 1: set" in page
    assert LogEntry.objects.count() == 0, "to look is no change"


def test_a_task_is_edited_and_retried_and_it_is_known_by_whom(erp: Erp) -> None:
    person, found = operator(), refused_order(erp)
    assert "Edited and retried" in press(person, found, "edit", entity=json.dumps(order(2, total=99)))
    work()
    assert statuses()["W-2"] == "finished"
    assert [sale["total"] for sale in erp.made["/sales"] if sale["number"] == "W-2"] == [99]
    assert "operator: Edited and retried" in page_of(person, found)


def test_what_is_typed_and_refused_stays(erp: Erp, admin_client: Client) -> None:
    page = press(admin_client, refused_order(erp), "edit", entity='{"number": "W-2",')
    assert "The entity isn&#x27;t JSON (line 1, column 18)" in page
    assert "{&quot;number&quot;: &quot;W-2&quot;," in page
    assert statuses()["W-2"] == "failed"


def test_what_is_masked_on_the_page_is_kept_when_it_is_left_alone(erp: Erp, admin_client: Client) -> None:
    found = refused_order(erp, api_key="k-123", note="?token=abc")
    page = page_of(admin_client, found)
    assert "k-123" not in page
    shown = json.loads(pretty(found.entity))
    assert shown["api_key"] == MASK
    press(admin_client, found, "edit", entity=json.dumps({**shown, "total": 5}))
    found.refresh_from_db()
    assert found.entity == {**order(2, total=5), "api_key": "k-123", "note": "?token=abc"}
    assert unmasked([{"api_key": MASK}, {}], [{"api_key": "a"}]) == [{"api_key": MASK}, {}]


def test_tasks_are_retried_and_skipped_one_by_one_and_many_at_once(erp: Erp, admin_client: Client) -> None:
    found = refused_order(erp)
    assert "Skipped: it is left undone" in press(admin_client, found, "skip")
    assert statuses()["W-2"] == "skipped"
    chosen = {"_selected_action": [found.pk], "action": "retry_chosen"}
    assert "1 tasks are due again" in admin_client.post(reverse(LIST), chosen, follow=True).content.decode()
    chosen["action"] = "skip_chosen"
    assert "1 tasks were skipped" in admin_client.post(reverse(LIST), chosen, follow=True).content.decode()
    assert "Retried: it is due" in press(admin_client, found, "retry")
    work()
    assert statuses()["W-2"] == "finished"
    assert "there is nothing to retry" in press(admin_client, found, "retry")


def unclear(erp: Erp) -> RouteTask:
    erp.orders = [order(1)]
    erp.faults = [lambda seen: Say(502) if seen.method == "POST" else None]
    run_route(make_route(erp.url, sends=SEND_BLINDLY))
    work()
    erp.faults = []
    return task("W-1")


def test_what_is_unclear_is_settled_by_a_person(erp: Erp, admin_client: Client) -> None:
    found = unclear(erp)
    page = page_of(admin_client, found)
    assert "It is not there: send again" in page
    assert "Save the entity and retry" not in page
    assert "There as SALES-7" in press(admin_client, found, "mark_done", remote_id="SALES-7")
    assert "nothing unclear to be settled" in press(admin_client, found, "send_again")
    assert statuses() == {"W-1": "finished"}


@pytest.mark.parametrize("what", ["retry", "skip", "edit", "mark_done", "send_again", "try"])
def test_who_may_only_look_has_no_buttons(erp: Erp, what: str) -> None:
    found = refused_order(erp)
    person = viewer()
    page = page_of(person, found)
    assert "Total too low" in page
    assert "Save the entity and retry" not in page
    assert "403" in press(person, found, what, entity="{}")
    assert WorkUnit.objects.get(pk=found.unit_id).status == "failed"


def test_a_stranger_sees_nothing_and_every_button_needs_its_token(erp: Erp, admin_client: Client) -> None:
    found = refused_order(erp)
    person = stranger()
    assert person.get(reverse(LIST)).status_code == 403
    url = reverse("admin:routes_routetask_change", args=(found.pk,))
    assert person.get(url).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin_client.cookies
    do = reverse("admin:routes_routetask_do", args=(found.pk,))
    assert strict.post(do, {"what": "skip"}).status_code == 403
    assert statuses()["W-2"] == "failed"
