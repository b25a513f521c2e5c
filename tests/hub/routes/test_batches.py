"""Tasks of a batch: announced in one commit where their requests can be settled, and still sent once each."""

from __future__ import annotations

from typing import Any

import pytest

from mageferry.hub.routes import batches
from mageferry.hub.routes.arrivals import ROUTE_TASK
from mageferry.hub.routes.models import Route, RouteTask
from mageferry.hub.routes.runner import run_route
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import attempt, loaded_together
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.units import Claim, Outcome
from tests.hub.routes.builders import SEND_BLINDLY, SEND_ORDER, make_route, order, statuses, work, work_again
from tests.hub.routes.deaths import Killed, dying
from tests.hub.routes.erp import Erp
from tests.hub.work.builders import end_leases

LEFT_OUT: list[dict[str, Any]] = [{"type": "filter", "keep": "number != 'W-2'"}]


def read_three(erp: Erp, **route: Any) -> None:
    erp.orders = [order(number) for number in (1, 2, 3)]
    run_route(make_route(erp.url, **route))


def claim_all() -> list[Claim]:
    claims = ledger.claim("worker", kinds=[ROUTE_TASK], limit=10)
    assert len(claims) == 3
    return claims


def steps() -> list[str]:
    return list(WorkUnit.objects.filter(kind=ROUTE_TASK).order_by("pk").values_list("step", flat=True))


def die_at_the_second(erp: Erp, *, answered: bool) -> None:
    claims = claim_all()
    with loaded_together(claims, {}) as loaded, dying(2, answered=answered):
        assert isinstance(attempt(claims[0], loaded), Outcome)
        with pytest.raises(Killed):
            attempt(claims[1], loaded)
    end_leases()


@pytest.mark.parametrize("answered", [False, True])
def test_a_worker_that_dies_within_an_announced_batch_makes_nothing_twice(erp: Erp, answered: bool) -> None:
    read_three(erp)
    die_at_the_second(erp, answered=answered)
    assert steps() == [Step.SENDING] * 3, "of none it is known whether it was sent"
    for _ in range(3):
        work()
        work_again()
    assert statuses() == {"W-1": "finished", "W-2": "finished", "W-3": "finished"}
    assert sorted(sale["number"] for sale in erp.made["/sales"]) == ["W-1", "W-2", "W-3"]


def test_what_cannot_be_looked_for_is_announced_one_by_one(erp: Erp) -> None:
    """Else a death of the worker would leave all of a batch to a person, and not the one that was being sent."""
    read_three(erp, sends=SEND_BLINDLY)
    claims = claim_all()
    with loaded_together(claims, {}) as loaded:
        assert steps() == [Step.INTENT] * 3
        attempt(claims[0], loaded)
    assert steps() == [Step.SENDING, Step.INTENT, Step.INTENT]


def test_what_is_sent_later_is_stored_with_the_announcement(erp: Erp) -> None:
    read_three(erp, transformers=[{"type": "set", "target": "total", "value": 5}])
    with loaded_together(claim_all(), {}):
        assert [each.transformed["total"] for each in RouteTask.objects.all()] == [5, 5, 5]


def test_one_that_is_left_out_is_not_announced(erp: Erp) -> None:
    read_three(erp, transformers=LEFT_OUT)
    with loaded_together(claim_all(), {}):
        assert steps() == [Step.SENDING, Step.INTENT, Step.SENDING]
    end_leases()
    for _ in range(3):
        work()
        work_again()
    assert statuses() == {"W-1": "finished", "W-2": "skipped", "W-3": "finished"}


def test_a_route_that_is_switched_off_meanwhile_takes_its_announcement_back(
    erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_three(erp)
    claims = claim_all()
    with loaded_together(claims, {}) as loaded:
        monkeypatch.setattr(batches, "FRESH_SECONDS", 0.0)
        Route.objects.update(enabled=False)
        outcome = attempt(claims[0], loaded)
    assert outcome is not None
    assert (outcome.status, outcome.step) == (UnitStatus.RETRY, Step.INTENT)
    assert erp.posted == []


def test_a_worker_that_was_stopped_for_long_looks_at_its_lease_before_it_sends(
    erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_three(erp)
    claims = claim_all()
    with loaded_together(claims, {}) as loaded:
        monkeypatch.setattr(batches, "FRESH_SECONDS", 0.0)
        WorkUnit.objects.update(lease_token=99)
        assert attempt(claims[0], loaded) is None
    assert erp.posted == []


def test_a_look_up_and_a_request_go_out_for_each_task_alone(erp: Erp) -> None:
    read_three(erp, sends=SEND_ORDER)
    work()
    assert len(erp.posted) == 3
    assert [each.exchanges.count() for each in RouteTask.objects.all()] == [1, 1, 1]
    assert {each.unit.result["remote_id"] for each in RouteTask.objects.select_related("unit")} == {
        "SALES-1",
        "SALES-2",
        "SALES-3",
    }
