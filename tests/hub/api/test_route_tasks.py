"""Tasks of routes through the API: found page by page, shown the whole way, edited, retried, skipped, settled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mageferry.hub.routes.models import Route
from mageferry.hub.routes.runner import run_route
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from tests.http.local_server import Say
from tests.hub.api.people import Caller
from tests.hub.routes.builders import SEND_BLINDLY, make_route, order, statuses, task, work
from tests.hub.routes.erp import Erp


@pytest.fixture
def route(erp: Erp) -> Route:
    """Three orders: two are sent, W-2 is refused."""
    erp.orders = [order(1), order(2, total=None), order(3, api_key="canary-99x")]
    made = make_route(erp.url)
    run_route(made)
    work()
    assert statuses() == {"W-1": "finished", "W-2": "failed", "W-3": "finished"}
    return made


def pages(caller: Caller, **query: Any) -> Iterator[list[str]]:
    """Identifiers, page by page."""
    after: int | None = None
    while True:
        page = caller.get("tasks", **query, **({"after": after} if after else {})).json()
        yield [each["identifier"] for each in page["items"]]
        after = page["next"]
        if after is None:
            return


def test_tasks_are_read_page_by_page_the_newest_first(erp: Erp, route: Route, owner: Caller) -> None:
    reading = pages(owner, limit=2)
    assert next(reading) == ["W-3", "W-2"]
    erp.orders = [order(4)]
    run_route(route)
    assert next(reading) == ["W-1"], "a new one shifts nothing"
    assert list(reading) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "failed"}, ["W-2"]),
        ({"route": "orders", "status": "finished"}, ["W-3", "W-1"]),
        ({"identifier": "W-1"}, ["W-1"]),
        ({"text": "-3"}, ["W-3"]),
        ({"reason": "finds nothing"}, ["W-2"]),
        ({"created_before": "2020-01-01T00:00:00Z"}, []),
        ({"created_from": "2020-01-01T00:00:00Z", "text": "w-2"}, ["W-2"]),
    ],
)
def test_tasks_are_found(route: Route, owner: Caller, query: dict[str, Any], found: list[str]) -> None:
    assert list(pages(owner, **query)) == [found]


def test_a_filter_that_finds_nothing_by_mistake_is_refused(route: Route, owner: Caller) -> None:
    refused = owner.get("tasks", status="broken")
    assert refused.status_code == 422
    assert "They are: new, processing" in refused.json()["detail"]
    assert owner.get("tasks", route="nope").status_code == 422


def test_a_task_is_shown_the_whole_way_without_its_secrets(route: Route, owner: Caller) -> None:
    answer = owner.get(f"tasks/{task('W-3').unit_id}")
    shown = answer.json()
    assert (shown["status"], shown["step"], shown["attempts"]) == ("finished", "done", 1)
    assert shown["entity"] == {"number": "W-3", "total": 13, "api_key": "********"}
    assert shown["result"]["remote_id"] == "SALES-2"
    assert [(each["method"], each["status"]) for each in shown["exchanges"]] == [("POST", 201)]
    assert "canary-99x" not in answer.content.decode()
    refused = owner.get(f"tasks/{task('W-2').unit_id}").json()
    assert "finds nothing" in refused["reason"]
    assert refused["transformed"] == {"number": "W-2", "total": None}


def test_a_task_knows_what_it_became(erp: Erp, owner: Caller) -> None:
    erp.orders = [order(1, lines=[{"sku": "A"}, {"sku": "B"}])]
    entity = {"number": "&{entity.number}-&{item.sku}", "total": 1}
    run_route(make_route(erp.url, transformers=[{"type": "split", "source": "lines", "entity": entity}]))
    work()
    shown = owner.get(f"tasks/{task('W-1').unit_id}").json()
    assert shown["parts"] == [task("W-1#1").unit_id, task("W-1#2").unit_id]
    assert owner.get(f"tasks/{task('W-1#2').unit_id}").json()["parent"] == shown["id"]


def test_an_entity_is_edited_and_sent(erp: Erp, route: Route, owner: Caller) -> None:
    failed = task("W-2").unit_id
    assert owner.post(f"tasks/{failed}/edit", {"entity": order(2)}).json() == {"changed": 1}
    work()
    assert erp.made["/sales"][-1]["number"] == "W-2"
    refused = owner.post(f"tasks/{failed}/edit", {"entity": order(2)})
    assert refused.status_code == 409
    assert "Finished: only failed and waiting ones are edited" in refused.json()["message"]


def test_tasks_are_retried_and_skipped_alone_and_many_at_once(erp: Erp, owner: Caller) -> None:
    erp.orders = [order(number, total=None) for number in range(4)]
    run_route(make_route(erp.url))
    work()
    first, second = task("W-0").unit_id, task("W-1").unit_id
    assert owner.post(f"tasks/{first}/retry").json() == {"changed": 1}
    assert owner.post(f"tasks/{first}/skip").json() == {"changed": 1}
    assert task("W-0").unit.reason == "Skipped by owner through the API."
    assert owner.post("tasks/skip", {"ids": [second], "why": "Old."}).json() == {"changed": 1}
    assert task("W-1").unit.reason == "Old."
    assert owner.post("tasks/retry", {"route": "orders", "status": "failed"}).json() == {"changed": 2}
    assert statuses() == {"W-0": "skipped", "W-1": "skipped", "W-2": "new", "W-3": "new"}
    assert owner.post("tasks/skip", {}).status_code == 422, "not everything by an empty body"


def test_what_a_person_found_settles_an_unclear_task(erp: Erp, owner: Caller) -> None:
    erp.orders = [order(1), order(2)]
    erp.faults = [lambda seen: Say(502) if seen.method == "POST" else None]
    run_route(make_route(erp.url, sends=SEND_BLINDLY))
    work()
    erp.faults = []
    there, not_there = task("W-1").unit_id, task("W-2").unit_id
    refused = owner.post(f"tasks/{there}/edit", {"entity": order(1)})
    assert refused.status_code == 409
    assert "unclear" in refused.json()["message"]
    assert owner.post(f"tasks/{there}/settle", {"there": True, "remote_id": "SALES-7"}).status_code == 200
    assert owner.post(f"tasks/{not_there}/settle", {"there": False}).status_code == 200
    work()
    assert statuses() == {"W-1": "finished", "W-2": "finished"}
    assert [sale["number"] for sale in erp.made["/sales"]] == ["W-2"]
    assert owner.post(f"tasks/{there}/settle", {"there": True}).status_code == 409


def test_who_only_looks_changes_nothing_and_strangers_see_nothing(
    route: Route, viewer: Caller, stranger: Caller
) -> None:
    failed = task("W-2").unit_id
    WorkUnit.objects.filter(pk=failed).update(step=Step.UNCLEAR)
    for path in ("tasks", f"tasks/{failed}"):
        assert viewer.get(path).status_code == 200
        assert stranger.get(path).status_code == 403
    acts = {
        f"tasks/{failed}/edit": {"entity": {}}, f"tasks/{failed}/retry": {}, f"tasks/{failed}/skip": {},
        f"tasks/{failed}/settle": {"there": True}, "tasks/retry": {"ids": [failed]}, "tasks/skip": {"ids": [failed]},
    }  # fmt: skip
    for path, body in acts.items():
        for caller in (viewer, stranger):
            assert caller.post(path, body).status_code == 403, path
    assert WorkUnit.objects.get(pk=failed).status == UnitStatus.FAILED
