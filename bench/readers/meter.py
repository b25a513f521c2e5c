"""Runs one reader and says in one line of JSON what it took.

Standard library only: it runs in the peers' environments too.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be read: all orders of a shop, or those in one status."""

    endpoint: str
    """The shop's address without /rest, such as http://127.0.0.1:8080."""
    token: str
    page_size: int
    concurrency: int
    status: str | None


def measure(read: Callable[[Job], Iterable[int]]) -> None:
    """Reads the job given on the command line and prints the figures; starting and importing do not count."""
    job, ids_file = _parse()
    wall, processor = time.perf_counter(), time.process_time()
    ids = list(read(job))
    figures = {
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - processor,
        "peak_mib": peak_memory_mib(),
        "rows": len(ids),
        "unique": len(set(ids)),
    }
    if ids_file:
        ids_file.write_text(json.dumps(ids), encoding="ascii")
    sys.stdout.write(json.dumps(figures) + "\n")


def peak_memory_mib() -> float:
    """The most memory that this process had at once.

    Linux's ru_maxrss survives exec, so a child would report the memory of whoever started it: VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"), re.MULTILINE)
        if found:
            return int(found[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


def _parse() -> tuple[Job, Path | None]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--page-size", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--status")
    parser.add_argument("--ids", type=Path)
    given = parser.parse_args()
    job = Job(given.endpoint, given.token, given.page_size, given.concurrency, given.status)
    return job, given.ids
