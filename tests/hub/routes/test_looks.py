"""Looks of an entity that come out of order, twice, or back again: what the other system has at the end."""

from __future__ import annotations

from typing import Any

import pytest

from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.arrivals import Arrival, keep
from mageferry.hub.routes.models import Incoming, Processed, Route
from mageferry.hub.routes.operations import edit_and_retry, failed_tasks, retry, skip
from mageferry.hub.routes.runner import run_route
from mageferry.hub.work.models import WorkUnit
from tests.http.local_server import Say
from tests.hub.routes.builders import (
    READ_ORDERS,
    SEND_BLINDLY,
    make_route,
    order,
    statuses,
    task,
    work,
    work_again,
)
from tests.hub.routes.deaths import attempt_and_die
from tests.hub.routes.erp import Erp

DATED: dict[str, Any] = {**READ_ORDERS, "delta": {"path": "updated_at"}}
NUMBERED: dict[str, Any] = {
    **READ_ORDERS,
    "entities": {"identifier": ["number"], "version": "revision"},
}


def totals(erp: Erp) -> list[Any]:
    """What was sent of the order, in its order."""
    return [sale["total"] for sale in erp.made.get("/sales", [])]


def read(erp: Erp, route: Route, *orders: dict[str, Any]) -> int:
    erp.orders = list(orders)
    return run_route(route).created


def test_a_look_that_comes_back_while_another_waits_is_sent_again(erp: Erp) -> None:
    left = [Say(502)]
    erp.faults = [lambda seen: left.pop() if seen.method == "POST" and left and erp.obey(seen) else None]
    route = make_route(erp.url)
    read(erp, route, order(1, total=1))
    work()
    assert task("W-1").unit.step == "unclear"
    read(erp, route, order(1, total=2))
    assert read(erp, route, order(1, total=1)) == 1
    for _ in range(3):
        work_again()
    assert totals(erp)[-1] == 1, "as it is at the source"
    assert read(erp, route, order(1, total=1)) == 0


def test_a_look_that_was_skipped_comes_back_after_another_one(erp: Erp) -> None:
    route = make_route(erp.url, transformers=[{"type": "set", "target": "total", "value": "&{amount}"}])
    read(erp, route, order(1, amount=None))
    work()
    skip(failed_tasks(route), "Not like this")
    assert read(erp, route, order(1, amount=None)) == 0
    for amount in (2, 3, 2):
        assert read(erp, route, order(1, amount=amount)) == 1
        work()
    assert totals(erp) == [2, 3, 2]
    assert read(erp, route, order(1, amount=None)) == 1, "it was something else meanwhile"


@pytest.mark.parametrize(
    ("reads", "older", "newer"),
    [
        (DATED, {"updated_at": "2026-01-01T10:00:00Z"}, {"updated_at": "2026-01-01T12:00:00+01:00"}),
        (NUMBERED, {"revision": 9}, {"revision": 10}),
        (NUMBERED, {"revision": "2026-01-01"}, {"revision": "2026-01-02T00:00:00Z"}),
    ],
    ids=["date", "number", "moment"],
)
def test_an_older_look_never_replaces_a_newer_one(
    erp: Erp, reads: dict[str, Any], older: dict[str, Any], newer: dict[str, Any]
) -> None:
    old, new = order(1, total=1, **older), order(1, total=2, **newer)
    route = make_route(erp.url, reads=reads)
    assert read(erp, route, new, old) == 1, "of a page"
    assert read(erp, route, old) == 0, "while the newer one waits"
    work()
    run = run_route(route)
    assert (run.created, run.skipped) == (0, 1), "when the newer one is sent"
    assert totals(erp) == [2]


def test_two_looks_kept_at_the_same_moment_are_sent_by_their_versions(erp: Erp) -> None:
    route = make_route(erp.url)
    for revision in (2, 1):
        # Neither saw the other: as two deliveries whose transactions overlap.
        arrival = Arrival(order(1, total=revision), "W-1", f"look {revision}", version=None)
        keep(route, [arrival])
    tasks = {each.fingerprint: each for each in route.tasks.all()}
    for revision in (2, 1):
        route.tasks.filter(pk=tasks[f"look {revision}"].pk).update(version=revision)
    WorkUnit.objects.update(status="new")
    work()
    work_again()
    assert totals(erp) == [2]
    assert Processed.objects.get().fingerprint == "look 2"


def test_an_entity_without_its_version_fails_alone(erp: Erp) -> None:
    route = make_route(erp.url, reads=NUMBERED)
    assert read(erp, route, order(1, revision=1), order(2), order(3, revision="first")) == 1
    assert statuses() == {"W-1": "new", "W-2": "failed", "W-3": "failed"}
    assert "Its version at revision" in task("W-2").unit.reason


def test_an_item_that_failed_long_ago_does_not_replace_what_came_since(erp: Erp) -> None:
    route = make_route(erp.url)
    read(erp, route, {"total": 5})
    read(erp, route, order(1, total=9))
    work()
    Incoming.objects.update(transformers=[{"type": "set", "target": "number", "value": "W-1"}])
    retry(failed_tasks(route))
    work()
    work_again()
    assert totals(erp) == [9]


def test_what_a_person_edited_is_the_newest_there_is(erp: Erp) -> None:
    route = make_route(erp.url)
    read(erp, route, {"total": 5})
    read(erp, route, order(1, total=9))
    work()
    edit_and_retry(failed_tasks(route).get(), order(1, total=7))
    work()
    work_again()
    assert totals(erp) == [9, 7]


def test_an_unclear_look_that_was_skipped_is_not_sent_over_a_newer_one(erp: Erp) -> None:
    """Retried after all, a request that may be repeated would go out at once."""
    route = make_route(erp.url, sends={**SEND_BLINDLY, "repeat": {"safe": True}})
    read(erp, route, order(1, total=1))
    attempt_and_die(answered=False)
    first = task("W-1")
    WorkUnit.objects.update(status="failed")
    skip([first], "It takes too long")
    read(erp, route, order(1, total=2))
    work()
    retry([first])
    work()
    work_again()
    assert totals(erp) == [2]


def test_with_every_run_also_what_is_beyond_the_most_tasks_is_taken(erp: Erp) -> None:
    route = make_route(erp.url, changes="always", tasks_per_run=2)
    for _ in range(2):
        read(erp, route, *[order(number) for number in range(5)])
        work()
    assert sorted(sale["number"] for sale in erp.made["/sales"]) == sorted([f"W-{n}" for n in range(5)] * 2)


def test_tasks_wait_while_the_client_is_switched_off(erp: Erp) -> None:
    route = make_route(erp.url)
    read(erp, route, order(1))
    HttpClientRecord.objects.update(enabled=False)
    work()
    waiting = task("W-1").unit
    assert (waiting.status, waiting.attempts, waiting.reason) == ("retry", 0, "ERP is switched off.")
    HttpClientRecord.objects.update(enabled=True)
    work_again()
    assert statuses() == {"W-1": "finished"}
