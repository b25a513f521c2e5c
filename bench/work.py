"""The ledger: units a second, workers side by side, claims with many finished units, schedules, and Celery alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.report import Section
from bench.shop import ROOT, plain_environment

PYTHON = sys.executable
CONNECTORS, FLOWS, PERIOD_SECONDS = 1000, 7, 900


@dataclass(frozen=True, slots=True)
class Hub:
    """A database with the hub's tables, and the environment of the processes that use it."""

    name: str
    environment: dict[str, str]

    def run(self, *words: str) -> dict[str, Any]:
        """One process of bench.ledger_process to its end."""
        return _figures(self.start(*words))

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [PYTHON, "-m", "bench.ledger_process", *words],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )


def _figures(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate(timeout=1200)
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
    figures: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return figures


@contextmanager
def sqlite() -> Iterator[Hub]:
    """A new SQLite file."""
    with tempfile.TemporaryDirectory() as home:
        yield _migrated(Hub("SQLite", {**plain_environment(), "MAGEFERRY_HOME": home}))


@contextmanager
def postgresql() -> Iterator[Hub]:
    """A throw-away PostgreSQL."""
    with tempfile.TemporaryDirectory() as home:
        started = _script("postgres.sh", "start")
        url, directory = started.stdout.strip(), started.stderr.strip().split()[-1]
        try:
            environment = {**plain_environment(), "MAGEFERRY_HOME": home, "MAGEFERRY_DATABASE_URL": url}
            yield _migrated(Hub("PostgreSQL", environment))
        finally:
            _script("postgres.sh", "stop", directory)


def _script(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "scripts" / name, *words], capture_output=True, text=True, check=True, timeout=600
    )


def _migrated(hub: Hub) -> Hub:
    subprocess.run(
        [PYTHON, "-m", "mageferry", "migrate"], env=hub.environment, cwd=ROOT, check=True, capture_output=True
    )
    return hub


def measure_work(quick: bool, tell: Callable[[str], None]) -> Iterator[Section]:
    """All tables of the ledger."""
    units, finished = (4_000, 50_000) if quick else (20_000, 1_000_000)
    with sqlite() as small, postgresql() as large:
        yield _throughput(small, large, units, tell)
        yield _schedules(small, large, tell)
        yield _claims(small, large, finished, tell)


def _throughput(small: Hub, large: Hub, units: int, tell: Callable[[str], None]) -> Section:
    rows = []
    alone: dict[str, float] = {}
    for hub, processes, threads in (
        (small, 1, 1), (small, 1, 4), (large, 1, 1), (large, 2, 1), (large, 4, 1), (large, 1, 4),
    ):  # fmt: skip
        tell(f"{units} units on {hub.name}: {processes} processes with {threads} threads")
        rate, cpu = _drain(hub, processes, threads, units)
        first = alone.setdefault(hub.name, rate)
        wall = processes * threads / rate * 1000
        rows.append(
            (
                f"{hub.name}, {processes} x {threads}",
                f"{rate:,.0f}",
                f"{wall:.2f}",
                f"{cpu / units * 1000:.2f}",
                f"{rate / first:.2f}",
            )
        )
    tell(f"{units} tasks: Celery alone")
    for processes in (1, 2):
        rate = _celery(processes, max(2000, units // 5))
        rows.append(
            (f"Celery alone, {processes} x 1", f"{rate:,.0f}", f"{processes / rate * 1000:.2f}", "", "")
        )
    return Section(
        "Units of work a second",
        f"{units:,} units that do nothing, from claim to recorded result; processes x threads. PostgreSQL runs without "
        f"fsync. Two or more workers share {os.cpu_count()} cores with the database. Celery alone: the same task with "
        "late acknowledgement on RabbitMQ (a durable classic queue, faster than a quorum queue) and its RPC result "
        "backend, sending included; it keeps no record of what was done.",
        (
            "workers",
            "units/s",
            "wall ms per unit and worker",
            "CPU ms per unit (workers)",
            "times one worker",
        ),
        rows,
    )


def _drain(hub: Hub, processes: int, threads: int, units: int) -> tuple[float, float]:
    hub.run("fill", str(units))
    at = time.time() + 3
    running = [hub.start("drain", str(threads), str(at)) for _ in range(processes)]
    ends = [_figures(process) for process in running]
    done = sum(each["units"] for each in ends)
    if done != units:
        raise RuntimeError(f"{done} of {units} units were worked on")
    busy = [each for each in ends if each["units"]]
    seconds = max(each["ended"] for each in busy) - min(each["began"] for each in busy)
    return units / seconds, sum(each["cpu_seconds"] for each in ends)


def _celery(processes: int, count: int) -> float:
    directory = _script("rabbitmq.sh", "start").stdout.strip()
    try:
        url = (Path(directory) / "url").read_text(encoding="ascii").strip()
        environment = {**plain_environment(), "BENCH_BROKER_URL": url}
        worker = subprocess.Popen(
            [
                *(PYTHON, "-m", "celery", "-A", "bench.celery_alone", "worker", "-P", "prefork"),
                *("-c", str(processes), "--without-gossip", "--without-mingle", "-l", "ERROR"),
            ],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            client = [PYTHON, "-m", "bench.celery_alone", str(count)]
            figures = _figures(
                subprocess.Popen(client, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
            )
        finally:
            worker.terminate()
            worker.wait(60)
        return count / float(figures["ended"] - figures["began"])
    finally:
        _script("rabbitmq.sh", "stop", directory)


def _claims(small: Hub, large: Hub, finished: int, tell: Callable[[str], None]) -> Section:
    rows = []
    for hub in (small, large):
        hub.run("fill", "3000")
        before = hub.run("claim", "40")
        tell(f"{finished} finished units on {hub.name}")
        hub.run("fill", str(finished), "finished")
        hub.run("fill", "3000")
        after = hub.run("claim", "40")
        for name, key in (("1 unit", "one_seconds"), ("16 units", "sixteen_seconds")):
            first, second = before[key] * 1000, after[key] * 1000
            rows.append((f"{hub.name}, {name}", f"{first:.2f}", f"{second:.2f}", f"{second / first:.2f}"))
    return Section(
        "A claim beside many finished units",
        f"Median milliseconds of one claim before and after {finished:,} finished units were added.",
        ("claim of", "ms before", "ms after", "ratio"),
        rows,
    )


def _schedules(small: Hub, large: Hub, tell: Callable[[str], None]) -> Section:
    rows = []
    count = CONNECTORS * FLOWS
    for hub in (small, large):
        tell(f"{count} schedules on {hub.name}")
        figures = hub.run("schedules", str(count))
        if figures["fired"] != count:
            raise RuntimeError(f"{figures['fired']} of {count} schedules fired")
        share = figures["idle_tick_seconds"] + figures["firing_seconds"] / PERIOD_SECONDS
        rows.append(
            (
                hub.name,
                f"{figures['idle_tick_seconds'] * 1000:.2f}",
                f"{figures['firing_seconds'] / count * 1000:.2f}",
                f"{share * 100:.2f} %",
            )
        )
    return Section(
        "Schedules",
        f"{CONNECTORS:,} connectors with {FLOWS} flows each, every 15 minutes: CPU of the scheduler's process.",
        ("database", "ms per idle tick", "ms per start", "of one core"),
        rows,
    )
