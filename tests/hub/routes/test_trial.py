"""Trying a page and previewing requests: nothing is written, no secret is shown."""

from __future__ import annotations

from typing import Any

import pytest

from mageferry.http.config import ConfigError
from mageferry.http.redaction import Secret
from mageferry.hub.routes.models import GlobalValue, Incoming, Route, RouteTask, StoredTest, TaskExchange
from mageferry.hub.routes.preview import preview_request
from mageferry.hub.routes.runner import run_route
from mageferry.hub.routes.settings import put_settings
from mageferry.hub.routes.stored_tests import run_test
from mageferry.hub.routes.trial import try_step
from tests.http.local_server import Say
from tests.hub.routes.builders import READ_ORDERS, SEND_ORDER, make_route, order, work
from tests.hub.routes.erp import Erp
from tests.hub.routes.test_chains import CHAIN


def test_a_page_is_shown_after_each_transformer(erp: Erp) -> None:
    erp.orders = [order(1), order(2, total=0), {"total": 3}]
    route = make_route(erp.url, transformers=[{"type": "filter", "keep": "total > `0`"}])
    incoming = route.incoming
    incoming.transformers = [{"type": "set", "target": "shop", "value": "A"}]
    trial = try_step(incoming, route)
    assert (trial.error, trial.received, trial.items[0]) == ("", 3, order(1))
    assert [stage.title for stage in trial.stages] == [
        "input transformer 1: set",
        "entities",
        "transformer 1: filter",
    ]
    assert trial.identifiers == ["W-1", "W-2"]
    assert trial.stages[1].failures[0].startswith("3: It has no identifier")
    assert trial.stages[2].entities == [{**order(1), "shop": "A"}]
    assert [(each.method, each.status) for each in trial.exchanges] == [("GET", 200)]
    assert RouteTask.objects.count() == 0


def test_a_page_that_cannot_be_read_says_where(erp: Erp) -> None:
    erp.faults = [lambda seen: Say(body={"rows": []})]
    trial = try_step(make_route(erp.url).incoming)
    assert "items pattern 'orders' finds nothing; there is an object with rows" in trial.error
    assert trial.remedy
    assert trial.exchanges[0].body == '{"rows":[]}'


def test_a_delivery_is_tried_with_a_sample(erp: Erp) -> None:
    trial = try_step(make_route(erp.url).incoming, sample=[order(5)])
    assert trial.identifiers == ["W-5"]
    assert erp.server.seen == []


def test_a_request_is_shown_as_it_would_be_sent(erp: Erp) -> None:
    preview = preview_request(make_route(erp.url).outgoing, order(1))
    assert (preview.problem, len(preview.requests)) == ("", 1)
    assert preview.requests[0].url == f"{erp.url}/sales"
    assert preview.requests[0].request_body == '{"number":"W-1","total":11}'
    assert erp.server.seen == []


def test_a_request_that_cannot_be_made_says_why(erp: Erp) -> None:
    preview = preview_request(make_route(erp.url).outgoing, {"number": "W-1"})
    assert "&{total} finds nothing" in preview.problem


def test_a_chain_is_shown_with_the_answers_that_are_given(erp: Erp) -> None:
    outgoing = make_route(erp.url, sends=CHAIN, outgoing_type="chain").outgoing
    answers: dict[str, Any] = {"customer": {"id": "C-1"}, "sale": {"id": "S-1"}, "note": {"id": "N-1"}}
    preview = preview_request(outgoing, order(1), answers)
    assert [each.step for each in preview.requests] == ["customer", "sale", "note"]
    assert '"sale":"S-1"' in preview.requests[2].request_body
    assert "finds no id" in preview_request(outgoing, order(1)).problem


def secret_route(erp: Erp) -> Route:
    GlobalValue.objects.create(name="branch", value="Berlin")
    GlobalValue.objects.create(name="key", is_secret=True, secret=Secret("the-key-of-the-erp"))
    erp.orders = [order(1)]
    sends = {
        **SEND_ORDER,
        "request": {
            **SEND_ORDER["request"],
            "headers": {"X-Mark": "@{globals.key}"},
            "body": {"number": "&{number}", "branch": "@{globals.branch}", "key": "@{globals.key}"},
        },
    }
    return make_route(erp.url, sends=sends)


def test_secret_global_values_go_over_the_wire_and_are_never_shown(erp: Erp) -> None:
    route = secret_route(erp)
    preview = preview_request(route.outgoing, order(1))
    run_route(route)
    work()
    assert erp.made["/sales"] == [
        {"id": "SALES-1", "number": "W-1", "branch": "Berlin", "key": "the-key-of-the-erp"}
    ]
    shown = [str(preview), *map(str, TaskExchange.objects.values()), *map(str, RouteTask.objects.values())]
    assert "the-key-of-the-erp" not in "".join(shown)
    assert "the-key-of-the-erp" not in str(list(GlobalValue.objects.values()))


def test_a_secret_does_not_get_into_an_entity(erp: Erp) -> None:
    route = secret_route(erp)
    Route.objects.update(transformers=[{"type": "set", "target": "key", "value": "@{globals.key}"}])
    run_route(route)
    work()
    failed = RouteTask.objects.get()
    assert "a secret would be stored with it" in failed.unit.reason


def test_a_secret_in_plain_settings_is_refused(erp: Erp) -> None:
    incoming: Incoming = make_route(erp.url).incoming
    request = {"path": "/orders", "query": {"api_key": "abc-123"}}
    with pytest.raises(ConfigError, match="api_key names a secret"):
        put_settings(incoming, {**READ_ORDERS, "request": request})


def test_a_stored_test_tells_what_differs(erp: Erp) -> None:
    route = make_route(erp.url, transformers=[{"type": "set", "target": "shop", "value": "A"}])
    test = StoredTest.objects.create(
        name="shop", route=route, input=[{"id": 1}], expected=[{"id": 1, "shop": "B"}]
    )
    verdict = run_test(test)
    assert verdict.differences == ('$[0].shop: expected "B", is "A"',)
    test.expected = [{"id": 1, "shop": "A"}]
    assert run_test(test).passed
