"""What a person does with tasks: edit, retry, skip, settle what is unclear."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mageferry.http.redaction import Secret
from mageferry.hub.routes import operations
from mageferry.hub.routes.models import Route, RouteTask, TaskRetry
from mageferry.hub.routes.operations import (
    edit_and_retry,
    failed_tasks,
    mark_done,
    retry,
    send_again,
    skip,
)
from mageferry.hub.routes.plain import NotStorable
from mageferry.hub.routes.pruning import prune_tasks
from mageferry.hub.routes.runner import run_route
from mageferry.hub.routes.schedules import follow_routes, schedule_of
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.operations import NotNow
from mageferry.hub.work.schedules import fire_due
from tests.http.local_server import Say
from tests.hub.routes.builders import SEND_BLINDLY, make_route, order, statuses, task, work
from tests.hub.routes.erp import Erp
from tests.hub.routes.test_chains import CHAIN


def failing(erp: Erp) -> Route:
    """A route with one order that was refused."""
    erp.orders = [order(1, total=None)]
    route = make_route(erp.url)
    run_route(route)
    work()
    assert statuses() == {"W-1": "failed"}
    return route


def test_an_edited_task_is_sent_as_edited(erp: Erp) -> None:
    failing(erp)
    edit_and_retry(task("W-1"), order(1, total=7))
    work()
    assert [sale["total"] for sale in erp.made["/sales"]] == [7]


def test_an_item_that_is_no_entity_is_edited_into_one(erp: Erp) -> None:
    erp.orders = [{"total": 5}]
    route = make_route(erp.url)
    run_route(route)
    bad = failed_tasks(route).get()
    edit_and_retry(bad, {"total": 5, "number": "W-5"})
    work()
    assert [sale["number"] for sale in erp.made["/sales"]] == ["W-5"]
    bad.refresh_from_db()
    assert bad.result == {"became": 1, "tasks": [task("W-5").unit_id]}


def test_what_is_done_or_unclear_is_not_edited(erp: Erp) -> None:
    erp.orders = [order(1)]
    run_route(make_route(erp.url))
    work()
    with pytest.raises(NotNow, match="Finished: only failed and waiting ones are edited"):
        edit_and_retry(task("W-1"), order(1))
    WorkUnit.objects.update(status=UnitStatus.FAILED, step=Step.UNCLEAR)
    with pytest.raises(NotNow, match="it is unclear whether it happened"):
        edit_and_retry(task("W-1"), order(1))


def test_a_secret_is_never_edited_into_a_task(erp: Erp) -> None:
    failing(erp)
    with pytest.raises(NotStorable, match="a secret would be stored"):
        edit_and_retry(task("W-1"), {"number": Secret("s3cret")})


def test_skipped_tasks_come_again_only_in_another_look(erp: Erp) -> None:
    route = failing(erp)
    assert skip(failed_tasks(route), "Not wanted") == 1
    assert run_route(route).created == 0
    erp.orders = [order(1)]
    assert run_route(route).created == 1


def test_many_are_retried_at_once(erp: Erp) -> None:
    erp.orders = [order(number) for number in range(3)]
    erp.faults = [lambda seen: Say(422) if seen.method == "POST" else None]
    route = make_route(erp.url)
    run_route(route)
    work()
    erp.faults = []
    assert retry(failed_tasks(route)) == 3
    work()
    assert len(erp.made["/sales"]) == 3


def unclear(erp: Erp) -> RouteTask:
    """A task of which nobody knows what became of it."""
    erp.faults = [lambda seen: Say(502) if seen.method == "POST" else None]
    erp.orders = [order(1)]
    run_route(make_route(erp.url, sends=SEND_BLINDLY))
    work()
    erp.faults = []
    return task("W-1")


def test_a_person_who_has_looked_sends_again(erp: Erp) -> None:
    send_again(unclear(erp))
    work()
    assert [sale["number"] for sale in erp.made["/sales"]] == ["W-1"]


def test_a_person_who_has_looked_marks_it_as_done(erp: Erp) -> None:
    mark_done(unclear(erp), "SALES-77")
    assert statuses() == {"W-1": "finished"}
    assert task("W-1").result == {"remote_id": "SALES-77", "adopted": True}
    with pytest.raises(NotNow, match="nothing unclear"):
        mark_done(task("W-1"))


def test_a_chain_goes_on_behind_the_step_that_a_person_found(erp: Erp) -> None:
    steps = [{**step, "repeat": {}} for step in CHAIN["steps"]]
    erp.faults = [lambda seen: Say(502) if seen.path == "/sales" else None]
    erp.orders = [order(1)]
    run_route(make_route(erp.url, sends={"steps": steps}, outgoing_type="chain"))
    work()
    mark_done(task("W-1"), "SALES-9")
    work()
    assert statuses() == {"W-1": "finished"}
    assert [note["sale"] for note in erp.made["/notes"]] == ["SALES-9"]
    assert "/sales" not in erp.made


def test_finished_tasks_go_by_the_rule_of_their_route_and_failed_ones_stay(erp: Erp) -> None:
    erp.orders = [order(number) for number in range(4)] + [order(9, total=None)]
    route = make_route(erp.url, keep_tasks=2, keep_days=7)
    run_route(route)
    work()
    assert prune_tasks(route) == 2
    assert statuses() == {"W-2": "finished", "W-3": "finished", "W-9": "failed"}
    WorkUnit.objects.update(finished_at=timezone.now() - timedelta(days=8))
    prune_tasks(route)
    assert statuses() == {"W-9": "failed"}
    assert run_route(route).created == 0, "what was processed is still known"


def test_a_route_runs_by_its_schedule(erp: Erp) -> None:
    erp.orders = [order(1)]
    route = make_route(erp.url)
    assert follow_routes() == 1
    schedule = schedule_of(route)
    assert schedule is not None
    schedule.next_at = timezone.now()
    schedule.save()
    fire_due()
    drain(["run_route"])
    assert statuses() == {"W-1": "new"}
    Route.objects.update(enabled=False)
    follow_routes()
    schedule.refresh_from_db()
    assert not schedule.enabled


def test_many_are_taken_in_portions_and_each_once(erp: Erp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_AT_ONCE", 2)
    erp.orders = [order(number) for number in range(5)]
    erp.faults = [lambda seen: Say(422) if seen.method == "POST" else None]
    route = make_route(erp.url)
    run_route(route)
    work()
    portions = list(operations.portions_of(operations.failed_tasks(route)))
    assert [[each.identifier for each in portion] for portion in portions] == [
        ["W-0", "W-1"],
        ["W-2", "W-3"],
        ["W-4"],
    ]
    assert "entity" in portions[0][0].get_deferred_fields()
    assert operations.retry(operations.failed_tasks(route), "mary") == 5, (
        "though a retried one has failed no more"
    )
    assert set(TaskRetry.objects.values_list("by", flat=True)) == {"mary"}
    assert operations.skip(RouteTask.objects.all(), "Not wanted") == 5
