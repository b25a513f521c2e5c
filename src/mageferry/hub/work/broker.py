"""Celery as dispatcher: wakes workers up on other machines through RabbitMQ (or Redis).

A message says "look into the ledger" and nothing else. So it does no harm when it comes twice, the tick sends it again
when it is lost, and the ledger alone says what is done.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from functools import cache

import structlog
from celery import Celery, signals
from kombu import Queue
from kombu.exceptions import KombuError

from mageferry.hub.configuration import configuration
from mageferry.hub.work import waking
from mageferry.hub.work.dispatch import Worker

log = structlog.stdlib.get_logger(__name__)

QUEUE = "mageferry.work"
LOOK = "mageferry.look"
# One message keeps a worker's thread busy for this long at most, then it sends the next.
LOOK_SECONDS = 5.0
MOST_MESSAGES = 32
_MESSAGE_LASTS_SECONDS = 60
_MOST_WAITING = 1000
_AFTER_FAILURE_SECONDS = 5.0


class BrokerUnreachable(OSError):
    """The broker can't be reached."""


@cache
def celery_app() -> Celery:
    """The Celery application: made by hand, so that settings have one home."""
    url = configuration().broker_url
    rabbit = url.startswith("amqp")
    app = Celery("mageferry", broker=url, set_as_current=False)
    kind = {
        "x-queue-type": "quorum",
        "x-max-length": _MOST_WAITING,
        # The broker's clock: a worker whose own is wrong must not take messages for old.
        "x-message-ttl": _MESSAGE_LASTS_SECONDS * 1000,
    }
    app.conf.update(
        task_queues=[Queue(QUEUE, routing_key=QUEUE, queue_arguments=kind if rabbit else None)],
        task_default_queue=QUEUE,
        task_default_queue_type="quorum" if rabbit else "classic",
        worker_detect_quorum_queues=rabbit,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_publish_retry=False,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_timeout=4,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
    )
    app.task(name=LOOK)(_look)
    return app


class CeleryDispatcher:
    """Sends wake-ups through the broker; after a failure it rests, so that nobody waits for it at each commit."""

    def __init__(self) -> None:
        self._rests_until = 0.0

    def wake(self, count: int) -> None:
        """Raises BrokerUnreachable."""
        waking.local.wake(count)
        if not count:
            return
        if time.monotonic() < self._rests_until:
            raise BrokerUnreachable("the broker couldn't be reached a moment ago")
        try:
            look = celery_app().tasks[LOOK]
            for _ in range(min(count, MOST_MESSAGES)):
                look.apply_async(retry=False)
        except (KombuError, OSError) as error:
            self._rests_until = time.monotonic() + _AFTER_FAILURE_SECONDS
            raise BrokerUnreachable(f"the broker can't be reached ({type(error).__name__})") from None


def check_broker() -> None:
    """Raises BrokerUnreachable when no connection can be made."""
    try:
        with celery_app().connection_for_write() as link:
            link.ensure_connection(max_retries=1, interval_start=0, timeout=4)
    except (KombuError, OSError) as error:
        raise BrokerUnreachable(f"the broker can't be reached ({type(error).__name__})") from None


_worker: Worker | None = None


def _look() -> None:
    """The one task: work for a while, and have it go on when there is more."""
    if _worker is None:
        return
    deadline = time.monotonic() + LOOK_SECONDS
    while _worker.work_once(fetch=time.monotonic() <= deadline):
        # What this process has claimed is worked on to its end: the next message may be lost.
        continue
    if time.monotonic() > deadline:
        waking.wake(1)


def run_celery_worker(threads: int, grace_seconds: float, lease_seconds: float) -> None:
    """Work on wake-ups until SIGTERM: nothing new is claimed then, running units may go on for the grace period."""
    global _worker
    _worker = Worker(threads=threads, lease_seconds=lease_seconds)
    worker = _worker

    def end(**_: object) -> None:
        worker.stop()
        threading.Thread(target=_leave_in_time, args=(grace_seconds,), daemon=True).start()

    signals.worker_shutting_down.connect(end, weak=False)
    with worker.keeping():
        celery_app().Worker(
            pool="threads",
            concurrency=threads,
            hostname=f"mageferry-{os.getpid()}@{os.uname().nodename}",
            without_gossip=True,
            without_mingle=True,
            loglevel=logging.WARNING,
            quiet=True,
        ).start()


def _leave_in_time(grace_seconds: float) -> None:
    time.sleep(grace_seconds)
    log.warning("A unit still runs after the grace period; another worker takes it when its lease ends")
    logging.shutdown()
    os._exit(0)
