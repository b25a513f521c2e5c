"""The worker of one process: threads that claim units, work on them and write down what became of them."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from django.db import DatabaseError, connection

from mageferry.hub.work import ledger, waking
from mageferry.hub.work.handling import attempt, loaded_together
from mageferry.hub.work.models import Step, UnitStatus
from mageferry.hub.work.queue import down_connectors
from mageferry.hub.work.results import Results
from mageferry.hub.work.supply import PORTION_SECONDS, Supply
from mageferry.hub.work.units import Claim, Outcome

log = structlog.stdlib.get_logger(__name__)

Told = Callable[[Claim, Outcome], None]


def drain(
    kinds: Collection[str],
    *,
    only: Collection[int] | None = None,
    threads: int = 1,
    done: Told | None = None,
) -> int:
    """Work until no unit of these kinds is due, or until each of `only` had its attempt.

    Returns how many attempts were made. `done` is told of each.
    """
    worker = Worker(kinds=kinds, threads=threads, only=only, done=done)
    return worker.run(until_idle=True)


class Worker:
    """Threads that work on due units until stopped."""

    def __init__(
        self,
        *,
        kinds: Collection[str] | None = None,
        threads: int = 4,
        idle_seconds: float = 1.0,
        lease_seconds: float = ledger.LEASE_SECONDS,
        only: Collection[int] | None = None,
        done: Told | None = None,
    ) -> None:
        self._threads, self._idle_seconds = threads, idle_seconds
        self._lease_seconds, self._done = lease_seconds, done
        self._stop = threading.Event()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._attempts = 0
        self._supply = Supply(kinds, only, threads, lease_seconds, idle_seconds, self._stop)
        self._results = Results(lease_seconds, idle_seconds, self._stop)

    def stop(self) -> None:
        """Claim nothing more and begin nothing more; what runs is finished, what wasn't begun is handed back."""
        self._stop.set()
        waking.local.wake(0)

    def run(self, *, until_idle: bool = False, grace_seconds: float | None = None) -> int:
        """Work; returns how many attempts were made when stopped (or when nothing is due any more).

        Units that still run `grace_seconds` after the stop are left: their lease ends and another worker takes them.
        """
        # What the caller is about (its run, its trace) goes with its threads.
        threads = [
            threading.Thread(
                target=contextvars.copy_context().run,
                args=(self._loop, until_idle),
                name=f"work-{number}",
                daemon=True,
            )
            for number in range(self._threads)
        ]
        with self.keeping():
            for thread in threads:
                thread.start()
            for thread in threads:
                self._join(thread, grace_seconds)
        return self._attempts

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """While the block runs, the leases of the units in hand are renewed; what nobody has begun by its end is handed
        back."""
        keeper = threading.Thread(target=self._keep, name="work-keeper", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._over.set()
            keeper.join()
            self._supply.hand_back_waiting()

    def _join(self, thread: threading.Thread, grace_seconds: float | None) -> None:
        while thread.is_alive() and not self._stop.is_set():
            thread.join(0.2)
        thread.join(grace_seconds)
        if thread.is_alive():
            log.warning(
                "A unit still runs after the grace period; another worker takes it when its lease ends"
            )

    def _loop(self, until_idle: bool) -> None:
        try:
            while not self._stop.is_set():
                if self.work_once() == 0:
                    if until_idle:
                        return
                    waking.local.wait(self._idle_seconds)
        finally:
            if self._stop.is_set():
                self._supply.hand_back_waiting()
            connection.close()

    def work_once(self, *, fetch: bool = True) -> int:
        """Work on some units; returns how many. Without `fetch` only on such as this worker has claimed already."""
        portion = self._supply.next(fetch=fetch)
        if portion is None:
            return 0
        began = time.monotonic()
        with loaded_together(portion.claims, portion.loaded) as loaded:
            self._attempt_all(portion.claims, loaded)
        self._supply.note_seconds((time.monotonic() - began) / len(portion.claims))
        return len(portion.claims)

    def _attempt_all(self, claims: Sequence[Claim], loaded: Mapping[int, Any]) -> None:
        since = time.monotonic()
        results: list[tuple[Claim, Outcome]] = []
        left = deque(claims)
        while left:
            if self._stop.is_set():
                self._supply.hand_back(left)
                break
            held = left.popleft()
            outcome = attempt(held, loaded)
            if outcome is None:
                self._end([held])
            else:
                results.append((held, outcome))
                if outcome.status in (UnitStatus.RETRY, UnitStatus.FAILED):
                    self._hand_back_of_the_down(left)
            # What was written to the outside is recorded at once, unless it can be found again; small units share a
            # commit.
            sent = held.unit.step != Step.INTENT and not (outcome is not None and outcome.may_wait)
            if sent or time.monotonic() - since >= PORTION_SECONDS:
                self._write(results)
                results, since = [], time.monotonic()
        self._write(results)

    def _hand_back_of_the_down(self, left: deque[Claim]) -> None:
        """Where a connector is down by now, its other units that weren't begun wait for its end as all others do."""
        down = down_connectors()
        if not down:
            return
        waiting = [held for held in left if held.unit.connector_key in down]
        if waiting:
            self._supply.hand_back(waiting)
            keep = [held for held in left if held.unit.connector_key not in down]
            left.clear()
            left.extend(keep)
        self._supply.hand_back_waiting(lambda held: held.unit.connector_key in down)

    def _write(self, results: Sequence[tuple[Claim, Outcome]]) -> None:
        written = self._results.write(results)
        self._end([held for held, _ in results])
        if self._done is not None:
            with self._lock:
                for held, outcome in written:
                    self._done(held, outcome)

    def _end(self, claims: Sequence[Claim]) -> None:
        self._supply.forget(claims)
        with self._lock:
            self._attempts += len(claims)

    def _keep(self) -> None:
        try:
            while not self._over.wait(self._lease_seconds / 3):
                try:
                    self._supply.hand_back_stale(self._lease_seconds / 3)
                    ledger.renew(self._supply.in_hand(), self._lease_seconds)
                except DatabaseError:
                    log.exception("Renewing leases failed")
                    connection.close()
        finally:
            connection.close()
