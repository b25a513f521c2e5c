"""The control plane: count requests, change the shop under a reader, move its clock, start again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

ORDERS = "/rest/V1/orders?searchCriteria[pageSize]=1&fields=total_count"


def test_requests_are_counted_without_their_secrets(shop: Client) -> None:
    control = shop.sandbox.control
    control.clear_requests()
    shop.get(ORDERS)
    shop.get(ORDERS)
    shop.get("/rest/V1/orders/999999")
    assert control.count_requests("GET", "/rest/V1/orders") == 2
    assert control.count_requests() == 3
    assert [entry.status for entry in control.requests()] == [200, 200, 404]
    shop.get(f"{ORDERS}&access_token={shop.token}")
    assert control.requests()[-1].query.endswith("access_token=***")
    assert shop.token not in str(control.requests())
    assert shop.get("/_sandbox/requests?path=/rest/V1/orders").json == {"count": 3}
    shop.send("DELETE", "/_sandbox/requests")
    assert control.count_requests() == 0


def test_orders_can_be_placed_and_touched_while_others_read(shop: Client) -> None:
    control = shop.sandbox.control
    control.set_clock(datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC))
    placed = shop.post("/_sandbox/orders", {"count": 2, "seed": 4, "status": "processing"}).json["ids"]
    assert len(placed) == 2
    # The token of today has run out by then.
    shop.token = shop.sign_in(shop.sandbox.username, shop.sandbox.password).json
    assert shop.get(f"/rest/V1/orders/{placed[0]}?fields=status").json == {"status": "processing"}
    control.touch_order(1, {"status": "holded"})
    touched = shop.get("/rest/V1/orders/1?fields=status,updated_at").json
    assert touched["status"] == "holded"
    assert touched["updated_at"].startswith("2031-05-06 07:08:")


def test_reset_brings_the_first_shop_back(shop: Client) -> None:
    control = shop.sandbox.control
    control.add_orders(3)
    control.set_setting("webapi/validation/maximum_page_size", "1")
    control.add_fault("maintenance")
    shop.post("/_sandbox/reset")
    assert shop.get(ORDERS).json == {"total_count": 48}
    assert shop.get("/_sandbox/").json["settings"]["webapi/validation/maximum_page_size"] == ""


def test_mistakes_are_named(shop: Client) -> None:
    cases = [
        ("/_sandbox/settings", {"webapi/nonsense": "1"}, "unknown setting"),
        ("/_sandbox/latency", {"milliseconds": -1}, "must not be negative"),
        ("/_sandbox/clock", {"now": "2030-01-01T00:00:00"}, "needs a time zone"),
        ("/_sandbox/orders", {"count": 1, "status": "lost"}, "unknown order status"),
        ("/_sandbox/orders/99999/touch", {}, "unknown order 99999"),
        ("/_sandbox/accounts/nobody/revoke", {}, "unknown user"),
    ]
    for path, body, reason in cases:
        reply = shop.post(path, body)
        assert reply.status == 400, path
        assert reason in reply.json["error"]
    assert shop.get("/_sandbox/nothing").status == 404
