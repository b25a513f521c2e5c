"""The scheduler's tick: due schedules, units whose time has come, dead workers, wake-ups that were lost.

Everything in it is a claim, so any number of schedulers may tick at the same time and none has to.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, connection

from mageferry.hub.configuration import configuration
from mageferry.hub.work import operations, schedules, waking
from mageferry.hub.work.clock import Now, now_plus
from mageferry.hub.work.leases import LeaseHeld, acquire
from mageferry.hub.work.models import EVERYTHING, Lease, UnitStatus, WorkUnit
from mageferry.hub.work.queue import recover_units, wake_units

log = structlog.stdlib.get_logger(__name__)

TICK_SECONDS = 1.0
BEAT = "beat:scheduler"
_BEAT_SECONDS = 10.0
_BEAT_LASTS_SECONDS = 45.0
# A unit that was queued this long ago and isn't taken: its wake-up may have been lost.
_OVERDUE_SECONDS = 5.0
_OVERDUE_WAKEUPS = 8


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick did."""

    fired: int
    woken: int
    recovered: int
    wakeups_sent_again: int


@dataclass(slots=True)
class Chore:
    """Something that the scheduler does every so often."""

    name: str
    every_seconds: float
    work: Callable[[], object]
    once_for_all: bool
    due_at: float = 0.0


_chores: list[Chore] = []


def chore(
    name: str, every_seconds: float, *, once_for_all: bool = False
) -> Callable[[Callable[[], object]], None]:
    """Declare something that the scheduler does every so often; `once_for_all`: by one scheduler of all."""

    def declare(work: Callable[[], object]) -> None:
        _chores[:] = [each for each in _chores if each.name != name]
        _chores.append(Chore(name, every_seconds, work, once_for_all))

    return declare


def tick() -> Tick:
    """One look at everything that time makes due."""
    fired, woken, recovered = schedules.fire_due(), wake_units(), recover_units()
    overdue = _overdue_units() if waking.dispatcher() is not waking.local else 0
    if due := woken + recovered + overdue:
        waking.wake(due)
    return Tick(fired, woken, recovered, overdue)


def _overdue_units() -> int:
    """Units that wait although they may be claimed, up to a few: enough to get busy again, once a second."""
    paused = schedules.paused_connectors()
    if EVERYTHING in paused:
        return 0
    waiting = WorkUnit.objects.filter(status=UnitStatus.NEW, updated_at__lte=now_plus(-_OVERDUE_SECONDS))
    return len(waiting.exclude(connector_key__in=list(paused)).order_by()[:_OVERDUE_WAKEUPS])


class Scheduler:
    """Ticks until stopped, in a thread of its own or in the caller's."""

    def __init__(self, tick_seconds: float = TICK_SECONDS) -> None:
        self._tick_seconds = tick_seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="scheduler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the tick that goes on."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def ask_to_stop(self) -> None:
        """The same without waiting: for signal handlers."""
        self._stop.set()

    def run(self) -> None:
        """Tick until stopped; a database that is away is waited for."""
        try:
            while not self._stop.is_set():
                try:
                    tick()
                    do_chores()
                except DatabaseError as error:
                    log.error("The database can't be used", error=str(error).strip().partition("\n")[0])
                    connection.close()
                self._stop.wait(self._tick_seconds)
        finally:
            connection.close()


def chores() -> Sequence[Chore]:
    """All that are declared."""
    return tuple(_chores)


def do_chores() -> None:
    """What is due of the declared chores; one that fails is logged and tried again at its next time."""
    for each in _chores:
        if time.monotonic() < each.due_at:
            continue
        each.due_at = time.monotonic() + each.every_seconds
        try:
            if each.once_for_all:
                # Kept, not given back: nobody else does it before its time.
                acquire(f"chore:{each.name}", each.every_seconds * 0.9)
            each.work()
        except LeaseHeld:
            continue
        except DatabaseError:
            raise
        except Exception:
            log.exception("A chore of the scheduler failed", chore=each.name)


def scheduler_is_alive() -> bool:
    """Whether a scheduler has ticked lately, in this process or any other."""
    return Lease.objects.filter(name=BEAT, expires_at__gt=Now()).exists()


def _beat() -> None:
    values = {"owner": "scheduler", "expires_at": now_plus(_BEAT_LASTS_SECONDS)}
    Lease.objects.update_or_create(name=BEAT, defaults=values)


def _prune() -> None:
    count = operations.prune(days=configuration().keep_days, keep=configuration().keep_units)
    if count:
        log.info("Old units of work and runs were removed", rows=count)


def _repair() -> None:
    repair = operations.repair_stuck()
    if repair.abandoned_runs:
        log.warning(repair.text)


chore("beat", _BEAT_SECONDS)(_beat)
chore("prune", 3600, once_for_all=True)(_prune)
chore("repair", 300, once_for_all=True)(_repair)
