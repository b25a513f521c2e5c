"""An installation of several processes on this machine, to be mistreated by the proofs."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from mageferry.hub.configuration import configuration
from mageferry.hub.work import ledger, operations
from mageferry.hub.work.clock import database_now
from mageferry.hub.work.ledger import Intent
from mageferry.hub.work.models import UnitStatus, WorkUnit

ROOT = Path(__file__).parents[3]
LEASE_SECONDS = 3
# How late the tick may be on a busy machine before a unit counts as stuck.
PATIENCE_SECONDS = 10.0
# A test that waits for progress gives up after so long without any: processes start slowly on a busy machine.
STANDSTILL_SECONDS = 180.0


def database_url() -> str:
    """The test database, for other processes."""
    chosen = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{chosen['NAME']}"
    return f"postgresql://{chosen['USER']}:{chosen['PASSWORD']}@{chosen['HOST']}:{chosen['PORT']}/{chosen['NAME']}"


class Installation:
    """Worker and scheduler processes. Every one that was started is ended by `close`."""

    def __init__(self, log: Path, **settings: str) -> None:
        self.log = log
        self.environment = {
            **os.environ,
            "MAGEFERRY_HOME": str(configuration().home),
            "MAGEFERRY_DATABASE_URL": database_url(),
            "MAGEFERRY_LEASE_SECONDS": str(LEASE_SECONDS),
            "MAGEFERRY_GRACE_SECONDS": "5",
            "MAGEFERRY_WORKER_THREADS": "3",
            **settings,
        }
        self.workers: list[subprocess.Popen[bytes]] = []
        self.schedulers: list[subprocess.Popen[bytes]] = []

    def start(self, what: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a `worker` or a `scheduler`."""
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.hub.work.proof_process", what],
                cwd=ROOT,
                env=self.environment | settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        (self.workers if what == "worker" else self.schedulers).append(process)
        return process

    def kill_one(self, chance: random.Random) -> None:
        """kill -9 a worker at random, and start another in its place."""
        victim = chance.choice(self.workers)
        self.workers.remove(victim)
        victim.kill()
        victim.wait()
        self.start("worker")

    def replace_ended(self) -> None:
        """What a supervisor does: start a worker for each that ended."""
        for process in [each for each in self.workers if each.poll() is not None]:
            self.workers.remove(process)
            self.start("worker")

    def close(self) -> None:
        for process in (*self.workers, *self.schedulers):
            process.kill()
        for process in (*self.workers, *self.schedulers):
            process.wait()

    def await_ready(self) -> None:
        """Until every process has come so far that it ends at SIGTERM by itself."""
        for process in (*self.workers, *self.schedulers):
            while not catches_sigterm(process.pid):
                assert process.poll() is None, f"it ended: {self.log.read_text()}"
                time.sleep(0.05)

    def end(self) -> list[int]:
        """SIGTERM to all; returns their exit codes."""
        processes = [*self.workers, *self.schedulers]
        for process in processes:
            process.send_signal(signal.SIGTERM)
        return [process.wait(30) for process in processes]


def catches_sigterm(pid: int) -> bool:
    """Whether a process has a handler of its own for SIGTERM, as the kernel knows it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line.split()[1] for line in lines if line.startswith("SigCgt:"))
    return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1))


@contextmanager
def effects() -> Iterator[None]:
    """A table in which each unit's effect leaves a row; nothing there forbids a second one."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS proof_effect")
        cursor.execute("CREATE TABLE proof_effect (unit bigint NOT NULL)")
    try:
        yield
    finally:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE proof_effect")


def write_units(count: int, kind: str = "proof") -> None:
    ledger.write_intents(
        Intent(kind, f"unit {number}", connector_key=f"magento2:{number % 5}") for number in range(count)
    )


def overdue_seconds() -> float:
    """How long the lease of the worst unit is over without anybody having taken it back."""
    first = (
        WorkUnit.objects.filter(status=UnitStatus.PROCESSING).order_by("lease_expires_at")
        .values_list("lease_expires_at", flat=True).first()
    )  # fmt: skip
    return (database_now() - first).total_seconds() if first else 0.0


def unfinished() -> int:
    return WorkUnit.objects.exclude(status=UnitStatus.FINISHED).count()


def await_end(seconds: float) -> float:
    """Until every unit is finished; returns how long a lease was over at most. Fails when it takes too long."""
    worst, deadline = 0.0, time.monotonic() + seconds
    while left := unfinished():
        worst = max(worst, overdue_seconds())
        # Three deaths in a row by chance park a unit; then a person looks and retries.
        operations.try_again(
            WorkUnit.objects.filter(
                status=UnitStatus.FAILED, reason__startswith="Its worker ended"
            ).values_list("pk", flat=True)
        )
        assert time.monotonic() < deadline, f"{left} units are not finished: {statuses()}"
        time.sleep(0.2)
    return worst


def statuses() -> dict[str, int]:
    return dict(Counter(WorkUnit.objects.values_list("status", flat=True)))


def assert_each_once(count: int) -> None:
    """Every unit is finished, and its effect is there exactly once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT unit) FROM proof_effect")
        rows, units = cursor.fetchone()
    assert WorkUnit.objects.filter(kind="proof", status=UnitStatus.FINISHED).count() == count
    assert (rows, units) == (count, count)
