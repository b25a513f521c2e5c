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
    rows: list[dict[str, Any]] = ask(shop, "GET", "/rest/V1/orders?searchCriteria=")["items"]
    return rows


def shipments_of(shop: Sandbox, order_id: int) -> list[dict[str, Any]]:
    """The shipments of an order."""
    rows = ask(shop, "GET", "/rest/V1/shipments?searchCriteria=")["items"]
    return [each for each in rows if each["order_id"] == order_id]
