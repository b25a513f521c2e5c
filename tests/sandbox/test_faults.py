"""Faults: each kind as a client sees it, and which requests it hits."""

from __future__ import annotations

from http.client import IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING

import pytest

from mageferry.sandbox import FaultKind

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

ORDERS = "/rest/V1/orders?searchCriteria[pageSize]=2"
NEW = {"entity": {"customer_email": "a@example.com", "ext_order_id": "F-1", "payment": {"method": "checkmo"}}}


def count_created(client: Client) -> int:
    found = client.list("/rest/V1/orders", ("ext_order_id", "F-1", "eq"), fields="total_count")
    total: int = found.json["total_count"]
    return total


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "text"),
    [
        (FaultKind.UNAUTHORIZED, 401, "application/json", b"isn't authorized"),
        (FaultKind.TOO_MANY_REQUESTS, 429, "application/json", b"Too Many Requests"),
        (FaultKind.MAINTENANCE, 503, "text/html", b"Service Temporarily Unavailable"),
        (FaultKind.BAD_GATEWAY, 502, "text/html", b"502 Bad Gateway"),
        (FaultKind.ERROR_PAGE, 500, "text/html", b"Error log record number: "),
        (FaultKind.ERROR_PAGE_OK, 200, "text/html", b"Error log record number: "),
        (FaultKind.EMPTY_OK, 200, "application/json", b""),
        (FaultKind.INTERNAL_ERROR, 500, "application/json", b"Report ID: webapi-"),
        (FaultKind.PHP_FATAL, 500, "application/json", b'{"messages":{"error":[{"code":500'),
        (FaultKind.CRASH, 500, "text/plain", b"An error has happened during application run."),
        (FaultKind.DATABASE_DOWN, 500, "text/plain", b'<base href="An error has happened'),
    ],
)
def test_answers_instead_of_the_shops_own(
    back_office: Client, kind: FaultKind, status: int, content_type: str, text: bytes
) -> None:
    back_office.sandbox.control.add_fault(kind, count=1)
    reply = back_office.put("/rest/V1/orders/create", NEW)
    assert reply.status == status
    assert reply.headers["Content-Type"].startswith(content_type)
    assert text in reply.body
    assert count_created(back_office) == 0


def test_retry_after_is_sent_when_given(shop: Client) -> None:
    shop.sandbox.control.add_fault(FaultKind.TOO_MANY_REQUESTS, count=1, retry_after="7")
    assert shop.get(ORDERS).headers["Retry-After"] == "7"
    assert shop.get(ORDERS).status == 200


def test_a_reset_before_the_effect_leaves_nothing_behind(back_office: Client) -> None:
    back_office.sandbox.control.add_fault(FaultKind.RESET, count=1)
    with pytest.raises(ConnectionError):
        back_office.put("/rest/V1/orders/create", NEW)
    assert count_created(back_office) == 0


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.RESET_AFTER, ConnectionError),
        (FaultKind.LOST_REPLY, RemoteDisconnected),
        (FaultKind.TRUNCATED, IncompleteRead),
    ],
)
def test_the_write_happens_but_the_answer_is_lost(
    back_office: Client, kind: FaultKind, error: type[Exception]
) -> None:
    back_office.sandbox.control.add_fault(kind, count=1)
    with pytest.raises(error):
        back_office.put("/rest/V1/orders/create", NEW)
    assert count_created(back_office) == 1
    assert back_office.sandbox.control.requests()[-2].fault == kind.value


def test_rules_choose_by_method_path_and_turn(shop: Client) -> None:
    rule = shop.sandbox.control.add_fault(
        FaultKind.MAINTENANCE, method="get", path=r"/V1/orders\?", skip=1, count=2
    )
    assert shop.get("/rest/V1/store/websites").status == 200
    assert [shop.get(ORDERS).status for _ in range(4)] == [200, 503, 503, 200]
    assert rule.hits == 2


def test_a_seeded_rate_hits_the_same_requests_again(shop: Client) -> None:
    def run() -> list[int]:
        shop.sandbox.control.clear_faults()
        shop.sandbox.control.add_fault(FaultKind.INTERNAL_ERROR, rate=0.5, seed=3)
        return [shop.get(ORDERS).status for _ in range(12)]

    first = run()
    assert first == run()
    assert {200, 500} == set(first)


def test_the_control_plane_takes_rules_over_http(shop: Client) -> None:
    added = shop.post("/_sandbox/faults", {"kind": "too_many_requests", "count": 1, "retry_after": "1"})
    assert added.status == 200
    assert shop.get(ORDERS).status == 429
    assert shop.get("/_sandbox/faults").json[0]["hits"] == 1
    assert shop.send("DELETE", f"/_sandbox/faults/{added.json['id']}").json == {"removed": True}
    assert shop.get("/_sandbox/faults").json == []


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"kind": "earthquake"}, "unknown fault kind 'earthquake'"),
        ({"kind": "delay", "speed": 1}, "unknown field 'speed'"),
        ({"kind": "delay", "rate": 2}, "rate of a fault must be between 0 and 1"),
        ({"kind": "delay", "path": "("}, "no regular expression"),
        ({"kind": "delay", "count": "3"}, "count of a fault cannot be '3'"),
    ],
)
def test_bad_rules_are_refused_with_the_reason(shop: Client, rule: dict[str, object], reason: str) -> None:
    reply = shop.post("/_sandbox/faults", rule)
    assert reply.status == 400
    assert reason in reply.json["error"]


@pytest.mark.parametrize(
    ("accept", "content_type", "start"),
    [
        ("application/json", "application/json; charset=UTF-8", b'{"messages":{"error":['),
        ("*/*", "application/json; charset=UTF-8", b'{"messages":{"error":['),
        ("application/xml", "application/xml; charset=UTF-8", b'<?xml version="1.0"?><error><messages>'),
    ],
)
def test_a_dead_script_is_reported_in_the_form_that_was_asked_for(
    shop: Client, accept: str, content_type: str, start: bytes
) -> None:
    shop.sandbox.control.add_fault(FaultKind.PHP_FATAL, count=1)
    reply = shop.get(ORDERS, Accept=accept)

    assert reply.headers["Content-Type"] == content_type
    assert reply.body.startswith(start)
