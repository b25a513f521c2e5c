"""The readers that are compared, and how one of them is run and measured."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.environments import find_python
from bench.shop import ROOT, Shop, plain_environment

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Reader:
    """One way to read orders: a module of bench.readers, where it runs, and what it is compared with."""

    name: str
    module: str
    concurrency: int
    floor: str
    requirement: str | None = None
    """None: the project's own environment; else the peer as name==version, which gets one of its own."""

    def python(self) -> Path:
        return find_python(self.requirement) if self.requirement else Path(sys.executable)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one run of a reader took and brought."""

    requests: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    rows: int
    unique: int


FLOOR, FLOOR_THREADS, FLOOR_TASKS = "bare httpx2, 1", "bare httpx2, 10 threads", "bare httpx2, 10 tasks"
PYMAGENTO, M2_SDK = "pymagento==2.14.0", "m2-sdk==0.1.8"
READERS = (
    Reader(FLOOR, "bare_httpx2", 1, FLOOR),
    Reader(FLOOR_THREADS, "bare_httpx2", 10, FLOOR_THREADS),
    Reader(FLOOR_TASKS, "bare_httpx2_async", 10, FLOOR_TASKS),
    Reader("Magento, 1", "mageferry_sync", 1, FLOOR),
    Reader("Magento, 10 threads", "mageferry_sync", 10, FLOOR_THREADS),
    Reader("AsyncMagento, 10 tasks", "mageferry_async", 10, FLOOR_TASKS),
    Reader("pymagento 2.14.0, 1", "pymagento", 1, FLOOR, PYMAGENTO),
    Reader("m2-sdk 0.1.8, 1", "m2_sdk", 1, FLOOR, M2_SDK),
    Reader("m2-sdk 0.1.8, 10 tasks", "m2_sdk", 10, FLOOR_TASKS, M2_SDK),
)


class ReaderFailed(Exception):
    """A reader ended with an error; the text holds its last lines."""


def read_once(reader: Reader, shop: Shop, status: str | None = None, ids: Path | None = None) -> Reading:
    """Runs the reader once in a process of its own. Raises ReaderFailed."""
    command = [str(reader.python()), "-m", f"bench.readers.{reader.module}"]
    command += ["--endpoint", shop.endpoint, "--token", shop.token]
    command += ["--page-size", str(PAGE_SIZE), "--concurrency", str(reader.concurrency)]
    command += ["--status", status] if status else []
    command += ["--ids", str(ids)] if ids else []
    before = shop.count_requests()
    done = subprocess.run(
        command, cwd=ROOT, env=plain_environment(), capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise ReaderFailed(f"{reader.name}: {done.stderr.strip()[-1500:]}")
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    return Reading(requests=shop.count_requests() - before, **figures)


def read_in_turns(
    readers: tuple[Reader, ...], shop: Shop, repeats: int, tell: Callable[[str], None]
) -> dict[str, list[Reading]]:
    """All readers in turn, `repeats` times over: what disturbs the machine disturbs all of them."""
    readings: dict[str, list[Reading]] = {reader.name: [] for reader in readers}
    for turn in range(repeats):
        for reader in readers:
            tell(f"turn {turn + 1} of {repeats}: {reader.name}")
            readings[reader.name].append(read_once(reader, shop))
    return readings


def middle(readings: list[Reading]) -> Reading:
    """The median of each figure; of rows and requests, which should not differ between runs, the worst."""
    return Reading(
        requests=max(one.requests for one in readings),
        seconds=median(one.seconds for one in readings),
        cpu_seconds=median(one.cpu_seconds for one in readings),
        peak_mib=median(one.peak_mib for one in readings),
        rows=min(one.rows for one in readings),
        unique=min(one.unique for one in readings),
    )
