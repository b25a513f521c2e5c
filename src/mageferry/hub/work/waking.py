"""Waking workers up: a small port with two implementations, chosen by configuration.

A wake-up says "look into the ledger", nothing more. It may be lost or doubled; the scheduler's tick sends it again
while units wait.
"""

from __future__ import annotations

import logging
import threading
from functools import cache
from typing import Protocol

from django.db import transaction

from mageferry.hub.configuration import configuration
from mageferry.hub.work import metrics

log = logging.getLogger(__name__)


class Dispatcher(Protocol):
    """Tells workers that units are due."""

    def wake(self, count: int) -> None:
        """About `count` units are due. May raise OSError when nobody can be told."""


class LocalDispatcher:
    """Wakes the threads of this process; workers elsewhere look by themselves every second."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._number = 0

    def wake(self, count: int) -> None:
        with self._news:
            self._number += 1
            self._news.notify_all()

    def wait(self, seconds: float) -> None:
        """Until somebody wakes us, at most this long."""
        with self._news:
            self._news.wait(seconds)


local = LocalDispatcher()


@cache
def dispatcher() -> Dispatcher:
    """The configured dispatcher: Celery when there is a broker, else the threads of this process."""
    if not configuration().broker_url:
        return local
    from mageferry.hub.work.broker import CeleryDispatcher

    return CeleryDispatcher()


def wake_after_commit(count: int) -> None:
    """Wake workers up for `count` units as soon as the transaction that writes them is committed."""
    if count:
        transaction.on_commit(lambda: wake(count))


def wake(count: int) -> bool:
    """Wake workers up now. False when the broker can't be reached: the tick tries again, nothing is lost."""
    try:
        dispatcher().wake(count)
    except OSError as error:
        metrics.wakeups_failed.inc()
        log.warning("Workers couldn't be woken up: %s. The scheduler tries again.", error)
        return False
    return True
