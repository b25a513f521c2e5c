"""Reading a shop with plain HTTP requests: what is really there, without the client under test."""

from __future__ import annotations

from typing import Any

import httpx2

from mageferry.sandbox import Sandbox


def all_orders(shop: Sandbox) -> list[dict[str, Any]]:
    """Every order of the shop, as its REST API gives it."""
    with httpx2.Client(base_url=shop.url, trust_env=False, timeout=30) as plain:
        credentials = {"username": shop.username, "password": shop.password}
        token = plain.post("/rest/V1/integration/admin/token", json=credentials).json()
        answer = plain.get("/rest/V1/orders?searchCriteria=", headers={"Authorization": f"Bearer {token}"})
    rows: list[dict[str, Any]] = answer.json()["items"]
    return rows
