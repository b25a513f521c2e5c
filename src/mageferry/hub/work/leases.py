"""Leases by name: only one holder at a time, over threads, processes and machines.

A lease ends by itself when its holder dies; the fencing token tells a late holder that it is no longer the one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from mageferry.hub.work.clock import F, Now, now_plus
from mageferry.hub.work.models import Lease
from mageferry.hub.work.owners import is_dead, owner_name

_LOOK_AGAIN_SECONDS = 0.1


class LeaseHeld(Exception):
    """Somebody else holds the lease."""

    def __init__(self, name: str, owner: str) -> None:
        self.name, self.owner = name, owner
        super().__init__(f"{name} is already being worked on (by {owner}).")


class LeaseLost(Exception):
    """The lease ran out and somebody else took over; nothing more may be written under it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The lease on {name} was lost to another worker.")


@dataclass(frozen=True, slots=True)
class Held:
    """A lease in hand: its name, its owner, its fencing token."""

    name: str
    owner: str
    token: int

    def renew(self, seconds: float) -> None:
        """Move the end of the lease. Raises LeaseLost when it is no longer ours."""
        if not self._mine().update(expires_at=now_plus(seconds)):
            raise LeaseLost(self.name)

    def check(self) -> None:
        """Inside a transaction: hold the row and make sure that it is still ours. Raises LeaseLost."""
        if not self._mine().filter(expires_at__gt=Now()).update(owner=self.owner):
            raise LeaseLost(self.name)

    def release(self) -> None:
        """Give the lease back; the row stays so that the token goes on growing."""
        self._mine().update(expires_at=Now())

    def _mine(self) -> QuerySet[Lease]:
        return Lease.objects.filter(name=self.name, owner=self.owner, token=self.token)


def acquire(name: str, seconds: float, owner: str | None = None) -> Held:
    """Take a lease that is free or has run out. Raises LeaseHeld when somebody holds it."""
    owner = owner or owner_name("lease")
    held = Lease.objects.filter(name=name, expires_at__gt=Now()).first()
    if held is not None and is_dead(held.owner):
        Lease.objects.filter(name=name, owner=held.owner, token=held.token).update(expires_at=Now())
    free = Lease.objects.filter(name=name, expires_at__lte=Now())
    if not free.update(owner=owner, token=F("token") + 1, expires_at=now_plus(seconds)):
        try:
            with transaction.atomic():
                Lease.objects.create(name=name, owner=owner, expires_at=now_plus(seconds))
        except IntegrityError:
            holder = (
                Lease.objects.filter(name=name).values_list("owner", flat=True).first() or "another worker"
            )
            raise LeaseHeld(name, holder) from None
    row = Lease.objects.get(name=name)
    if row.owner != owner:
        raise LeaseHeld(name, row.owner)
    return Held(name, owner, row.token)


@contextmanager
def waiting_for(name: str, seconds: float) -> Iterator[Held]:
    """Hold a lease while the block runs, not renewed: waits for it as long as it lasts. Raises LeaseHeld then."""
    held = _acquire_within(name, seconds, seconds)
    try:
        yield held
    finally:
        held.release()


@contextmanager
def holding(name: str, seconds: float = 60, *, patience_seconds: float = 0.0) -> Iterator[Held]:
    """Hold a lease while the block runs, renewed in the background. Raises LeaseHeld, after `patience_seconds` of
    waiting for it."""
    held = _acquire_within(name, seconds, patience_seconds)
    stop = threading.Event()

    def keep() -> None:
        try:
            while not stop.wait(seconds / 3):
                try:
                    held.renew(seconds)
                except LeaseLost:
                    return
        finally:
            connection.close()

    keeper = threading.Thread(target=keep, name=f"lease {name}", daemon=True)
    keeper.start()
    try:
        yield held
    finally:
        stop.set()
        keeper.join()
        held.release()


def _acquire_within(name: str, seconds: float, patience_seconds: float) -> Held:
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return acquire(name, seconds)
        except LeaseHeld:
            if time.monotonic() >= deadline:
                raise
        while time.monotonic() < deadline and _is_held(name):
            time.sleep(_LOOK_AGAIN_SECONDS)


def _is_held(name: str) -> bool:
    owner = Lease.objects.filter(name=name, expires_at__gt=Now()).values_list("owner", flat=True).first()
    return owner is not None and not is_dead(owner)
