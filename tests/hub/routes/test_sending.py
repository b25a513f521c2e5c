"""Sending once: refusals, failures that pass, answers that never come, workers that die."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError

from mageferry.hub.routes import ends
from mageferry.hub.routes.models import Route, TaskExchange
from mageferry.hub.routes.runner import run_route
from mageferry.hub.work.models import Step, UnitStatus
from tests.http.local_server import Say, Seen
from tests.hub.routes.builders import (
    SEND_BLINDLY,
    SEND_ORDER,
    make_route,
    order,
    retry_all,
    statuses,
    task,
    work,
    work_again,
)
from tests.hub.routes.deaths import attempt_and_die
from tests.hub.routes.erp import Erp

KEYED: dict[str, Any] = {**SEND_BLINDLY, "repeat": {"key": "sale-&{number}"}}


def read_one(erp: Erp, **route: Any) -> Route:
    erp.orders = [order(1)]
    made = make_route(erp.url, **route)
    run_route(made)
    return made


def once(say: Say, *, method: str = "POST", done: Erp | None = None) -> Any:
    """A fault of one request; with the ERP given it does what was asked and then answers this."""
    left = [say]

    def fault(seen: Seen) -> Say | None:
        if seen.method != method or not left:
            return None
        if done is not None:
            done.obey(seen)
        return left.pop()

    return fault


def test_a_refusal_parks_the_task_with_reason_remedy_and_both_sides_of_the_request(erp: Erp) -> None:
    erp.faults = [once(Say(422, {"message": "Unknown total"}))]
    read_one(erp)
    work()
    failed = task("W-1")
    assert failed.unit.status == UnitStatus.FAILED
    assert "422" in failed.unit.reason
    assert "Unknown total" in failed.unit.reason
    assert failed.unit.remedy
    assert "Unknown total" in failed.exchanges.get().answer
    retry_all()
    assert [sale["number"] for sale in erp.made["/sales"]] == ["W-1"]


def test_what_passes_is_tried_again_no_sooner_than_the_server_asks(erp: Erp) -> None:
    erp.faults = [once(Say(429, {}, {"Retry-After": "600"}))]
    read_one(erp, interval_seconds=1)
    work()
    waiting = task("W-1").unit
    assert waiting.status == UnitStatus.RETRY
    assert waiting.not_before is not None
    assert (waiting.not_before - waiting.updated_at).total_seconds() >= 599
    work_again()
    assert statuses() == {"W-1": "finished"}


def test_a_route_gives_up_after_its_attempts(erp: Erp) -> None:
    erp.faults = [lambda seen: Say(429) if seen.method == "POST" else None]
    read_one(erp, attempts=2)
    work()
    work_again()
    failed = task("W-1").unit
    assert failed.status == UnitStatus.FAILED
    assert failed.reason.startswith("Given up after 2 attempts.")


def test_a_refusal_that_the_route_calls_passing_is_tried_again(erp: Erp) -> None:
    erp.faults = [once(Say(409, {"message": "Busy"}))]
    read_one(erp, retry_statuses="404, 409")
    work()
    assert task("W-1").unit.status == UnitStatus.RETRY
    work_again()
    assert statuses() == {"W-1": "finished"}


def test_an_answer_that_never_came_is_looked_for_and_adopted(erp: Erp) -> None:
    erp.faults = [once(Say(502), done=erp)]
    read_one(erp)
    work()
    assert (task("W-1").unit.status, task("W-1").unit.step) == (UnitStatus.RETRY, Step.UNCLEAR)
    work_again()
    done = task("W-1")
    assert (done.result["remote_id"], done.result["adopted"]) == ("SALES-1", True)
    assert len(erp.posted) == 1
    assert [each.step for each in done.exchanges.all()] == ["", "look-up"]


def test_what_is_not_there_after_an_unclear_answer_is_sent_again(erp: Erp) -> None:
    erp.faults = [once(Say(502))]
    read_one(erp)
    work()
    work_again()
    assert len(erp.posted) == 2
    assert len(erp.made["/sales"]) == 1


def test_an_answer_that_cannot_be_written_down_counts_all_the_same(
    erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a look-up a task that forgets its answer would be unclear for ever."""

    def fail(*_: object, **__: object) -> None:
        raise DatabaseError("disk is full")

    monkeypatch.setattr(ends, "add_exchanges", fail)
    read_one(erp, sends=SEND_BLINDLY)
    work()
    assert statuses() == {"W-1": "finished"}


def test_without_a_way_to_look_it_is_never_sent_again_by_itself(erp: Erp) -> None:
    erp.faults = [once(Say(502), done=erp)]
    read_one(erp, sends=SEND_BLINDLY)
    work()
    retry_all()
    unclear = task("W-1").unit
    assert (unclear.status, unclear.step) == (UnitStatus.FAILED, Step.UNCLEAR)
    assert "mark it as done" in unclear.remedy
    assert len(erp.posted) == 1


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("sends", [SEND_ORDER, KEYED, SEND_BLINDLY], ids=["look-up", "key", "blindly"])
def test_a_worker_that_dies_at_the_request_makes_nothing_twice(
    erp: Erp, sends: dict[str, Any], answered: bool
) -> None:
    keys: set[str] = set()

    def know_keys(seen: Seen) -> Say | None:
        key = seen.headers.get("Idempotency-Key")
        if not key or key not in keys:
            keys.update([key] if key else [])
            return None
        return Say(201, erp.made["/sales"][0])

    erp.faults = [know_keys]
    read_one(erp, sends=sends)
    attempt_and_die(answered=answered)
    work()
    work_again()
    if sends is SEND_BLINDLY:
        assert (statuses(), len(erp.made.get("/sales", []))) == ({"W-1": "failed"}, int(answered))
    else:
        assert (statuses(), len(erp.made["/sales"])) == ({"W-1": "finished"}, 1)


def test_a_newer_look_waits_until_the_unclear_one_is_settled(erp: Erp) -> None:
    erp.faults = [once(Say(502), done=erp)]
    route = read_one(erp)
    work()
    erp.orders = [order(1, total=99)]
    run_route(route)
    work()
    assert len(erp.posted) == 1
    work_again()
    work_again()
    assert [sale["total"] for sale in erp.made["/sales"]] == [11, 99]


def test_an_entity_that_cannot_be_filled_in_fails_before_anything_is_sent(erp: Erp) -> None:
    erp.orders = [{"number": "W-1"}]
    run_route(make_route(erp.url))
    work()
    assert "&{total} finds nothing" in task("W-1").unit.reason
    assert erp.posted == []
    assert TaskExchange.objects.count() == 0


def test_tasks_of_a_route_that_is_switched_off_wait_without_losing_attempts(erp: Erp) -> None:
    route = read_one(erp)
    Route.objects.filter(pk=route.pk).update(enabled=False)
    work()
    waiting = task("W-1").unit
    assert (waiting.status, waiting.attempts) == (UnitStatus.RETRY, 0)
    Route.objects.filter(pk=route.pk).update(enabled=True)
    work_again()
    assert statuses() == {"W-1": "finished"}


def test_transformers_change_leave_out_and_split(erp: Erp) -> None:
    erp.orders = [order(1, lines=[{"sku": "A"}, {"sku": "B"}]), order(2, lines=[])]
    transformers = [
        {"type": "filter", "keep": "lines"},
        {
            "type": "split",
            "source": "lines",
            "entity": {"number": "&{entity.number}-&{item.sku}", "total": 1},
        },
    ]
    run_route(make_route(erp.url, transformers=transformers))
    work()
    assert sorted(sale["number"] for sale in erp.made["/sales"]) == ["W-1-A", "W-1-B"]
    assert statuses() == {"W-1": "finished", "W-2": "skipped", "W-1#1": "finished", "W-1#2": "finished"}
