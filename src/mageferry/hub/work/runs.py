"""A run of a flow while it goes on: counts, progress, and the row that stays."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from django.utils import timezone

from mageferry.hub.work import units
from mageferry.hub.work.leases import LeaseHeld, LeaseLost
from mageferry.hub.work.models import FlowRun, RunStatus
from mageferry.hub.work.new_units import insert_units
from mageferry.hub.work.operations import open_units
from mageferry.hub.work.units import Intent, Outcome

log = structlog.stdlib.get_logger(__name__)

COUNTS = ("read", "created", "updated", "unchanged", "skipped", "failed")

Watcher = Callable[["Run"], None]


class NotRunnable(Exception):
    """What can't run as it is set up: why, and how to mend it."""

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason, self.remedy = reason, remedy
        super().__init__(f"{reason} {remedy}")


@dataclass(slots=True)
class Run:
    """Counts of one run. `watch` is called whenever they change (a progress bar)."""

    row: FlowRun
    watch: Watcher | None = None
    expected: int | None = None
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _saved_at: float = 0.0

    @property
    def started_at(self) -> dt.datetime:
        return self.row.started_at

    def expect(self, count: int) -> None:
        """How many records there will be, once somebody knows."""
        self.expected = count
        self.changed(save=True)

    def add(self, **counts: int) -> None:
        """Add to the counts, e.g. add(read=100, created=98, failed=2)."""
        for name, count in counts.items():
            setattr(self, name, getattr(self, name) + count)
        self.changed()

    def fail(self, text: str) -> None:
        """Count a failed record and keep its line for the summary (the first hundred)."""
        self.failed += 1
        if len(self.failures) < 100:
            self.failures.append(text)
        self.changed()

    def note(self, text: str) -> None:
        """Say something about the run as a whole; shown with it."""
        self.notes.append(text)
        self.row.notes = "\n".join(self.notes)

    def changed(self, *, save: bool = False) -> None:
        if self.watch is not None:
            self.watch(self)
        # The row follows at most once a second: a page that shows progress needs no more.
        if save or time.monotonic() - self._saved_at >= 1:
            self._save()

    def close(self, status: RunStatus, error: str = "", remedy: str = "") -> None:
        """End the run and save it."""
        self.row.status, self.row.error, self.row.remedy = status, error, remedy
        self.row.finished_at = timezone.now()
        self._save("status", "error", "remedy", "finished_at")
        if self.watch is not None:
            self.watch(self)

    def _save(self, *more: str) -> None:
        for name in (*COUNTS, "expected"):
            setattr(self.row, name, getattr(self, name))
        self.row.save(update_fields=[*COUNTS, "expected", "notes", *more])
        self._saved_at = time.monotonic()


def start_run(flow: str, scope: str, connector_key: str, title: str, watch: Watcher | None = None) -> Run:
    """Begin a run. Runs of the same (row, flow) that never ended belong to a process that died: closed here,
    since the caller holds the lease on (row, flow)."""
    FlowRun.objects.filter(flow=flow, scope=scope, status=RunStatus.RUNNING).update(
        status=RunStatus.ABANDONED,
        finished_at=timezone.now(),
        error="The process that ran it ended before its end.",
    )
    row = FlowRun.objects.create(
        flow=flow, scope=scope, connector_key=connector_key, title=title, started_at=timezone.now()
    )
    return Run(row, watch)


@contextmanager
def closed_in_any_case(run: Run) -> Iterator[None]:
    """Around the work of a run that closes it: what isn't expected there ends it too. Raises what isn't about data or
    network, such as an exhausted memory, once the run is closed."""
    try:
        yield
    except LeaseLost as lost:
        run.close(RunStatus.ABANDONED, str(lost))
    except Exception as error:
        log.exception("The run failed unexpectedly")
        run.close(
            RunStatus.FAILED,
            f"Unexpected error: {type(error).__name__}.",
            "The details are in the hub's log. Nothing that was stored is lost; run it again.",
        )
        if not isinstance(error, ArithmeticError | LookupError | ValueError | TypeError | OSError):
            raise


def request_unit(intent: Intent) -> bool:
    """Ask the workers for a run soon. False: it is asked for already."""
    if open_units(intent.subject, intent.kind).exists():
        return False
    insert_units([intent])
    return True


def run_for_unit(run: Callable[[], Run]) -> Outcome:
    """The outcome of a unit of work that asked for a run."""
    try:
        row = run().row
    except NotRunnable as problem:
        return units.failed(problem.reason, problem.remedy)
    except LeaseHeld as busy:
        return units.skipped(str(busy))
    if row.status == RunStatus.FAILED:
        return units.failed(row.error, row.remedy, result={"run": row.pk})
    return units.finished(result={"run": row.pk})
