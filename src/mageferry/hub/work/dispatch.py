"""The worker of one process: threads that claim units, work on them and write down what became of them."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from mageferry.hub.work import ledger, waking
from mageferry.hub.work.handling import attempt, loaded_together, unexpected
from mageferry.hub.work.leases import LeaseLost
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.owners import owner_name
from mageferry.hub.work.queue import down_connectors
from mageferry.hub.work.units import Claim, Outcome

log = structlog.stdlib.get_logger(__name__)

Told = Callable[[Claim, Outcome], None]

# A batch is about this much work: long enough to share its queries, short enough to leave units to other workers.
BATCH_SECONDS = 1.0
# Small units share a commit, but not for longer.
COMMIT_SECONDS = 0.1
LARGEST_BATCH = 64
_FIRST_GUESS_SECONDS = 0.05
_LOOK_AGAIN_SECONDS = 0.05


def write_results(pairs: Sequence[tuple[Claim, Outcome]]) -> list[tuple[Claim, Outcome]]:
    """Write outcomes in one commit, or one by one when that fails; returns those that were written.

    Raises OperationalError or InterfaceError when the database is away.
    """
    if not pairs:
        return []
    try:
        ledger.settle_together(pairs)
        return list(pairs)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(pairs) > 1:
            return [written for pair in pairs for written in write_results([pair])]
        held = pairs[0][0]
        if isinstance(error, LeaseLost):
            log.warning("Lease lost, result left to the new holder", unit=held.pk, kind=held.unit.kind)
            return []
        log.exception("The effect of a unit failed", unit=held.pk, kind=held.unit.kind)
        return write_results([(held, unexpected(held, error))])


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
        self._kinds, self._threads, self._idle_seconds = kinds, threads, idle_seconds
        self._lease_seconds, self._done = lease_seconds, done
        self._only = None if only is None else deque(only)
        self._name = owner_name("worker")
        self._stop = threading.Event()
        self._over = threading.Event()
        self._active: dict[int, Claim] = {}
        self._lock = threading.Lock()
        self._attempts = self._batches = 0
        self._unit_seconds = _FIRST_GUESS_SECONDS

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
        """While the block runs, the leases of the units in hand are renewed."""
        keeper = threading.Thread(target=self._keep, name="work-keeper", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._over.set()
            keeper.join()

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
            connection.close()

    def work_once(self) -> int:
        """Claim a batch and work on it; returns how many units it had."""
        claims = self._claim()
        if claims:
            self._work_on(claims)
        return len(claims)

    def _claim(self) -> list[Claim]:
        claims: list[Claim] = []
        while not self._stop.is_set():
            with self._lock:
                self._batches += 1
                owner = f"{self._name}:{self._batches}"
                limit = max(1, min(LARGEST_BATCH, round(BATCH_SECONDS / self._unit_seconds)))
                only = self._next_of_only(limit)
            if only is not None and not only:
                break
            try:
                claims = ledger.claim(
                    owner, kinds=self._kinds, limit=limit, only=only, lease_seconds=self._lease_seconds
                )
            except DatabaseError as error:
                # The database is away for a moment: the ledger is the truth, so wait and look again.
                self._await_database("Claiming", error)
                self._give_back_only(only)
                continue
            if only is not None:
                left = self._not_yet_taken(only, claims)
                self._give_back_only(left)
                if left and not claims:
                    self._stop.wait(_LOOK_AGAIN_SECONDS)
            if claims or only is None:
                break
        with self._lock:
            self._active.update({held.pk: held for held in claims})
        return claims

    def _next_of_only(self, limit: int) -> list[int] | None:
        if self._only is None:
            return None
        # Towards the end all threads share what is left.
        share = ceil(len(self._only) / self._threads)
        return [self._only.popleft() for _ in range(min(limit, share))]

    def _not_yet_taken(self, only: list[int], claims: list[Claim]) -> list[int]:
        """Those that are due and yet weren't claimed, such as a suspect that has to be taken alone."""
        taken = {held.pk for held in claims}
        missing = [pk for pk in only if pk not in taken]
        if not missing:
            return []
        due = WorkUnit.objects.filter(pk__in=missing, status=UnitStatus.NEW)
        due = due.exclude(connector_key__in=down_connectors())
        if self._kinds is not None:
            due = due.filter(kind__in=list(self._kinds))
        return list(due.values_list("pk", flat=True))

    def _give_back_only(self, only: list[int] | None) -> None:
        if self._only is not None and only:
            with self._lock:
                self._only.extendleft(reversed(only))

    def _await_database(self, what: str, error: Exception) -> None:
        log.error(f"{what} failed: the database can't be used", error=str(error).strip().partition("\n")[0])
        connection.close()
        self._stop.wait(self._idle_seconds)

    def _work_on(self, claims: list[Claim]) -> None:
        began = time.monotonic()
        with loaded_together(claims) as loaded:
            self._attempt_all(claims, loaded)
        with self._lock:
            taken = (time.monotonic() - began) / len(claims)
            self._unit_seconds = 0.5 * self._unit_seconds + 0.5 * max(taken, 1e-4)

    def _attempt_all(self, claims: list[Claim], loaded: Mapping[int, Any]) -> None:
        since = time.monotonic()
        results: list[tuple[Claim, Outcome]] = []
        left = deque(claims)
        while left:
            if self._stop.is_set() and len(left) < len(claims):
                self._hand_back(left)
                break
            held = left.popleft()
            outcome = attempt(held, loaded)
            if outcome is None:
                self._forget([held])
            else:
                results.append((held, outcome))
                if outcome.status in (UnitStatus.RETRY, UnitStatus.FAILED):
                    self._hand_back_of_the_down(left)
            # What was written to the outside is recorded at once, unless it can be found again; small units share a
            # commit.
            sent = held.unit.step != Step.INTENT and not (outcome is not None and outcome.may_wait)
            if sent or time.monotonic() - since >= COMMIT_SECONDS:
                self._write(results)
                results, since = [], time.monotonic()
        self._write(results)

    def _hand_back_of_the_down(self, left: deque[Claim]) -> None:
        """Where a connector is down by now, its other units of the batch wait for its end as all others do."""
        if not left:
            return
        down = down_connectors()
        waiting = [held for held in left if held.unit.connector_key in down]
        if waiting:
            self._hand_back(waiting)
            keep = [held for held in left if held.unit.connector_key not in down]
            left.clear()
            left.extend(keep)

    def _write(self, results: list[tuple[Claim, Outcome]]) -> None:
        """Write results; while the database is away they are kept, as long as the leases can be ours."""
        deadline = time.monotonic() + self._lease_seconds
        written: list[tuple[Claim, Outcome]] = []
        while results:
            try:
                written = write_results(results)
                break
            except (OperationalError, InterfaceError) as error:
                if time.monotonic() > deadline:
                    log.error(
                        "Results couldn't be written in time; the units are tried again", units=len(results)
                    )
                    break
                self._await_database("Writing results", error)
                if self._stop.is_set():
                    time.sleep(min(self._idle_seconds, 1.0))
        self._forget([held for held, _ in results])
        if self._done is not None:
            with self._lock:
                for held, outcome in written:
                    self._done(held, outcome)

    def _forget(self, claims: list[Claim]) -> None:
        with self._lock:
            for held in claims:
                self._active.pop(held.pk, None)
            self._attempts += len(claims)

    def _hand_back(self, claims: Collection[Claim]) -> None:
        try:
            ledger.hand_back(claims)
        except DatabaseError as error:
            log.error("Units couldn't be handed back; their leases end by themselves", error=str(error))
        with self._lock:
            for held in claims:
                self._active.pop(held.pk, None)

    def _keep(self) -> None:
        try:
            while not self._over.wait(self._lease_seconds / 3):
                with self._lock:
                    active = list(self._active.values())
                try:
                    ledger.renew(active, self._lease_seconds)
                except DatabaseError:
                    log.exception("Renewing leases failed")
                    connection.close()
        finally:
            connection.close()
