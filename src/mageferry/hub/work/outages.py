"""Connectors whose other side is down: paused with one notice instead of a failure for each unit, and resumed again.

Each process counts the failures in a row of a connector; where they go on, the connector is paused for all processes.
The pause comes with a unit of work that asks the other side from time to time and ends it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import structlog
from django.db import transaction

from mageferry.hub.work import ledger
from mageferry.hub.work.ledger import Intent
from mageferry.hub.work.models import OPEN, Pause, WorkUnit

log = structlog.stdlib.get_logger(__name__)

FAILURES = 5
FAILING_SECONDS = 10.0
FIRST_PROBE_SECONDS = 15.0
LONGEST_PROBE_SECONDS = 300.0


class Health:
    """How a connector's other side has been answering this process. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._since = 0.0

    def answered(self) -> None:
        """Any answer of its own, a refusal too."""
        if self._failures:
            with self._lock:
                self._failures = 0

    def failed(self) -> bool:
        """No answer, or only a gateway's. True when this has gone on for long enough to call it down."""
        now = time.monotonic()
        with self._lock:
            if not self._failures:
                self._since = now
            self._failures += 1
            down = self._failures >= FAILURES and now - self._since >= FAILING_SECONDS
            if down:
                self._failures = 0
            return down


def declare_down(connector_key: str, reason: str, probe: Intent) -> bool:
    """Pause a connector until its probe finds it answering. False: it is paused already, by this or by a person."""
    with transaction.atomic():
        _, made = Pause.objects.get_or_create(
            connector_key=connector_key, defaults={"reason": reason[:200], "automatic": True}
        )
        if made:
            ledger.write_intents([probe])
    if made:
        log.error("A connector is paused until it answers again", connector=connector_key, reason=reason)
    return made


def end_outage(connector_key: str) -> datetime | None:
    """Let a connector go on that was paused by itself; returns since when it was, None when it wasn't."""
    with transaction.atomic():
        pause = outage_of(connector_key)
        if pause is None or not Pause.objects.filter(pk=connector_key, since=pause.since).delete()[0]:
            return None
    log.info("A connector answers again", connector=connector_key, down_since=str(pause.since))
    return pause.since


def outage_of(connector_key: str) -> Pause | None:
    """The pause that an outage made, if there is one."""
    return Pause.objects.filter(connector_key=connector_key, automatic=True).first()


def probe_subject(connector_key: str) -> str:
    """What the unit that asks is called."""
    return f"Is {connector_key} back?"


def probes_of(connector_keys: Iterable[str]) -> dict[str, WorkUnit]:
    """The unit that asks next, for each of these that has one; `not_before` says when."""
    keys = {probe_subject(key): key for key in connector_keys}
    return {keys[unit.subject]: unit for unit in WorkUnit.objects.filter(subject__in=keys, status__in=OPEN)}


def probe_now(connector_key: str, probe: Intent, by: str) -> bool:
    """Ask the other side as soon as a worker is free; `by` names who wants it. False: no outage pauses it any more."""
    with transaction.atomic():
        if outage_of(connector_key) is None:
            return False
        waiting = probes_of([connector_key]).get(connector_key)
        if waiting is None:
            ledger.write_intents([replace(probe, wait_seconds=0)])
        else:
            # One that is being asked right now is left as it is.
            ledger.try_again([waiting.pk], by)
    return True


def next_probe_seconds(probes: int) -> float:
    """How long to wait after so many probes: longer each time, up to five minutes."""
    return min(LONGEST_PROBE_SECONDS, FIRST_PROBE_SECONDS * 2.0 ** min(probes, 10))
