"""What an answer costs the sandbox: CPU of its own process, whoever reads, and memory with a million rows."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench.report import Section
from bench.shop import Shop, run_shop

PAGE_SIZE = 100
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one kind of request: CPU of the sandbox's process and wall clock per request, both in milliseconds."""

    cpu_ms: float
    wall_ms: float
    bytes_received: int

    @property
    def per_core_second(self) -> float:
        """How many one core could answer in a second."""
        return 1000 / self.cpu_ms if self.cpu_ms else float("inf")


def measure_serving(quick: bool, tell: Callable[[str], None]) -> list[Section]:
    """Pages and small requests of an ordinary shop, then start, memory and pages of a very large one."""
    tell("serving: an ordinary shop")
    requests = 200 if quick else 2_000
    with run_shop("sandbox", 2_000) as shop:
        session = Session(shop)
        ordinary = [
            ("a page of 100 full orders", session.cost(page_after, requests // 10)),
            (
                "a page of 100, two fields",
                session.cost(lambda n: f"{page_after(n)}&fields=items[entity_id,status]", 40),
            ),
            ("one order", session.cost(lambda n: f"/rest/V1/orders/{n % 2_000 + 1}", requests)),
            ("the websites", session.cost(lambda _: "/rest/V1/store/websites", requests)),
            (
                "how many orders",
                session.cost(lambda _: f"{LIST}?searchCriteria[pageSize]=1&fields=total_count", requests),
            ),
        ]
    rows = 100_000 if quick else 1_000_000
    tell(f"serving: {rows} orders and source items")
    return [_costs(ordinary), _measure_large(rows)]


def _costs(costs: list[tuple[str, Cost]]) -> Section:
    return Section(
        "What the sandbox needs for an answer",
        "CPU of the sandbox's process per request, over one kept connection; 2,000 orders.",
        ("request", "CPU ms", "a core answers per second", "wall ms", "bytes"),
        [
            (
                name,
                f"{cost.cpu_ms:.2f}",
                f"{cost.per_core_second:,.0f}",
                f"{cost.wall_ms:.2f}",
                f"{cost.bytes_received:,}",
            )
            for name, cost in costs
        ],
    )


def _measure_large(rows: int) -> Section:
    started = time.perf_counter()
    with run_shop("sandbox", 0, generate={"orders": rows, "source_items": rows}) as shop:
        start_seconds = time.perf_counter() - started
        session = Session(shop)
        first = session.cost(page_after, 50)
        middle = session.cost(lambda n: page_after(rows // 2 + n), 50)
        items = session.cost(source_items_page, 20)
        peak_mib = session.peak_mib()
    return Section(
        f"A sandbox with {rows:,} orders and {rows:,} source items",
        "Generated rows: columns in a file, bodies made when they are read. Peak memory after all of it.",
        ("what", "figure"),
        [
            ("start, seconds", f"{start_seconds:.0f}"),
            ("page of 100 full orders, CPU ms", f"{first.cpu_ms:.2f}"),
            ("the same in the middle, CPU ms", f"{middle.cpu_ms:.2f}"),
            ("page of 100 source items of one source, CPU ms", f"{items.cpu_ms:.2f}"),
            ("peak memory, MiB", f"{peak_mib:.0f}"),
        ],
    )


LIST = "/rest/V1/orders"


def page_after(number: int) -> str:
    """The page of full orders behind a key, as a reader by key asks for it."""
    group = "searchCriteria[filter_groups][0][filters][0]"
    sort = "searchCriteria[sortOrders][0]"
    return (
        f"{LIST}?{group}[field]=entity_id&{group}[condition_type]=gt&{group}[value]={number}"
        f"&{sort}[field]=entity_id&{sort}[direction]=ASC&searchCriteria[pageSize]={PAGE_SIZE}"
    )


def source_items_page(number: int) -> str:
    group = "searchCriteria[filter_groups][0][filters][0]"
    return (
        f"/rest/V1/inventory/source-items?{group}[field]=source_code&{group}[value]=default"
        f"&searchCriteria[pageSize]={PAGE_SIZE}&searchCriteria[currentPage]={number + 1}"
    )


class Session:
    """One kept connection to a shop in a process of its own."""

    def __init__(self, shop: Shop) -> None:
        parts = urlsplit(shop.endpoint)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        self._headers = {"Authorization": f"Bearer {shop.token}", "Accept": "application/json"}
        self._process_id = shop.process_id

    def cost(self, target: Callable[[int], str], count: int) -> Cost:
        """What ``count`` requests cost, after a first one that is not counted."""
        self._get(target(0))
        cpu, wall = self._cpu_seconds(), time.perf_counter()
        received = sum(self._get(target(number)) for number in range(count))
        cpu_ms = (self._cpu_seconds() - cpu) * 1000
        wall_ms = (time.perf_counter() - wall) * 1000
        return Cost(cpu_ms / count, wall_ms / count, received // count)

    def _get(self, target: str) -> int:
        self._connection.request("GET", quote(target, safe="/?&=,"), headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} for {target}: {body[:200]!r}")
        return len(body)

    def _cpu_seconds(self) -> float:
        """User and system time of the shop's process."""
        fields = Path(f"/proc/{self._process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def peak_mib(self) -> float:
        status = Path(f"/proc/{self._process_id}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
