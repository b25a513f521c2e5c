"""How fast is a route, against the bare requests and the ledger's own work, and does its memory grow?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from bench.report import Section
from bench.shop import ROOT, plain_environment

THREADS = 4
TURNS = 3
_PARTS = ("read", "send", "ledger", "bare")


def measure_routes(sizes: tuple[int, int], tell: Callable[[str], None]) -> Iterator[Section]:
    """A route from the first page to the last answer, at a server that answers at once, in a process of its own."""
    few, many = sizes
    tell(f"{few:,} entities through a route, {TURNS} turns")
    yield describe_speed(few, _run(few, "--turns", str(TURNS))["turns"])
    peaks = []
    for size in sizes:
        tell(f"memory of a route with {size:,} entities")
        peaks.append(_run(size, "--only-route")["peak_mib"])
    yield Section(
        "Memory of a route",
        "Peak MiB of the process that reads all entities and sends them.",
        ("", f"{few:,} entities", f"{many:,} entities", "growth"),
        [("Mageferry", *(f"{peak:.0f}" for peak in peaks), f"{peaks[1] / peaks[0]:.2f}")],
    )


def describe_speed(entities: int, turns: list[dict[str, list[float]]]) -> Section:
    """The figures of all turns as a table."""
    clock, cpu = ({name: median(turn[name][which] for turn in turns) for name in _PARTS} for which in (0, 1))
    ratios = [median(_ratio(turn, which) for turn in turns) for which in (0, 1)]
    rows: list[tuple[str, ...]] = [
        (title, f"{clock[name]:.1f}", f"{cpu[name]:.1f}", f"{cpu[name] / entities * 1000:.2f}", "", "")
        for title, name in (
            ("bare httpx2: pages and requests", "bare"),
            ("ledger: units that do nothing", "ledger"),
            ("route: reading into tasks", "read"),
            ("route: transforming and sending", "send"),
        )
    ]
    whole = [clock["read"] + clock["send"], cpu["read"] + cpu["send"]]
    rows.append(
        (
            *("route in all", f"{whole[0]:.1f}", f"{whole[1]:.1f}", f"{whole[1] / entities * 1000:.2f}"),
            *(f"{ratio:.2f}" for ratio in ratios),
        )
    )
    return Section(
        f"A route with {entities:,} entities",
        "Pages of 500 orders become tasks; each is transformed and sent in a request of its own. The steps of a batch "
        "are committed before its first request, results a tenth of a second at a time, with request and answer kept "
        f"twice: at the task and in the client's log. SQLite, {THREADS} threads, a server on the same machine that "
        "answers at once. The ratio is to the bare requests and the ledger together. Medians of "
        f"{len(turns)} turns; CPU of this process, which other load changes less.",
        ("", "wall s", "CPU s", "CPU ms per entity", "ratio by the clock", "ratio by CPU"),
        rows,
    )


def _ratio(turn: dict[str, list[float]], which: int) -> float:
    mine = turn["read"][which] + turn["send"][which]
    return mine / (turn["bare"][which] + turn["ledger"][which])


def _run(entities: int, *words: str) -> dict[str, Any]:
    with _server(entities) as address, tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "bench.route_run", "--address", address, "--entities", str(entities)]
        environment = plain_environment() | {"MAGEFERRY_HOME": home}
        done = subprocess.run(
            [*command, "--threads", str(THREADS), *words],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=3600,
            check=True,
        )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


@contextmanager
def _server(orders: int) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.sales_server", "--orders", str(orders)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=plain_environment()
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
