"""Chains as outgoings: each step once, whatever dies where; ids of the map with the state, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from mageferry.hub.routes.models import IdMapEntry, Route, RouteTask
from mageferry.hub.routes.publishing import stored_state
from mageferry.hub.routes.runner import run_route
from mageferry.hub.work.connections import own_connection
from mageferry.hub.work.models import UnitStatus, WorkUnit
from tests.http.local_server import Say, Seen
from tests.hub.routes.builders import make_route, order, statuses, task, work, work_again
from tests.hub.routes.deaths import attempt_and_die
from tests.hub.routes.erp import Erp


def look_up(path: str) -> dict[str, Any]:
    request = {"method": "GET", "path": f"{path}/&{{entity.number}}"}
    return {"look_up": {"request": request, "found": "items"}}


CHAIN: dict[str, Any] = {
    "steps": [
        {
            "name": "customer",
            "read_ids": {"known": {"map": "customers", "key": "&{entity.number}"}},
            "when": "!(ids.known)",
            "request": {"path": "/customers", "body": {"number": "&{entity.number}"}},
            "answer": {"id": "id"},
            "repeat": look_up("/customers"),
            "save_ids": [{"map": "customers", "key": "&{entity.number}"}],
        },
        {
            "name": "sale",
            "read_ids": {"customer": {"map": "customers", "key": "&{entity.number}", "needed": True}},
            "request": {
                "path": "/sales",
                "body": {"number": "&{entity.number}", "customer": "&{ids.customer}"},
            },
            "answer": {"id": "id"},
            "repeat": look_up("/sales"),
        },
        {
            "name": "note",
            "request": {"path": "/notes", "body": {"number": "&{entity.number}", "sale": "&{sale.id}"}},
            "answer": {"id": "id"},
            "repeat": look_up("/notes"),
        },
    ]
}


def read_one(erp: Erp) -> Route:
    erp.orders = [order(1)]
    route = make_route(erp.url, sends=CHAIN, outgoing_type="chain")
    run_route(route)
    return route


def counts(erp: Erp) -> dict[str, int]:
    return {path: len(rows) for path, rows in erp.made.items()}


ALL_ONCE = {"/customers": 1, "/sales": 1, "/notes": 1}


def test_steps_use_what_earlier_ones_answered_and_the_id_map(erp: Erp) -> None:
    read_one(erp)
    work()
    assert erp.made["/sales"][0]["customer"] == "CUSTOMERS-1"
    assert erp.made["/notes"][0]["sale"] == "SALES-1"
    done = task("W-1")
    assert done.result == {"ids": {"customer": "CUSTOMERS-1", "sale": "SALES-1", "note": "NOTES-1"}}
    assert [each.step for each in done.exchanges.all()] == ["customer", "sale", "note"]
    assert IdMapEntry.objects.get(map="customers", local_id="W-1").remote_id == "CUSTOMERS-1"


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_worker_that_dies_at_any_step_makes_nothing_twice(erp: Erp, at: int, answered: bool) -> None:
    read_one(erp)
    attempt_and_die(at, answered=answered)
    work()
    work_again()
    assert (statuses(), counts(erp)) == ({"W-1": "finished"}, ALL_ONCE)


def test_workers_that_die_at_every_request_still_come_through(erp: Erp) -> None:
    read_one(erp)
    for answered in (True, False, True):
        WorkUnit.objects.update(status=UnitStatus.NEW, deaths=0, not_before=None, step="unclear")
        attempt_and_die(answered=answered)
    for _ in range(3):
        work_again()
    assert (statuses(), counts(erp)) == ({"W-1": "finished"}, ALL_ONCE)


def test_a_refused_step_leaves_the_earlier_ones_done(erp: Erp) -> None:
    erp.faults = [lambda seen: Say(422, {"message": "No"}) if seen.path == "/sales" else None]
    read_one(erp)
    work()
    failed = task("W-1")
    assert failed.unit.reason.startswith("Step sale: ")
    assert list(stored_state(failed).finished) == ["customer"]
    assert "CUSTOMERS-1" not in str(RouteTask.objects.values("chain_state").get()), "answers are encrypted"


def test_a_mended_order_goes_on_where_the_chain_of_the_bad_one_stopped(erp: Erp) -> None:
    erp.faults = [lambda seen: Say(422) if seen.method == "POST" and seen.path == "/sales" else None]
    route = read_one(erp)
    work()
    erp.faults = []
    erp.orders = [order(1, total=12)]
    run_route(route)
    work()
    assert counts(erp) == ALL_ONCE
    assert sorted(WorkUnit.objects.values_list("status", flat=True)) == ["finished", "skipped"]


def test_ids_of_a_state_that_was_not_written_are_not_there(erp: Erp) -> None:
    def lose_the_lease(seen: Seen) -> Say | None:
        if seen.path == "/customers" and seen.method == "POST":
            with own_connection():
                WorkUnit.objects.update(lease_token=999)
        return None

    erp.faults = [lose_the_lease]
    read_one(erp)
    work()
    assert IdMapEntry.objects.count() == 0
    assert counts(erp) == {"/customers": 1}
