"""The hub's processes: worker and scheduler, started, watched and ended the same way wherever they run."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from wsgiref.simple_server import WSGIServer

import structlog
from django.db import connection
from prometheus_client import start_http_server

from mageferry.hub.configuration import ConfigurationProblem, configuration
from mageferry.hub.work.dispatch import Worker
from mageferry.hub.work.readiness import missing_migrations
from mageferry.hub.work.scheduler import Scheduler
from mageferry.hub.work.tracing import start_tracing

log = structlog.stdlib.get_logger(__name__)


def check_start() -> None:
    """What every process needs before it begins. Raises ConfigurationProblem, or Django's OperationalError."""
    chosen = configuration()
    if chosen.broker_url and connection.vendor != "postgresql":
        raise ConfigurationProblem(
            "MAGEFERRY_BROKER_URL: a broker is for many machines, and they need one PostgreSQL. "
            "Set MAGEFERRY_DATABASE_URL to it, or leave the broker out to use threads."
        )
    if missing := missing_migrations():
        raise ConfigurationProblem(f"The database misses {missing} migrations.\nRun: mageferry migrate")


def run_worker(*, threads: int | None = None) -> None:
    """Work until SIGTERM or SIGINT, with the configured dispatcher."""
    check_start()
    chosen = configuration()
    start_tracing("mageferry-worker")
    count = threads or chosen.worker_threads
    if chosen.broker_url:
        _warn_without_broker()
        from mageferry.hub.work.broker import run_celery_worker

        run_celery_worker(count, chosen.grace_seconds, chosen.lease_seconds)
        return
    worker = Worker(threads=count, lease_seconds=chosen.lease_seconds)
    with stopping(worker.stop):
        worker.run(grace_seconds=chosen.grace_seconds)


def _warn_without_broker() -> None:
    from mageferry.hub.work.broker import BrokerUnreachable, check_broker

    try:
        check_broker()
    except BrokerUnreachable as error:
        log.error(f"{error}; waiting for it. Look at MAGEFERRY_BROKER_URL and whether the broker runs")


def run_scheduler() -> None:
    """Tick until SIGTERM or SIGINT."""
    check_start()
    start_tracing("mageferry-scheduler")
    scheduler = Scheduler()
    with stopping(scheduler.ask_to_stop):
        scheduler.run()


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM and SIGINT while the block runs."""

    def end(number: int, frame: FrameType | None) -> None:
        log.info("Stopping: nothing new is begun, what runs is finished", signal=signal.Signals(number).name)
        stop()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve_metrics(port: int | None, host: str = "127.0.0.1") -> tuple[WSGIServer, threading.Thread] | None:
    """Serve what this process counts to Prometheus. Raises ConfigurationProblem when the port is taken."""
    if port is None:
        return None
    try:
        return start_http_server(port, addr=host)
    except OSError as error:
        raise ConfigurationProblem(
            f"Can't listen on {host}:{port} for metrics: {error.strerror}. Choose another port."
        ) from None
