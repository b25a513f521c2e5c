"""Writing down what became of attempts: together with what other threads have to write, whatever goes wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import structlog
from django.db import InterfaceError, OperationalError

from mageferry.hub.work import ledger
from mageferry.hub.work.connections import rest_from_database
from mageferry.hub.work.handling import unexpected
from mageferry.hub.work.leases import LeaseLost
from mageferry.hub.work.units import Claim, Outcome
from mageferry.hub.work.writers import Together

log = structlog.stdlib.get_logger(__name__)

type Pairs = Sequence[tuple[Claim, Outcome]]


class Results:
    """The outcomes of a worker's threads on their way into the ledger."""

    def __init__(self, lease_seconds: float, idle_seconds: float, stop: threading.Event) -> None:
        self._lease_seconds, self._idle_seconds, self._stop = lease_seconds, idle_seconds, stop
        self._together: Together[Pairs, Pairs] = Together(_write_several)

    def write(self, pairs: Pairs) -> Pairs:
        """Write outcomes; returns when it is done, with those that were written.

        While the database is away they are kept, as long as the leases can be ours.
        """
        if not pairs:
            return []
        deadline = time.monotonic() + self._lease_seconds
        while True:
            try:
                return self._together.bring(pairs)
            except (OperationalError, InterfaceError) as error:
                if time.monotonic() > deadline:
                    log.error(
                        "Results couldn't be written in time; the units are tried again", units=len(pairs)
                    )
                    return []
                rest_from_database("Writing results", error, self._stop, self._idle_seconds)
                if self._stop.is_set():
                    time.sleep(min(self._idle_seconds, 1.0))


def _write_several(several: Sequence[Pairs]) -> list[Pairs]:
    """What several threads brought, in one commit where that works; of each what was written."""
    # In one order everywhere: two processes that write at the same time don't wait for each other's rows in a circle.
    pairs = sorted((pair for brought in several for pair in brought), key=lambda pair: pair[0].pk)
    written = {id(pair[0]): pair for pair in _write(pairs)}
    return [[written[id(held)] for held, _ in brought if id(held) in written] for brought in several]


def _write(pairs: Pairs) -> Pairs:
    """In one commit, or one by one when that fails. Raises OperationalError or InterfaceError when the database is
    away."""
    try:
        ledger.settle_together(pairs)
        return pairs
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(pairs) > 1:
            return [written for pair in pairs for written in _write([pair])]
        held = pairs[0][0]
        if isinstance(error, LeaseLost):
            log.warning("Lease lost, result left to the new holder", unit=held.pk, kind=held.unit.kind)
            return []
        log.exception("The effect of a unit failed", unit=held.pk, kind=held.unit.kind)
        return _write([(held, unexpected(held, error))])
