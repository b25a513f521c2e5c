"""The worker of one process: threads that claim units, work on them and write down what became of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection

from django.db import DatabaseError, connection

from mageferry.hub.work import ledger
from mageferry.hub.work.leases import LeaseLost
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.owners import owner_name

log = logging.getLogger(__name__)

Handler = Callable[[Claim], Outcome]
_handlers: dict[str, Handler] = {}


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Declare the handler of a kind of unit."""

    def declare(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return declare


def work_on(held: Claim) -> Outcome | None:
    """One attempt at a claimed unit, from handler to ledger. None: the lease was lost, another worker has it."""
    try:
        outcome = _handlers[held.unit.kind](held)
    except LeaseLost:
        return None
    except Exception as error:
        # The unit's step says whether something was sent; the next attempt looks first.
        log.exception("Unit %s (%s) failed unexpectedly", held.pk, held.unit)
        outcome = ledger.retry(
            f"Unexpected error: {type(error).__name__}.",
            wait_seconds=min(30 * 2**held.unit.attempts, 3600),
            remedy="The details are in the hub's log. It is tried again by itself; report it if it stays.",
        )
    try:
        ledger.settle(held, outcome)
    except LeaseLost:
        log.warning("Unit %s (%s): lease lost, result left to the new holder", held.pk, held.unit)
        return None
    return outcome


def drain(
    kinds: Collection[str],
    *,
    only: Collection[int] | None = None,
    threads: int = 1,
    done: Callable[[Claim, Outcome], None] | None = None,
) -> int:
    """Work until no unit of these kinds is due. Returns how many attempts were made. `done` is told of each."""
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
        only: Collection[int] | None = None,
        done: Callable[[Claim, Outcome], None] | None = None,
    ) -> None:
        self._kinds, self._threads, self._idle_seconds = kinds, threads, idle_seconds
        self._only, self._done = only, done
        self._owner = owner_name("worker")
        self._stop = threading.Event()
        self._over = threading.Event()
        self._active: dict[int, Claim] = {}
        self._lock = threading.Lock()
        self._attempts = 0

    def stop(self) -> None:
        """Claim nothing more; what runs is finished."""
        self._stop.set()

    def run(self, *, until_idle: bool = False) -> int:
        """Work; returns how many attempts were made when stopped (or when nothing is due any more)."""
        ledger.free_units_of_the_dead()
        threads = [
            threading.Thread(target=self._loop, args=(until_idle,), name=f"work-{number}")
            for number in range(self._threads)
        ]
        keeper = threading.Thread(target=self._keep, name="work-keeper", daemon=True)
        for thread in (*threads, keeper):
            thread.start()
        for thread in threads:
            thread.join()
        self._over.set()
        keeper.join()
        return self._attempts

    def _loop(self, until_idle: bool) -> None:
        try:
            while not self._stop.is_set():
                claims = self._claim()
                for held in claims:
                    self._attempt(held)
                if not claims:
                    if until_idle:
                        return
                    self._stop.wait(self._idle_seconds)
        finally:
            connection.close()

    def _claim(self) -> list[Claim]:
        claims: list[Claim] = []
        while not self._stop.is_set():
            try:
                claims = ledger.claim(self._owner, kinds=self._kinds, only=self._only)
                break
            except DatabaseError:
                # The database is away for a moment: the ledger is the truth, so wait and look again.
                log.exception("Claiming failed")
                connection.close()
                self._stop.wait(self._idle_seconds)
        with self._lock:
            self._active.update({held.pk: held for held in claims})
        return claims

    def _attempt(self, held: Claim) -> None:
        try:
            outcome = work_on(held)
        finally:
            with self._lock:
                self._active.pop(held.pk, None)
                self._attempts += 1
        if outcome is not None and self._done is not None:
            with self._lock:
                self._done(held, outcome)

    def _keep(self) -> None:
        try:
            while not self._over.wait(ledger.LEASE_SECONDS / 3):
                with self._lock:
                    active = list(self._active.values())
                try:
                    ledger.renew(active)
                except DatabaseError:
                    log.exception("Renewing leases failed")
                    connection.close()
        finally:
            connection.close()
