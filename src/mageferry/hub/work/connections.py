"""Database connections: of threads that are not the hub's own, and where the database is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import connection

log = structlog.stdlib.get_logger(__name__)


@contextmanager
def own_connection() -> Iterator[None]:
    """For calls that come from threads of an HTTP client: a connection that they opened ends with them."""
    was_open = connection.connection is not None
    try:
        yield
    finally:
        if not was_open:
            connection.close()


def rest_from_database(what: str, error: Exception, stop: threading.Event, seconds: float) -> None:
    """The database is away for a moment: say so, and wait before it is asked again over a new connection."""
    log.error(f"{what} failed: the database can't be used", error=str(error).strip().partition("\n")[0])
    connection.close()
    stop.wait(seconds)
