"""The shop that is read from: a process of its own, so that it does not share the reader's interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

ROOT = Path(__file__).resolve().parent.parent
SHOPS = {
    "sandbox": "the sandbox, which answers as Magento does",
    "pages": "a shop that does nothing but serve pages rendered in advance",
}
CREDENTIALS = {"username": "bench", "password": "bench-sandbox-1"}


@dataclass(frozen=True, slots=True)
class Shop:
    """A running shop: its address, a token for its REST API, and its controls."""

    endpoint: str
    token: str
    control: httpx2.Client
    process_id: int

    def set_latency(self, milliseconds: int) -> None:
        """Each answer waits that long from now on."""
        self.control.post("/_sandbox/latency", json={"milliseconds": milliseconds}).raise_for_status()

    def count_requests(self) -> int:
        """How many lists of orders were asked for since the shop started."""
        return sum(self._count(f"/rest/{store}V1/orders") for store in ("", "default/", "all/"))

    def _count(self, path: str) -> int:
        answer = self.control.get("/_sandbox/requests", params={"method": "GET", "path": path})
        count: int = answer.raise_for_status().json()["count"]
        return count

    def list_ids(self, status: str | None) -> list[int]:
        """The ids of all orders, or of those in a status: what a complete read has to bring."""
        ids: list[int] = []
        while page := self._list_after(ids[-1] if ids else 0, status):
            ids += page
        return ids

    def _list_after(self, entity_id: int, status: str | None) -> list[int]:
        wanted = [("entity_id", "gt", str(entity_id)), *([("status", "eq", status)] if status else [])]
        query = {"searchCriteria[pageSize]": "500", "fields": "items[entity_id]"}
        query |= {"searchCriteria[sortOrders][0][field]": "entity_id"}
        query |= {"searchCriteria[sortOrders][0][direction]": "ASC"}
        for group, parts in enumerate(wanted):
            for key, value in zip(("field", "condition_type", "value"), parts, strict=True):
                query[f"searchCriteria[filter_groups][{group}][filters][0][{key}]"] = value
        answer = self.control.get("/rest/V1/orders", params=query, headers=self._signed())
        # With `fields` Magento gives null for an empty list.
        return [row["entity_id"] for row in answer.raise_for_status().json()["items"] or ()]

    def _signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def set_status(self, order_id: int, status: str) -> None:
        """Moves an order to another status, past the latency that the readers see."""
        change = {"state": status, "status": status}
        self.control.post(f"/_sandbox/orders/{order_id}/touch", json=change).raise_for_status()


@contextmanager
def run_shop(
    kind: str, orders: int, products: int = 0, generate: Mapping[str, int] | None = None
) -> Iterator[Shop]:
    """A shop of that kind with (at least) that many orders and synthetic products, ended when the block is; a sandbox
    can generate very many rows.
    """
    command = [sys.executable, "-m", f"bench.{kind}_shop", "--orders", str(orders)]
    if products:
        command += ["--products", str(products)]
    command += [f"--generate={name}={count}" for name, count in (generate or {}).items()]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=plain_environment())
    try:
        assert process.stdout is not None
        endpoint = process.stdout.readline().strip()
        if not endpoint:
            raise RuntimeError(f"the shop ended with exit code {process.wait()} instead of starting")
        with httpx2.Client(base_url=endpoint, timeout=60) as control:
            answer = control.post("/rest/V1/integration/admin/token", json=CREDENTIALS)
            yield Shop(endpoint, answer.raise_for_status().json(), control, process.pid)
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


def plain_environment() -> dict[str, str]:
    """The environment of measured processes: without proxies, Python options or settings of the caller."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
