"""Workers that die at the wire: before a request goes out, or after the server has done it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx2
import pytest
from django.utils import timezone

from mageferry.http.guarded import GuardedTransport
from mageferry.hub.routes.arrivals import ROUTE_TASK
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import attempt
from mageferry.hub.work.models import UnitStatus, WorkUnit


class Killed(BaseException):
    """Nothing of the worker's own code runs any more, as after kill -9."""


@contextmanager
def dying(at: int, *, answered: bool) -> Iterator[None]:
    """The worker dies at its request of this number, from 1: before it goes out, or with its answer."""
    real, count = GuardedTransport.handle_request, 0

    def handle(self: GuardedTransport, request: httpx2.Request) -> httpx2.Response:
        nonlocal count
        count += 1
        if count != at:
            return real(self, request)
        if answered:
            real(self, request).read()
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GuardedTransport, "handle_request", handle)
        yield


def attempt_and_die(at: int = 1, *, answered: bool = True) -> None:
    """One attempt at the due task, in which the worker dies; its lease is over."""
    (held,) = ledger.claim("doomed", kinds=[ROUTE_TASK])
    with dying(at, answered=answered), pytest.raises(Killed):
        attempt(held, {})
    WorkUnit.objects.filter(status=UnitStatus.PROCESSING).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )
