"""SQLite lets one transaction write at a time, and whoever comes meanwhile looks again now and then, up to a tenth of
a second later. Threads of one process queue here instead, and go on the moment that it is their turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_turn = threading.Lock()


@contextmanager
def one_writer() -> Iterator[None]:
    """Around a short transaction that writes, from outside of any other. On other databases it does nothing."""
    # Within a transaction the database's own lock may be held already: waiting for a thread that waits for that one
    # would have both wait.
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with _turn:
        yield
