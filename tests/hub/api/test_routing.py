"""Incomings, outgoings and routes through the API: stored as documents, tried out, run."""

from __future__ import annotations

from typing import Any

import pytest

from mageferry.hub.routes.models import GlobalValue, Incoming, Outgoing, Route, RouteTask
from mageferry.hub.routes.runner import run_route
from mageferry.hub.routes.settings import revealed
from mageferry.hub.work.models import WorkUnit
from tests.hub.api.people import Caller
from tests.hub.pipelines.builders import make_client
from tests.hub.routes.builders import READ_ORDERS, SEND_ORDER, make_route, order
from tests.hub.routes.erp import Erp

SECRET = "a long secret that both sides know"
HOOK: dict[str, Any] = {
    "code": "shop",
    "name": "Shop",
    "type": "webhook",
    "settings": {"signature": {"secret": SECRET}, "entities": {"identifier": ["number"]}},
}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "incomings": {
        "code": "orders-in", "name": "In", "type": "http", "client": "erp", "settings": READ_ORDERS,
    },
    "outgoings": {
        "code": "sales-out", "name": "Out", "type": "http", "client": "erp", "settings": SEND_ORDER,
    },
    "routes": {"code": "orders", "name": "Orders", "incoming": "orders-in", "outgoing": "sales-out"},
}  # fmt: skip


def test_a_route_is_set_up_run_and_taken_away(erp: Erp, owner: Caller) -> None:
    make_client(erp.url)
    for path, document in DOCUMENTS.items():
        made = owner.post(path, document)
        assert (made.status_code, made.json()["problems"]) == (201, []), made.json()
        assert made.json()["document"].items() >= {"code": document["code"], "enabled": True}.items()
    asked = owner.post("routes/orders/run")
    assert (asked.status_code, asked.json()) == (202, {"asked": True})
    assert owner.post("routes/orders/run").json() == {"asked": False}
    assert WorkUnit.objects.get().kind == "run_route"
    (listed,) = owner.get("routes").json()["items"]
    assert listed == {
        "code": "orders", "name": "Orders", "enabled": True, "incoming": "orders-in", "outgoing": "sales-out",
        "open_tasks": 0, "failed_tasks": 0,
    }  # fmt: skip
    assert owner.delete("incomings/orders-in").json() == {
        "message": "It is used by: orders. Change them first."
    }
    assert [owner.delete(path).status_code for path in ("routes/orders", "outgoings/sales-out")] == [204, 204]
    assert list(Outgoing.objects.all()) == []


def test_a_client_that_is_used_is_not_deleted(erp: Erp, owner: Caller) -> None:
    make_route(erp.url)
    answer = owner.delete("http/clients/erp")
    told = {"message": "It is used by: orders-in, sales-out. Change them first."}
    assert (answer.status_code, answer.json()) == (409, told)


def test_a_secret_goes_in_and_never_comes_out(owner: Caller) -> None:
    made = owner.post("incomings", HOOK)
    assert made.status_code == 201
    assert made.json()["document"]["settings"]["signature"]["secret"] == "********"
    changed = owner.put("incomings/shop", {**made.json()["document"], "name": "Shop 2"})
    assert changed.status_code == 200, changed.json()
    record = Incoming.objects.get(name="Shop 2")
    assert revealed(record)["signature"]["secret"] == SECRET
    assert SECRET not in owner.get("incomings/shop").content.decode()


def test_a_mask_is_not_taken_for_a_secret(owner: Caller) -> None:
    answer = owner.post("incomings", {**HOOK, "settings": {"signature": {"secret": "********"}}})
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert problem["field"] == "settings.signature.secret"
    assert "is missing" in problem["message"]


@pytest.mark.parametrize(
    ("path", "changes", "field"),
    [
        ("incomings", {"client": "nope"}, "client"),
        ("incomings", {"settings": {"items": {}}}, "settings.request"),
        ("incomings", {"transformers": [{"type": "conjure"}]}, "transformers[0].type"),
        ("outgoings", {"settings": {**SEND_ORDER, "batch": {}}}, "settings"),
        ("routes", {"incoming": "nope"}, "incoming"),
        ("routes", {"retry_statuses": "teapot"}, "retry_statuses"),
        ("routes", {"code": "Two Words"}, "code"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_its_fields(
    erp: Erp, owner: Caller, path: str, changes: dict[str, Any], field: str
) -> None:
    make_client(erp.url)
    for name in list(DOCUMENTS)[: list(DOCUMENTS).index(path)]:
        owner.post(name, DOCUMENTS[name])
    refused = owner.post(path, DOCUMENTS[path] | changes)
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["problems"]] == [field]
    assert owner.get(path).json()["count"] == 0


def test_an_incoming_is_tried_without_a_trace(erp: Erp, owner: Caller) -> None:
    erp.orders = [order(1), {"total": 3}]
    make_route(erp.url, transformers=[{"type": "set", "target": "origin", "value": "web"}])
    trial = owner.post("incomings/orders-in/try", {"route": "orders"}).json()
    assert (trial["received"], trial["error"], trial["identifiers"]) == (2, "", ["W-1"])
    assert [each["status"] for each in trial["exchanges"]] == [200]
    assert trial["stages"][-1]["entities"] == [{**order(1), "origin": "web"}]
    assert "no identifier" in trial["stages"][0]["failures"][0]
    assert RouteTask.objects.count() == 0
    assert owner.post("incomings/orders-in/try", {"route": "nope"}).status_code == 404


def test_what_would_be_sent_is_shown_with_secrets_masked(erp: Erp, owner: Caller) -> None:
    GlobalValue.objects.create(name="branch", is_secret=True, secret="canary-7781")
    sends = {
        **SEND_ORDER,
        "request": {"path": "/sales/@{globals.branch}", "body": {"number": "&{number}"}},
    }
    changed = [{"type": "set", "target": "number", "value": "X-&{number}"}]
    make_route(erp.url, sends=sends, transformers=changed)
    shown = owner.post("routes/orders/preview", {"entity": order(1)})
    (preview,) = shown.json()
    assert preview["requests"][0]["request_body"] == '{"number":"X-W-1"}'
    assert "canary-7781" not in shown.content.decode()
    alone = owner.post("outgoings/sales-out/preview", {"entity": order(1)}).json()
    assert alone["requests"][0]["request_body"] == '{"number":"W-1"}'
    assert erp.server.seen == []


def test_the_schedule_of_a_route_is_changed_and_held(erp: Erp, owner: Caller) -> None:
    make_route(erp.url)
    assert owner.get("routes/orders/schedule").json()["cron"] == "*/15 * * * *"
    changed = owner.send("patch", "routes/orders/schedule", {"cron": "0 4 * * *", "paused": True}).json()
    assert (changed["cron"], changed["paused"]) == ("0 4 * * *", True)
    assert owner.send("patch", "routes/orders/schedule", {"cron": "at dawn"}).status_code == 422
    owner.post("incomings", HOOK)
    Route.objects.update(incoming=Incoming.objects.get(code="shop"))
    assert owner.post("routes/orders/run").status_code == 409, "deliveries come by themselves"


def test_a_route_with_failed_tasks_is_not_taken_away(erp: Erp, owner: Caller) -> None:
    erp.orders = [{"total": 1}]
    run_route(make_route(erp.url))
    refused = owner.delete("routes/orders")
    assert refused.status_code == 409
    assert "1 tasks of Orders wait or have failed" in refused.json()["message"]


READING = (
    "incomings", "incomings/orders-in", "outgoings", "outgoings/sales-out", "routes", "routes/orders",
    "routes/orders/schedule",
)  # fmt: skip
CHANGING = (
    ("post", "incomings"), ("put", "incomings/orders-in"), ("delete", "incomings/orders-in"),
    ("post", "incomings/orders-in/try"), ("post", "outgoings"), ("put", "outgoings/sales-out"),
    ("delete", "outgoings/sales-out"), ("post", "outgoings/sales-out/preview"), ("post", "routes"),
    ("put", "routes/orders"), ("delete", "routes/orders"), ("post", "routes/orders/run"),
    ("post", "routes/orders/from-the-beginning"), ("post", "routes/orders/preview"),
    ("patch", "routes/orders/schedule"),
)  # fmt: skip


def test_who_only_looks_changes_nothing_and_strangers_see_nothing(
    erp: Erp, viewer: Caller, stranger: Caller
) -> None:
    make_route(erp.url)
    for path in READING:
        assert viewer.get(path).status_code == 200, path
        assert stranger.get(path).status_code == 403, path
    for method, path in CHANGING:
        # A body that passes the checks of its shape, so that only the permission is at stake.
        body = DOCUMENTS[path.split("/")[0]] if path.count("/") < 2 else {"entity": {}}
        for caller in (viewer, stranger):
            assert caller.send(method, path, body).status_code == 403, (method, path)
    assert (Route.objects.count(), erp.server.seen) == (1, [])
