"""How fast are orders taken over into the hub's database, against the bare inserts of the same rows?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from statistics import median
from typing import Any

from bench.import_run import PAGE_SIZE
from bench.report import Section
from bench.shop import ROOT, plain_environment


def measure_import(orders: int, turns: int, tell: Callable[[str], None]) -> Section:
    """The hub and the bare insert in turns, in one process with a throw-away SQLite database."""
    tell(f"importing {orders} orders, {turns} turns")
    command = [sys.executable, "-m", "bench.import_run", "--orders", str(orders), "--turns", str(turns)]
    with tempfile.TemporaryDirectory() as home:
        environment = plain_environment() | {"MAGEFERRY_HOME": home}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, timeout=900, check=True
        )
    return describe(json.loads(done.stdout))


def describe(figures: dict[str, Any]) -> Section:
    """The figures of a run as a table: medians, and the ratio turn by turn before its median is taken."""
    imported, turns = figures["orders"], figures["turns"]
    seconds, bare_seconds = (median(turn[who] for turn in turns) for who in (0, 1))
    ratio = median(hub / bare for hub, bare in turns)
    rows = [
        ("sqlite3.executemany", f"{bare_seconds:.2f}", f"{imported / bare_seconds:,.0f}", "1"),
        ("Mageferry", f"{seconds:.2f}", f"{imported / seconds:,.0f}", f"{ratio:.2f}"),
    ]
    return Section(
        f"Importing {imported:,} orders into SQLite",
        f"Pages of {PAGE_SIZE} raw orders are checked, mapped and stored, "
        f"{figures['rows'] / imported:.1f} rows an order, a transaction a page. "
        "Against it: the same statements with the same rows, ready made, by Python's sqlite3 with the same "
        f"schema and pragmas, page by page in turns. Median of {len(turns)} turns.",
        ("importer", "wall s", "orders/s", "to the bare insert"),
        rows,
    )
