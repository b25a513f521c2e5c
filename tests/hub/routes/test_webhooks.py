"""Deliveries to webhooks: kept before they are answered, each once."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client

from mageferry.hub.routes import refusals, webhooks
from mageferry.hub.routes.models import Incoming, RefusedDelivery, Route, TakenDelivery
from mageferry.hub.routes.refusals import count_refused, prune_refusals
from mageferry.hub.work.models import WorkUnit
from tests.hub.pipelines.builders import make_client
from tests.hub.routes.builders import SEND_ORDER, make_incoming, make_outgoing, order, statuses, task, work
from tests.hub.routes.erp import Erp

KEY = "a long secret that both sides know"
SIGNED: dict[str, Any] = {
    "signature": {"secret": KEY, "header": "X-Signature", "prefix": "sha256="},
    "take_once": True,
    "items": {"pattern": "orders"},
    "entities": {"identifier": ["number"]},
    "reply": {"status": 202, "body": {"taken": "&{accepted}", "failed": "&{failed}"}},
}


@pytest.fixture
def route(erp: Erp) -> Route:
    return make_hook(erp)


def make_hook(erp: Erp, **settings: Any) -> Route:
    client = make_client(erp.url)
    incoming = make_incoming(None, {**SIGNED, **settings}, type="webhook", code="shop", name="Shop")
    outgoing = make_outgoing(client, SEND_ORDER)
    return Route.objects.create(name="Orders", code="orders", incoming=incoming, outgoing=outgoing)


def deliver(*orders: dict[str, Any], key: str = KEY, path: str = "/hooks/shop") -> HttpResponse:
    body = orjson.dumps({"orders": orders})
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Signature": f"sha256={signature}"}
    return Client(enforce_csrf_checks=True).post(path, body, "application/json", headers=headers)


def test_a_delivery_is_answered_when_its_orders_are_tasks(erp: Erp, route: Route) -> None:
    answer = deliver(order(1), order(2))
    assert (answer.status_code, orjson.loads(answer.content)) == (202, {"taken": 2, "failed": 0})
    assert statuses() == {"W-1": "new", "W-2": "new"}
    work()
    assert [sale["number"] for sale in erp.made["/sales"]] == ["W-1", "W-2"]


def test_the_same_delivery_is_taken_once(route: Route) -> None:
    assert deliver(order(1)).status_code == 202
    again = deliver(order(1))
    assert again.status_code == 200, "a sender whose answer was lost would take a refusal for a failure"
    assert orjson.loads(again.content) == {"message": "It was taken before"}
    assert len(statuses()) == 1


def test_the_same_delivery_by_two_at_once_is_taken_once(route: Route) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(lambda _: deliver_and_leave(order(1)), range(8)))
    assert answers == [200] * 7 + [202]
    assert (len(statuses()), WorkUnit.objects.count(), TakenDelivery.objects.count()) == (1, 1, 1)


def deliver_and_leave(*orders: dict[str, Any]) -> int:
    """The status of the answer; the thread's connection is closed."""
    try:
        return deliver(*orders).status_code
    finally:
        connection.close()


def test_a_wrong_signature_is_refused_without_a_word_on_why(route: Route) -> None:
    answer = deliver(order(1), key="guessed")
    assert (answer.status_code, orjson.loads(answer.content)) == (401, {"message": "Refused"})
    assert statuses() == {}


def test_a_bad_order_of_a_delivery_is_kept_as_a_failed_task(route: Route) -> None:
    answer = deliver(order(1), {"total": 5})
    assert orjson.loads(answer.content) == {"taken": 1, "failed": 1}
    failed = WorkUnit.objects.get(status="failed")
    assert "no identifier" in failed.reason
    assert failed.route_task.entity == {"total": 5}


def test_a_delivery_that_cannot_be_kept_is_to_be_sent_again(
    route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(webhooks, "keep", fail)
        assert deliver(order(1)).status_code == 503
    assert TakenDelivery.objects.count() == 0, "or the next attempt would be refused as a replay"
    assert deliver(order(1)).status_code == 202


def test_nobody_who_takes_it_is_not_the_fault_of_the_sender(route: Route) -> None:
    Route.objects.update(enabled=False)
    assert deliver(order(1)).status_code == 503
    Incoming.objects.update(enabled=False)
    assert deliver(order(1)).status_code == 404


def test_a_delivery_that_is_too_large_is_not_read(erp: Erp) -> None:
    make_hook(erp, body={"limits": {"body_bytes": 100}})
    assert deliver(order(1, note="x" * 200)).status_code == 413
    assert statuses() == {}


def test_input_transformers_make_the_entities(erp: Erp, route: Route) -> None:
    transformers = [{"type": "set", "target": "number", "value": "S-&{id}"}]
    Incoming.objects.update(transformers=transformers)
    deliver({"id": 7, "total": 1})
    assert task("S-7").entity == {"id": 7, "number": "S-7", "total": 1}


def test_a_secret_in_the_path_is_checked_and_stays_out_of_the_log(
    erp: Erp, caplog: pytest.LogCaptureFixture
) -> None:
    secret = {"secret": {"secret": "sixteen-characters-long", "where": "path"}, "take_once": False}
    make_hook(erp, signature=None, **secret)
    assert deliver(order(1), path="/hooks/shop/sixteen-characters-long").status_code == 202
    assert deliver(order(2), path="/hooks/shop/sixteen-characters-wrong").status_code == 401
    assert "sixteen-characters" not in caplog.text


def test_the_secret_of_a_webhook_is_stored_encrypted_and_shown_as_a_mask(route: Route) -> None:
    incoming = Incoming.objects.get()
    assert incoming.settings["signature"]["secret"] == "********"
    assert KEY not in str(Incoming.objects.values().get())


def refused() -> list[tuple[str, int, int]]:
    return list(RefusedDelivery.objects.order_by("pk").values_list("why", "count", "status"))


def test_a_refused_delivery_is_a_row_with_reason_and_remedy(route: Route) -> None:
    sent = order(1, password="hunter2-of-the-shop", note=f"signed with {KEY}")
    deliver(sent, key="guessed")
    row = RefusedDelivery.objects.get()
    assert (row.incoming, row.why, row.status, row.method) == (route.incoming, "SignatureWrong", 401, "POST")
    assert row.reason
    assert row.remedy
    assert (row.address, row.size_bytes) == ("127.0.0.1", len(orjson.dumps({"orders": [sent]})))
    assert '"number":"W-1"' in row.body
    assert "hunter2" not in row.body
    assert KEY not in row.body


def test_a_flood_of_refusals_is_one_row_a_minute_for_each_reason(
    route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = dt.datetime(2030, 1, 31, 12, 0, 30, tzinfo=dt.UTC)
    monkeypatch.setattr(refusals.timezone, "now", lambda: now)
    for number in range(20):
        deliver(order(number), key="guessed")
    Client().post("/hooks/shop", b"{}", "application/json")
    assert refused() == [("SignatureWrong", 20, 401), ("SignatureMissing", 1, 401)]
    now += dt.timedelta(minutes=1)
    deliver(order(1), key="guessed")
    assert refused()[-1] == ("SignatureWrong", 1, 401)
    assert count_refused(RefusedDelivery.objects.all()) == 22


def test_refusals_at_the_same_moment_are_all_counted(route: Route) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: refuse_and_leave(number), range(12)))
    assert count_refused(RefusedDelivery.objects.all()) == 12


def refuse_and_leave(number: int) -> None:
    try:
        deliver(order(number), key="guessed")
    finally:
        connection.close()


def test_replays_large_and_unreadable_deliveries_are_told_too(erp: Erp) -> None:
    make_hook(erp, body={"limits": {"body_bytes": 2000}})
    deliver(order(1))
    deliver(order(1))
    deliver(order(1, note="x" * 3000))
    signature = hmac.new(KEY.encode(), b"{no json", hashlib.sha256).hexdigest()
    Client().post(
        "/hooks/shop", b"{no json", "application/json", headers={"X-Signature": f"sha256={signature}"}
    )
    assert [(why, status) for why, _, status in refused()] == [
        ("Replayed", 200),
        ("TooLarge", 413),
        ("UnreadableAnswer", 400),
    ]
    large = RefusedDelivery.objects.get(why="TooLarge")
    assert (large.size_bytes or 0) > 3000
    assert large.body == "", "it wasn't read"


def test_a_delivery_that_nobody_takes_says_what_to_switch_on(route: Route) -> None:
    Route.objects.update(enabled=False)
    deliver(order(1))
    row = RefusedDelivery.objects.get()
    assert (row.status, row.reason) == (503, "No route that is switched on takes it.")
    assert "Switch on a route" in row.remedy


def test_only_the_newest_refusals_are_kept(route: Route, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "KEEP_ROWS", 3)
    start = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    for back in (*range(6), 60 * 24 * 31):
        moment = start - dt.timedelta(minutes=back)
        RefusedDelivery.objects.create(
            incoming=route.incoming,
            why="SignatureWrong",
            minute=moment,
            last_at=moment,
            reason="No",
            status=401,
        )
    assert prune_refusals() == 4
    assert RefusedDelivery.objects.count() == 3
