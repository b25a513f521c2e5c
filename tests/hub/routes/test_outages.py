"""Another system that is down: its client is paused with one notice, asked again, and goes on by itself."""

from __future__ import annotations

import json
import logging

import pytest

from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.models import Route
from mageferry.hub.routes.outages import PROBE, forget_answers
from mageferry.hub.routes.readiness import problems_of
from mageferry.hub.routes.runner import run_route
from mageferry.hub.work import outages
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.models import OPEN, Pause, UnitStatus, WorkUnit
from tests.http.local_server import Say
from tests.hub.routes.builders import make_route, order, work
from tests.hub.routes.erp import Erp
from tests.hub.work.builders import reach_their_time

ORDERS = 30


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures in a row are enough; the tests don't wait for them to go on for seconds."""
    monkeypatch.setattr(outages, "FAILING_SECONDS", 0.0)
    forget_answers()


@pytest.fixture
def route(erp: Erp) -> Route:
    erp.orders = [order(number) for number in range(ORDERS)]
    made = make_route(erp.url)
    run_route(made)
    return made


def go_away(erp: Erp) -> None:
    erp.faults = [lambda seen: Say(503, {"message": "Maintenance"})]


def probes() -> list[str]:
    return list(WorkUnit.objects.filter(kind=PROBE).order_by("pk").values_list("status", flat=True))


def test_many_tasks_that_fail_at_once_pause_their_client_with_one_notice(
    erp: Erp, route: Route, caplog: pytest.LogCaptureFixture
) -> None:
    go_away(erp)
    with caplog.at_level(logging.ERROR):
        work()
        work()
    pause = Pause.objects.get()
    assert (pause.connector_key, pause.automatic) == ("client:erp", True)
    tasks = WorkUnit.objects.filter(kind="route_task")
    assert tasks.filter(attempts__gt=0).count() == outages.FAILURES
    assert tasks.filter(status__in=OPEN).count() == ORDERS, "none of them has failed"
    assert probes() == ["waiting"]
    assert sum("paused until it answers" in record.message for record in caplog.records) == 1
    assert "is paused: The server answered 503" in " ".join(problems_of(route))


def test_they_go_on_by_themselves_when_it_answers_again(erp: Erp, route: Route) -> None:
    go_away(erp)
    work()
    reach_their_time()
    drain([PROBE])
    assert (Pause.objects.count(), probes()) == (1, ["finished", "waiting"]), "still away"
    erp.faults = []
    reach_their_time()
    drain([PROBE])
    assert Pause.objects.count() == 0
    work()
    assert {sale["number"] for sale in erp.made["/sales"]} == {f"W-{number}" for number in range(ORDERS)}
    assert len(erp.made["/sales"]) == ORDERS


def test_a_probe_does_not_sign_in_and_a_refusal_is_an_answer(erp: Erp, route: Route) -> None:
    HttpClientRecord.objects.update(
        own_type="basic", own_settings={"username": "hub"}, own_secrets=json.dumps({"password": "canary-71"})
    )
    go_away(erp)
    work()
    reach_their_time()
    erp.server.seen.clear()
    erp.faults = [lambda seen: Say(401)]
    drain([PROBE])
    (asked,) = erp.server.seen
    assert (asked.method, asked.headers.get("Authorization")) == ("GET", None)
    assert Pause.objects.count() == 0


def test_a_server_that_is_gone_is_down_too(erp: Erp, route: Route) -> None:
    HttpClientRecord.objects.update(base_uri="http://127.0.0.1:9")
    work()
    assert Pause.objects.get().automatic
    reach_their_time()
    drain([PROBE])
    assert Pause.objects.exists()


@pytest.mark.parametrize("change", [{"enabled": False}, {"code": "erp-2"}])
def test_a_client_that_was_changed_meanwhile_is_not_paused_for_ever(
    erp: Erp, route: Route, change: dict[str, object]
) -> None:
    go_away(erp)
    work()
    HttpClientRecord.objects.update(**change)
    reach_their_time()
    drain([PROBE])
    assert Pause.objects.count() == 0


def test_refusals_and_too_many_requests_are_answers(erp: Erp, route: Route) -> None:
    erp.faults = [
        lambda seen: Say(429 if seen.body.endswith(b'0"}') else 422) if seen.method == "POST" else None
    ]
    work()
    assert Pause.objects.count() == 0
    assert WorkUnit.objects.filter(kind="route_task", status=UnitStatus.FAILED).count() == ORDERS
