"""What does it take to read the stock of a whole warehouse and to write what differs?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from bench.report import Section
from bench.shop import CREDENTIALS, ROOT, plain_environment, run_shop

LIMIT_MIB = 200


def measure_inventory(products: int, tell: Callable[[str], None]) -> Section:
    """Get Inventory in a process of its own with a throw-away SQLite database, against the sandbox."""
    tell(f"stock of {products:,} products")
    with run_shop("sandbox", 0, products) as shop, tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "bench.inventory_run", "--endpoint", shop.endpoint]
        command += ["--products", str(products)]
        environment = plain_environment() | {
            "MAGEFERRY_HOME": home,
            "BENCH_SHOP_PASSWORD": CREDENTIALS["password"],
        }
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, timeout=1800, check=True
        )
    return describe(products, json.loads(done.stdout))


def describe(products: int, runs: list[dict[str, Any]]) -> Section:
    """The figures of the runs as a table."""
    return Section(
        f"Stock of {products:,} products",
        "Get Inventory reads all source items of one warehouse by SKU and writes what differs into SQLite: all of them "
        "the first time, then nothing, then one in a hundred. Peak MiB of the process up to then "
        f"(to stay below {LIMIT_MIB}); the shop is another process.",
        ("run", "read", "written", "wall s", "rows/s", "peak MiB"),
        [
            (
                run["name"],
                f"{run['read']:,}",
                f"{run['written']:,}",
                f"{run['seconds']:.1f}",
                f"{run['read'] / run['seconds']:,.0f}",
                f"{run['peak_mib']:.0f}",
            )
            for run in runs
        ],
    )
