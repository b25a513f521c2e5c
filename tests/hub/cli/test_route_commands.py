"""mageferry route and mageferry storage, as typed."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from mageferry.cli.main import app
from mageferry.hub.routes.models import Storage, StoredTest
from tests.http.local_server import Say
from tests.hub.routes.builders import SEND_BLINDLY, make_route, order, statuses, task
from tests.hub.routes.conftest import erp
from tests.hub.routes.erp import Erp

__all__ = ["erp"]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def said(answer: Result) -> str:
    return " ".join(answer.output.split())


def test_a_route_is_run_and_its_tasks_are_shown(erp: Erp) -> None:
    erp.orders = [order(1), order(2, total=None)]
    make_route(erp.url)
    answer = run("route", "run", "orders")
    assert answer.exit_code == 2, "one of them failed"
    assert "Tasks: 1 failed, 1 finished." in said(answer)
    assert "&{total} finds nothing" in said(run("route", "tasks", "orders", "--status", "failed"))
    shown = said(run("route", "show", str(task("W-1").unit_id)))
    assert "Status: Finished" in shown
    assert f"POST {erp.url}/sales" in shown
    assert "1 1 ready" not in said(run("route", "list"))
    assert said(run("route", "list")).endswith("Sales out 0 1 ready")


def test_a_failed_task_is_edited_retried_or_skipped(erp: Erp) -> None:
    erp.orders = [order(1, total=None)]
    make_route(erp.url)
    run("route", "run", "orders")
    number = str(task("W-1").unit_id)
    assert "isn't JSON" in run("route", "edit", number, "{").output
    assert "1 tasks are due again" in run("route", "retry", "--failed", "orders").output
    run("route", "run", "orders")
    assert run("route", "edit", number, '{"number": "W-1", "total": 3}').exit_code == 0
    assert run("route", "run", "orders").exit_code == 0
    assert [sale["total"] for sale in erp.made["/sales"]] == [3]
    assert "0 tasks were skipped" in run("route", "skip", number).output


def test_what_is_unclear_is_settled_by_a_person(erp: Erp) -> None:
    erp.orders = [order(1)]
    erp.faults = [lambda seen: Say(502) if seen.method == "POST" else None]
    make_route(erp.url, sends=SEND_BLINDLY)
    run("route", "run", "orders")
    number = str(task("W-1").unit_id)
    assert "Finished" in run("route", "settle", number, "--there", "--id", "S-1").output
    assert run("route", "settle", number, "--not-there").exit_code == 1
    assert statuses() == {"W-1": "finished"}


def test_stored_tests_tell_what_differs_by_their_exit_code(erp: Erp) -> None:
    route = make_route(erp.url, transformers=[{"type": "set", "target": "shop", "value": "A"}])
    test = StoredTest.objects.create(
        name="shop", route=route, input=[{"id": 1}], expected=[{"id": 1, "shop": "B"}]
    )
    answer = run("route", "test")
    assert answer.exit_code == 1
    assert '$[0].shop: expected "B", is "A"' in answer.output
    test.expected = [{"id": 1, "shop": "A"}]
    test.save()
    assert run("route", "test", "orders").exit_code == 0


def test_a_page_is_tried(erp: Erp) -> None:
    erp.orders = [order(1)]
    make_route(erp.url)
    answer = run("route", "try", "orders")
    assert answer.exit_code == 0
    assert "entities: 1 entities, 0 failed" in answer.output
    erp.faults = [lambda seen: Say(500)]
    assert run("route", "try", "orders").exit_code == 1


def test_a_route_that_there_is_not_is_named(transactional_db: None) -> None:
    answer = run("route", "run", "orders")
    assert answer.exit_code == 1
    assert "There is no route 'orders'. The routes are: none yet." in answer.output


@pytest.mark.django_db
def test_entries_of_a_storage() -> None:
    Storage.objects.create(name="Rates", code="rates")
    assert run("storage", "put", "rates", "DE", '{"rate": 19}').exit_code == 0
    assert 'DE: {"rate": 19}' in run("storage", "find", "rates", "D").output
    assert '"rate": 19' in run("storage", "get", "rates", "DE").output
    assert "rates Rates for ever 1" in said(run("storage", "list"))
    assert run("storage", "remove", "rates", "DE").exit_code == 0
    assert run("storage", "get", "rates", "DE").exit_code == 1
    assert "isn't JSON" in run("storage", "put", "rates", "DE", "{").output
    assert "There are: rates." in run("storage", "get", "prices", "DE").output.replace(
        "there are", "There are"
    )
