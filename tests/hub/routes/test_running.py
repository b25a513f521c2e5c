"""A route from page to request: each entity once, whatever is read again."""

from __future__ import annotations

import pytest

from mageferry.hub.routes.models import RouteTask
from mageferry.hub.routes.runner import lease_name, run_route
from mageferry.hub.work.leases import LeaseHeld, holding
from mageferry.hub.work.models import RunStatus, WorkUnit
from mageferry.hub.work.runs import NotRunnable
from tests.http.local_server import Say
from tests.hub.routes.builders import make_route, order, statuses, task, work
from tests.hub.routes.erp import Erp


def test_each_order_of_each_page_becomes_a_task_and_a_request(erp: Erp) -> None:
    erp.orders, erp.page_size = [order(number) for number in range(5)], 2
    route = make_route(erp.url)
    run = run_route(route)
    assert (run.row.status, run.read, run.created, run.failed) == (RunStatus.FINISHED, 5, 5, 0)
    assert erp.posted == []
    work()
    assert [sale["number"] for sale in erp.made["/sales"]] == ["W-0", "W-1", "W-2", "W-3", "W-4"]
    sent = task("W-3")
    assert sent.result == {"remote_id": "SALES-4", "status": 201, "adopted": False}
    assert [(each.method, each.status) for each in sent.exchanges.all()] == [("POST", 201)]
    assert '"number":"W-3"' in sent.exchanges.get().request


def test_what_is_unchanged_is_no_task_again(erp: Erp) -> None:
    erp.orders = [order(1), order(2)]
    route = make_route(erp.url)
    run_route(route)
    again = run_route(route)
    assert (again.created, again.unchanged) == (0, 2), "they are tasks that wait"
    work()
    again = run_route(route)
    assert (again.created, again.unchanged) == (0, 2), "they are processed"
    assert RouteTask.objects.count() == 2


def test_an_order_that_goes_back_to_an_earlier_look_is_sent_again(erp: Erp) -> None:
    route = make_route(erp.url)
    for total in (1, 2, 1):
        erp.orders = [order(1, total=total)]
        run_route(route)
        work()
    assert [sale["total"] for sale in erp.made["/sales"]] == [1, 2, 1]


def test_a_newer_look_replaces_the_one_that_waits(erp: Erp) -> None:
    route = make_route(erp.url)
    for total in (1, 2):
        erp.orders = [order(1, total=total)]
        run_route(route)
    assert sorted(WorkUnit.objects.values_list("status", flat=True)) == ["new", "skipped"]
    work()
    assert [sale["total"] for sale in erp.made["/sales"]] == [2]


def test_a_page_that_fails_keeps_those_before_it_and_says_where(erp: Erp) -> None:
    erp.orders, erp.page_size = [order(number) for number in range(4)], 2
    erp.faults = [lambda seen: Say(500) if seen.query.get("page") == "2" else None]
    run = run_route(make_route(erp.url))
    assert run.row.status == RunStatus.FAILED
    assert run.row.error.startswith("Page 2: ")
    assert statuses() == {"W-0": "new", "W-1": "new"}


def test_pages_without_an_end_are_noticed(erp: Erp) -> None:
    erp.orders = [order(1)]
    erp.faults = [lambda seen: Say(body={"orders": erp.orders}) if seen.method == "GET" else None]
    run = run_route(make_route(erp.url))
    assert run.row.status == RunStatus.FAILED
    assert "The same items came before" in run.row.error
    assert statuses() == {"W-1": "new"}


def test_one_bad_order_of_a_thousand_fails_alone(erp: Erp) -> None:
    erp.orders = [order(number) for number in range(1000)]
    del erp.orders[500]["number"]
    route = make_route(erp.url)
    run = run_route(route)
    assert (run.row.status, run.created, run.failed) == (RunStatus.PARTLY, 999, 1)
    failed = WorkUnit.objects.get(status="failed")
    assert "no identifier" in failed.reason
    assert failed.remedy
    assert failed.route_task.entity == {"total": 510}
    assert run_route(route).failed == 0, "it is kept: no news"


def test_a_run_stops_at_its_most_tasks_and_the_next_one_goes_on(erp: Erp) -> None:
    erp.orders, erp.page_size = [order(number) for number in range(5)], 2
    route = make_route(erp.url, tasks_per_run=3)
    assert run_route(route).created == 3
    assert run_route(route).created == 2
    assert len(statuses()) == 5


def test_two_runs_of_a_route_never_overlap(erp: Erp) -> None:
    route = make_route(erp.url)
    with holding(lease_name(route)), pytest.raises(LeaseHeld):
        run_route(route)


def test_a_route_that_is_switched_off_does_not_run(erp: Erp) -> None:
    with pytest.raises(NotRunnable, match="Orders is switched off"):
        run_route(make_route(erp.url, enabled=False))
