"""A shop seen by the people who work in it: plain requests, tried until they are answered, looked up when unclear."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx2

from mageferry.sandbox import Sandbox

type Json = dict[str, Any]
_PATIENCE = 60
PLENTY = 1_000_000


class ShopFloor:
    """A shop's REST API by hand: no code of the client under test."""

    def __init__(self, shop: Sandbox) -> None:
        self._shop = shop
        self._http = httpx2.Client(base_url=f"{shop.url}/rest/V1", trust_env=False, timeout=10)
        self._token = self._last = ""
        self._before: dict[str, set[int]] = {}
        self.begin()

    def stock_up(self) -> None:
        """More of everything than is ever sold, or shipments are refused for want of it."""
        for row in self._list("inventory/source-items"):
            body = {"sourceItems": [{**row, "quantity": PLENTY, "status": 1}]}
            if self._try("POST", "inventory/source-items", json=body) is None:
                # Magento refuses this for a part of a bundle; the older way goes.
                stock = {"stockItem": {"qty": PLENTY, "is_in_stock": True}}
                self._try("PUT", f"products/{row['sku']}/stockItems/1", json=stock)

    def begin(self) -> None:
        """What is there now doesn't count."""
        self._before = {
            path: {row["entity_id"] for row in self._list(path)} for path in ("shipments", "creditmemos")
        }

    def close(self) -> None:
        self._http.close()

    def orders(self) -> list[Json]:
        return self._list("orders")

    def shipments(self) -> list[Json]:
        """Those that were made since the run began."""
        return self._new("shipments")

    def credit_memos(self) -> list[Json]:
        return self._new("creditmemos")

    def _new(self, path: str) -> list[Json]:
        return [row for row in self._list(path) if row["entity_id"] not in self._before[path]]

    def ship(self, order_id: int, quantities: dict[int, float]) -> None:
        """Ship some items of an order, once, whatever becomes of the answer."""
        before = len(self._shipments_of(order_id))
        items = [{"order_item_id": item, "qty": quantity} for item, quantity in quantities.items()]
        body = {"items": items, "tracks": [{"track_number": f"T{order_id}-{before}", "title": "Post",
                                            "carrier_code": "custom"}]}  # fmt: skip
        for _ in range(_PATIENCE):
            self._try("POST", f"order/{order_id}/ship", json=body)
            if len(self._shipments_of(order_id)) > before:
                return
        raise RuntimeError(f"order {order_id} could not be shipped: {self._last}")

    def _shipments_of(self, order_id: int) -> list[Json]:
        return self._list("shipments", order_id=order_id)

    def _list(self, path: str, **equal: int) -> list[Json]:
        criteria = {"searchCriteria[pageSize]": "5000"}
        for place, (field, value) in enumerate(equal.items()):
            name = f"searchCriteria[filterGroups][{place}][filters][0]"
            criteria |= {f"{name}[field]": field, f"{name}[value]": str(value)}
        found: list[Json] = self._insist(lambda: self._try("GET", path, params=criteria))["items"]
        return found

    def _insist(self, ask: Callable[[], Json | None]) -> Json:
        for _ in range(_PATIENCE):
            answer = ask()
            if answer is not None:
                return answer
        raise RuntimeError(f"the shop gave no answer: {self._last}")

    def _try(self, method: str, path: str, **options: Any) -> Json | None:
        """One request; None when nothing usable came back."""
        try:
            if not self._token:
                self._sign_in()
            headers = {"Authorization": f"Bearer {self._token}"}
            answer = self._http.request(method, f"/{path}", headers=headers, **options)
            if answer.status_code == 401:
                self._token = ""
            if method != "GET":
                self._last = f"{answer.status_code} {answer.text[:500]}"
            content = answer.json() if answer.status_code == 200 and answer.content else None
        except (httpx2.HTTPError, ValueError):
            content = None
        if not isinstance(content, dict | list):
            time.sleep(0.02)
            return None
        return content if isinstance(content, dict) else {"items": content}

    def _sign_in(self) -> None:
        credentials = {"username": self._shop.username, "password": self._shop.password}
        token = self._http.post("/integration/admin/token", json=credentials).json()
        self._token = token if isinstance(token, str) else ""
