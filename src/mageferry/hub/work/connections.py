"""Database connections of threads that are not the hub's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def own_connection() -> Iterator[None]:
    """For calls that come from threads of an HTTP client: a connection that they opened ends with them."""
    was_open = connection.connection is not None
    try:
        yield
    finally:
        if not was_open:
            connection.close()
