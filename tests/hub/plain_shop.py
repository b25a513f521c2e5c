"""Reading a shop with plain HTTP requests: what is really there, without the client under test."""

from __future__ import annotations

from typing import Any

import httpx2

from mageferry.sandbox import Sandbox


def ask(shop: Sandbox, method: str, path: str, body: Any = None) -> Any:
    """One request to the shop's REST API, signed in as its user; the decoded answer."""
    with httpx2.Client(base_url=shop.url, trust_env=False, timeout=30) as plain:
        credentials = {"username": shop.username, "password": shop.password}
        token = plain.post("/rest/V1/integration/admin/token", json=credentials).json()
        answer = plain.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def all_orders(shop: Sandbox) -> list[dict[str, Any]]:
    """Every order of the shop, as its REST API gives it."""
    return _all(shop, "orders")


def all_credit_memos(shop: Sandbox) -> list[dict[str, Any]]:
    """Every credit memo of the shop."""
    return _all(shop, "creditmemos")


def all_invoices(shop: Sandbox) -> list[dict[str, Any]]:
    """Every invoice of the shop."""
    return _all(shop, "invoices")


def shipments_of(shop: Sandbox, order_id: int) -> list[dict[str, Any]]:
    """The shipments of an order."""
    return [each for each in _all(shop, "shipments") if each["order_id"] == order_id]


def post(shop: Sandbox, path: str, body: dict[str, Any]) -> Any:
    """What somebody else does in the shop: `post(shop, "order/3/refund", {})`."""
    return ask(shop, "POST", f"/rest/V1/{path}", body)


def _all(shop: Sandbox, what: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ask(shop, "GET", f"/rest/V1/{what}?searchCriteria=")["items"]
    return rows
