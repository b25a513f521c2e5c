"""How fast are orders exported, against a bare loop of the same requests?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from statistics import median

from bench.export_run import CONCURRENCY
from bench.report import Section
from bench.shop import CREDENTIALS, ROOT, plain_environment, run_shop

LATENCY_MS = 50


def measure_export(orders: int, tell: Callable[[str], None]) -> Section:
    """Export Orders in a process of its own with a throw-away SQLite database, against the sandbox."""
    tell(f"exporting {orders:,} orders at {LATENCY_MS} ms, 3 turns")
    with run_shop("sandbox", 0) as shop, tempfile.TemporaryDirectory() as home:
        shop.set_latency(LATENCY_MS)
        command = [
            sys.executable,
            "-m",
            "bench.export_run",
            "--endpoint",
            shop.endpoint,
            "--orders",
            str(orders),
        ]
        environment = plain_environment() | {
            "MAGEFERRY_HOME": home,
            "BENCH_SHOP_PASSWORD": CREDENTIALS["password"],
        }
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, timeout=1800, check=True
        )
    turns: list[tuple[float, float]] = json.loads(done.stdout.splitlines()[-1])
    seconds, bare = (median(turn[who] for turn in turns) for who in (0, 1))
    ratio = median(hub / alone for hub, alone in turns)
    return Section(
        f"Exporting {orders:,} orders at {LATENCY_MS} ms latency",
        f"Export Orders with {CONCURRENCY} requests at the same time: checked, built, each order's step committed "
        "before and after its request, ids and history stored in SQLite. Against it: the same requests, ready made, "
        f"from {CONCURRENCY} bare threads. One request an order. Median of {len(turns)} turns.",
        ("exporter", "wall s", "orders/s", "to the bare loop"),
        [
            ("bare httpx2", f"{bare:.1f}", f"{orders / bare:,.0f}", "1"),
            ("Mageferry", f"{seconds:.1f}", f"{orders / seconds:,.0f}", f"{ratio:.2f}"),
        ],
    )
