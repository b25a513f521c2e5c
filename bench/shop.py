"""The shop that is read from: a process of its own, so that it does not share the reader's interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Shop:
    """A running shop: its address, a token for its REST API, and its controls."""

    endpoint: str
    token: str
    control: httpx2.Client

    def set_latency(self, milliseconds: int) -> None:
        """Each answer waits that long from now on."""
        self.control.post("/_sandbox/latency", json={"latency_ms": milliseconds}).raise_for_status()

    def count_requests(self) -> int:
        """How many lists of orders were asked for since the shop started."""
        answer = self.control.get("/_sandbox/counters").raise_for_status()
        count: int = answer.json()["requests"]
        return count

    def set_status(self, order_id: int, status: str) -> None:
        """Moves an order to another status, as Magento's own partial update does."""
        entity: dict[str, Any] = {"entity_id": order_id, "state": status, "status": status}
        headers = {"Authorization": f"Bearer {self.token}"}
        self.control.post("/rest/V1/orders", json={"entity": entity}, headers=headers).raise_for_status()


@contextmanager
def run_shop(orders: int) -> Iterator[Shop]:
    """A shop with that many orders, ended when the block is."""
    command = [sys.executable, "-m", "bench.pages_shop", "--orders", str(orders)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=plain_environment())
    try:
        assert process.stdout is not None
        endpoint = process.stdout.readline().strip()
        if not endpoint:
            raise RuntimeError(f"the shop ended with exit code {process.wait()} instead of starting")
        with httpx2.Client(base_url=endpoint, timeout=60) as control:
            credentials = {"username": "bench", "password": "bench"}
            token = (
                control.post("/rest/V1/integration/admin/token", json=credentials).raise_for_status().json()
            )
            yield Shop(endpoint, token, control)
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


def plain_environment() -> dict[str, str]:
    """The environment of measured processes: without proxies, Python options or settings of the caller."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
