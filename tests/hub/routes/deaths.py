"""Workers that die at the wire: before a request goes out, or after the server has done it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpcore2
import pytest
from django.utils import timezone

from mageferry.http.guarded import Answer, GuardedPool
from mageferry.hub.routes.arrivals import ROUTE_TASK
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import attempt
from mageferry.hub.work.models import UnitStatus, WorkUnit


class Killed(BaseException):
    """Nothing of the worker's own code runs any more, as after kill -9."""


@contextmanager
def dying(at: int, *, answered: bool) -> Iterator[None]:
    """The worker dies at its request of this number, from 1: before it goes out, or with its answer."""
    real, count = GuardedPool.send, 0

    def send(self: GuardedPool, request: httpcore2.Request) -> Answer:
        nonlocal count
        count += 1
        if count != at:
            return real(self, request)
        if answered:
            for _ in real(self, request).iter_bytes():
                continue
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GuardedPool, "send", send)
        yield


def attempt_and_die(at: int = 1, *, answered: bool = True) -> None:
    """One attempt at the due task, in which the worker dies; its lease is over."""
    (held,) = ledger.claim("doomed", kinds=[ROUTE_TASK])
    with dying(at, answered=answered), pytest.raises(Killed):
        attempt(held, {})
    WorkUnit.objects.filter(status=UnitStatus.PROCESSING).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )
