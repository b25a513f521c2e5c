"""The gate before a connector's shop: each request passes it, and waits there while the limit is used up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import DatabaseError, connection

from mageferry.hub.work import limits, metrics
from mageferry.hub.work.limits import Complaint, Wish
from mageferry.hub.work.models import Limit
from mageferry.hub.work.owners import owner_name

log = structlog.stdlib.get_logger(__name__)

RENEW_SECONDS = 1.0
_ASK_AGAIN_SECONDS = 0.2
_LOOK_SECONDS = 0.05
# The share is given up here before it runs out there, whatever the query took.
_MARGIN_SECONDS = 1.0


class GateClosed(Exception):
    """The limit left no room for a request in time; nothing was sent."""

    def __init__(self, connector_key: str, seconds: float) -> None:
        super().__init__(f"No room for another request to {connector_key} within {seconds:.0f} s")


class Gate:
    """One process's gate to one connector. Threads pass through `slot`; the keeper renews the share."""

    def __init__(self, connector_key: str, longest_wait_seconds: float = 120.0) -> None:
        self.connector_key = connector_key
        self.owner = owner_name("gate")
        self._longest_wait_seconds = longest_wait_seconds
        self._changed = threading.Condition()
        self._running = self._waiting = self._held = self._successes = 0
        self._tokens: int | None = None
        self._complaint: Complaint | None = None
        self._share_ends = self._asked_at = self._used_at = self._opens_at = 0.0

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one of the connector's requests. Raises GateClosed when there is no room for too long."""
        self._enter()
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._used_at = time.monotonic()
                self._changed.notify()

    def _enter(self) -> None:
        began = time.monotonic()
        with self._changed:
            self._waiting += 1
            try:
                while not self._open():
                    if time.monotonic() >= self._share_ends:
                        # While there is a share the keeper is at work, and sees by itself that somebody waits.
                        keeper.look()
                    waited = time.monotonic() - began
                    if waited > self._longest_wait_seconds:
                        raise GateClosed(self.connector_key, waited)
                    self._changed.wait(1.0)
                self._running += 1
                if self._tokens is not None:
                    self._tokens -= 1
            finally:
                self._waiting -= 1
        metrics.limit_wait_seconds.labels(self.connector_key).observe(time.monotonic() - began)

    def _open(self) -> bool:
        now = time.monotonic()
        if now >= self._share_ends or now < self._opens_at:
            return False
        return self._running < self._held and (self._tokens is None or self._tokens > 0)

    def succeeded(self) -> None:
        """The shop answered as it should."""
        with self._changed:
            self._successes += 1

    def complained(self, complaint: Complaint) -> None:
        """The shop said that it is too much: told to all processes at once."""
        with self._changed:
            self._complaint = complaint
            self._opens_at = max(self._opens_at, time.monotonic() + complaint.wait_seconds)
        keeper.look()

    def keep(self) -> bool:
        """The keeper's look: renews the share when it is time. False: the gate isn't in use any more.

        Raises DatabaseError; the share then ends by itself if it goes on.
        """
        with self._changed:
            if not (self._running or self._waiting or self._complaint):
                if time.monotonic() - self._used_at <= RENEW_SECONDS:
                    return True
                wish = None
            elif not self._is_time():
                return True
            else:
                wish = self._make_wish()
        if wish is None:
            self.leave()
            return False
        self._renew(wish)
        return True

    def leave(self) -> None:
        """Give the share back, if there is one and the database is there; it would end by itself."""
        with self._changed:
            had_share = self._share_ends > 0 and not (self._running or self._waiting)
            last_words = self._make_wish() if self._complaint else None
            if had_share:
                self._held, self._share_ends = 0, 0.0
        if had_share:
            try:
                if last_words is not None:
                    limits.renew_share(self.connector_key, last_words)
                limits.give_back(self.connector_key, self.owner)
            except DatabaseError as error:
                log.warning(
                    "A share of a limit ends by itself", connector=self.connector_key, error=str(error)
                )

    def _is_time(self) -> bool:
        pause = _ASK_AGAIN_SECONDS if self._waiting or self._complaint else RENEW_SECONDS
        return time.monotonic() - self._asked_at >= pause

    def _make_wish(self) -> Wish:
        self._asked_at = self._used_at = now = time.monotonic()
        # Threads go on beginning requests while the new share is asked for, as many as they were granted.
        may_run = max(self._running, self._held) if now < self._share_ends else self._running
        wish = Wish(self.owner, self._running, self._waiting, may_run, self._successes, self._complaint)
        self._successes, self._complaint = 0, None
        return wish

    def _renew(self, wish: Wish) -> None:
        asked_at = time.monotonic()
        try:
            grant = limits.renew_share(self.connector_key, wish)
        except Limit.DoesNotExist:
            # The connector was deleted while its requests run: they end, nothing new begins.
            return
        except DatabaseError:
            with self._changed:
                self._successes += wish.successes
                self._complaint = self._complaint or wish.complaint
            raise
        with self._changed:
            self._held = grant.concurrency
            self._tokens = grant.requests
            self._share_ends = asked_at + limits.SHARE_SECONDS - _MARGIN_SECONDS
            if grant.closed_seconds:
                self._opens_at = max(self._opens_at, time.monotonic() + grant.closed_seconds)
            self._changed.notify_all()


class _Keeper:
    """One thread of the process that renews the shares of all gates in use."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}
        self._look = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def gate(self, connector_key: str) -> Gate:
        """The process's gate to a connector."""
        with self._lock:
            return self._gates.setdefault(connector_key, Gate(connector_key))

    def look(self) -> None:
        """Look now; starts the thread when there is none."""
        with self._lock:
            self._look.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="gates", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread and give all shares back: at the end of the process, and between tests."""
        with self._lock:
            thread, self._thread = self._thread, None
            gates, self._gates = list(self._gates.values()), {}
        if thread is not None:
            self._look.set()
            thread.join()
        for gate in gates:
            gate.leave()

    def _run(self) -> None:
        try:
            while self._go_on(self._keep_all()):
                self._look.wait(_LOOK_SECONDS)
        finally:
            connection.close()

    def _go_on(self, in_use: bool) -> bool:
        with self._lock:
            if self._thread is not threading.current_thread():
                return False
            if not in_use and not self._look.is_set():
                self._thread = None
                return False
            self._look.clear()
            return True

    def _keep_all(self) -> bool:
        in_use = False
        for gate in list(self._gates.values()):
            try:
                in_use = gate.keep() or in_use
            except DatabaseError as error:
                log.error("A connector's limit can't be read", connector=gate.connector_key, error=str(error))
                connection.close()
                in_use = True
        return in_use


keeper = _Keeper()
gate_of = keeper.gate
close_gates = keeper.close
