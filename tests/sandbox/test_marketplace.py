"""Quayside Market over HTTP: sign-in, orders page by page, shipments and refunds once, limits and faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mageferry.sandbox.examples import Marketplace
from tests.sandbox.examples_client import Seller, basic, send

NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)


@pytest.fixture
def seller() -> Iterator[Seller]:
    with Marketplace() as market:
        yield Seller(market)


def read_orders(seller: Seller, target: str) -> list[dict[str, Any]]:
    """Every page, following the links as they are."""
    orders: list[dict[str, Any]] = []
    while target:
        page = seller.get(target).json
        orders += page["orders"]
        parts = urlsplit(page["links"]["next"] or "")
        target = f"{parts.path}?{parts.query}" if parts.path else ""
    return orders


def test_a_token_is_given_for_the_right_client_only(seller: Seller) -> None:
    given = seller.sign_in()
    assert (given.status, given.json["token_type"], given.json["expires_in"]) == (200, "Bearer", 900)
    assert seller.sign_in("wrong").status == 401
    assert seller.sign_in(grant_type="password").json == {"error": "unsupported_grant_type"}
    form = f"grant_type=client_credentials&client_id=seller&client_secret={seller.market.client_secret}"
    assert send(seller.market.url, "POST", "/oauth/token", form.encode()).status == 200
    for header in ("", "Bearer nonsense", basic("seller", seller.market.client_secret)):
        refused = send(seller.market.url, "GET", "/v2/orders", Authorization=header)
        assert (refused.status, refused.json["error"]["code"]) == (401, "invalid_token")


def test_a_token_runs_out_and_can_be_revoked(seller: Seller) -> None:
    control = seller.market.control
    control.set_clock(NOON)
    seller.switch("token-seconds", {"seconds": 60})
    seller.token = seller.sign_in().json["access_token"]
    assert seller.get("/v2/orders").status == 200
    control.set_clock(NOON + timedelta(seconds=61))
    expired = seller.get("/v2/orders")
    assert (expired.status, expired.json["error"]["code"]) == (401, "token_expired")
    seller.token = seller.sign_in().json["access_token"]
    seller.switch("tokens/revoke", {})
    assert seller.get("/v2/orders").json["error"]["code"] == "invalid_token"


def test_orders_are_read_page_by_page_in_the_order_they_changed(seller: Seller) -> None:
    control = seller.market.control
    assert len(read_orders(seller, "/v2/orders?limit=5")) == 12
    control.set_clock(NOON)
    seller.token = seller.sign_in().json["access_token"]
    placed = seller.switch("orders", {"count": 5, "seed": 3}).json["ids"]
    control.set_clock(NOON + timedelta(minutes=1))
    seller.switch(f"orders/{placed[0]}/state", {"state": "cancelled"})
    found = read_orders(seller, "/v2/orders?updated_after=2031-05-06T12:00:00Z&limit=2")
    assert [order["id"] for order in found] == [*placed[1:], placed[0]]
    assert found[-1]["state"] == "cancelled"
    assert seller.get("/v2/orders?updated_after=2031-05-06T12:00:59Z").json["links"] == {"next": None}


def test_the_money_of_an_order_closes(seller: Seller) -> None:
    for order in read_orders(seller, "/v2/orders"):
        totals = {name: Decimal(amount) for name, amount in order["totals"].items()}
        lines = order["lines"]
        assert totals["items"] == sum(Decimal(line["unit_price"]) * line["quantity"] for line in lines)
        tax = sum(Decimal(line["tax"]) for line in lines) + Decimal(order["shipping"]["tax"])
        assert totals["tax"] == tax
        net = totals["items"] + totals["shipping"] - totals["discount"]
        assert totals["grand_total"] == net + totals["tax"]


def test_a_shipment_is_made_once_for_each_key(seller: Seller) -> None:
    order = seller.get("/v2/orders?limit=1").json["orders"][0]
    target = f"/v2/orders/{order['id']}/shipments"
    line = order["lines"][0]
    body = {
        "carrier": "UPS",
        "tracking_numbers": ["1Z1"],
        "lines": [{"line_id": line["line_id"], "quantity": 1}],
    }
    made, again = seller.post(target, body, "ship-1"), seller.post(target, body, "ship-1")
    assert (made.status, again.status, again.json) == (201, 201, made.json)
    assert again.headers["idempotent-replayed"] == "true"
    assert seller.get(target).json == {"shipments": [made.json]}
    assert (
        seller.post(target, {**body, "carrier": "DHL"}, "ship-1").json["error"]["code"]
        == "idempotency_key_reused"
    )
    assert seller.post(target, body, "").json["error"]["code"] == "idempotency_key_required"
    units = sum(each["quantity"] for each in order["lines"])
    left = seller.post(target, {"carrier": "UPS"}, "ship-2")
    assert sum(each["quantity"] for each in left.json["lines"]) == units - 1
    assert seller.get(f"/v2/orders/{order['id']}").json["state"] == "shipped"
    assert seller.post(target, {"carrier": "UPS"}, "ship-3").json["error"]["code"] == "wrong_state"


def test_what_is_wrong_with_a_shipment_is_told_by_field(seller: Seller) -> None:
    order_id = seller.get("/v2/orders?limit=1").json["orders"][0]["id"]
    lines = [{"line_id": "QM-1-1", "quantity": 1}, {"line_id": f"{order_id}-1", "quantity": 99}, "nonsense"]
    refused = seller.post(f"/v2/orders/{order_id}/shipments", {"tracking_numbers": [1], "lines": lines}, "s")
    assert refused.status == 422
    assert [each["field"] for each in refused.json["error"]["details"]] == [
        "carrier", "tracking_numbers", "lines[0].line_id", "lines[1].quantity", "lines[2].line_id",
    ]  # fmt: skip
    # A refused write leaves its key free.
    assert seller.post(f"/v2/orders/{order_id}/shipments", {"carrier": "UPS"}, "s").status == 201


def test_refunds_go_up_to_the_grand_total(seller: Seller) -> None:
    order = seller.get("/v2/orders?limit=1").json["orders"][0]
    target, total = f"/v2/orders/{order['id']}/refunds", order["totals"]["grand_total"]

    def refund(value: str, key: str, currency: str = "EUR") -> Any:
        return seller.post(
            target, {"amount": {"value": value, "currency": currency}, "reason": "damaged"}, key
        )

    assert refund("5.00", "r1").status == 201
    assert "is more than" in refund(total, "r2").json["error"]["details"][0]["message"]
    assert refund(str(Decimal(total) - 5), "r3").status == 201
    assert refund("1.00", "r4", "USD").json["error"]["details"][0]["field"] == "amount.currency"
    assert refund("1.005", "r5").json["error"]["details"][0]["field"] == "amount.value"
    assert [each["amount"]["value"] for each in seller.get(target).json["refunds"]] == [
        "5.00",
        str(Decimal(total) - 5),
    ]


def test_an_answer_that_is_lost_can_be_asked_for_again(seller: Seller) -> None:
    order_id = seller.get("/v2/orders?limit=1").json["orders"][0]["id"]
    target = f"/v2/orders/{order_id}/shipments"
    seller.market.control.add_fault("lost_reply", count=1, method="POST", path="shipments")
    with pytest.raises(ConnectionError):
        seller.post(target, {"carrier": "UPS"}, "k")
    assert seller.post(target, {"carrier": "UPS"}, "k").headers["idempotent-replayed"] == "true"
    assert len(seller.get(target).json["shipments"]) == 1


def test_who_asks_too_often_is_told_to_wait(seller: Seller) -> None:
    seller.switch("limit", {"requests": 2, "seconds": 3600})
    assert [seller.get("/v2/orders").status for _ in range(3)] == [200, 200, 429]
    assert 3500 < int(seller.get("/v2/orders").headers["retry-after"]) <= 3600
    seller.switch("limit", {"requests": None})
    assert seller.get("/v2/orders").status == 200
    seller.switch("faults", {"kind": "too_many_requests", "count": 1, "retry_after": "7"})
    assert seller.get("/v2/orders").headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v2/orders?limit=101", 400), ("/v2/orders?limit=x", 400), ("/v2/orders?updated_after=yesterday", 400),
        ("/v2/orders?cursor=%ff", 400), ("/v2/orders/QM-1", 404), ("/v2/customers", 404),
        ("/v2/orders/QM-1/refunds/", 404),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(seller: Seller, target: str, status: int) -> None:
    refused = seller.get(target)
    assert (refused.status, bool(refused.json["error"]["message"])) == (status, True)


def test_faults_and_mistakes_at_the_control_plane(seller: Seller) -> None:
    for kind, status in (
        ("bad_gateway", 502),
        ("internal_error", 500),
        ("maintenance", 503),
        ("unauthorized", 401),
    ):
        seller.market.control.add_fault(kind, count=1)
        assert seller.get("/v2/orders").status == status
    for target, body in (
        ("orders", {"state": "lost"}), ("orders/QM-9/state", {"state": "shipped"}), ("token-seconds", {"seconds": 0}),
        ("limit", {"requests": 0}), ("orders", {"count": "many"}),
    ):  # fmt: skip
        assert seller.switch(target, body).status == 400, target
    stands = send(seller.market.url, "GET", "/_sandbox/").json
    assert (stands["orders"], stands["shipments"], stands["token_seconds"]) == (12, 0, 900)


def test_the_market_outlives_a_restart_and_can_begin_anew(tmp_path: Path) -> None:
    state = tmp_path / "market.sqlite3"
    with Marketplace(state=state, client_secret="kept-secret") as market:
        seller = Seller(market)
        market.control.add_orders(2)
        first = read_orders(seller, "/v2/orders")
    with Marketplace(state=state, client_secret="kept-secret") as market:
        again = Seller(market)
        again.token = seller.token
        assert read_orders(again, "/v2/orders") == first
        again.switch("reset", {})
        again.token = again.sign_in().json["access_token"]
        assert len(read_orders(again, "/v2/orders")) == 12
