"""Reading a shop with plain HTTP requests: what is really there, without the client under test."""

from __future__ import annotations

from typing import Any

import httpx2

from mageferry.sandbox import Sandbox


def all_orders(shop: Sandbox) -> list[dict[str, Any]]:
    """Every order of the shop, as its REST API gives it."""
    return _read(shop, "orders")


def all_credit_memos(shop: Sandbox) -> list[dict[str, Any]]:
    """Every credit memo of the shop."""
    return _read(shop, "creditmemos")


def all_invoices(shop: Sandbox) -> list[dict[str, Any]]:
    """Every invoice of the shop."""
    return _read(shop, "invoices")


def _read(shop: Sandbox, what: str) -> list[dict[str, Any]]:
    with httpx2.Client(base_url=shop.url, trust_env=False, timeout=30) as plain:
        answer = plain.get(f"/rest/V1/{what}?searchCriteria=", headers=_signed_in(shop, plain))
    rows: list[dict[str, Any]] = answer.json()["items"]
    return rows


def post(shop: Sandbox, path: str, body: dict[str, Any]) -> Any:
    """What somebody else does in the shop: `post(shop, "order/3/refund", {})`."""
    with httpx2.Client(base_url=shop.url, trust_env=False, timeout=30) as plain:
        answer = plain.post(f"/rest/V1/{path}", json=body, headers=_signed_in(shop, plain))
    assert answer.status_code == 200, answer.text
    return answer.json()


def _signed_in(shop: Sandbox, plain: httpx2.Client) -> dict[str, str]:
    credentials = {"username": shop.username, "password": shop.password}
    token = plain.post("/rest/V1/integration/admin/token", json=credentials).json()
    return {"Authorization": f"Bearer {token}"}
