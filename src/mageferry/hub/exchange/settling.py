"""Up to when every change is in the database for good.

A row bears the moment at which its writer looked at the clock, and is seen by others when that writer's transaction
ends: later, and not in the order of those moments. Up to the settled moment nothing can turn up any more.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection

from mageferry.hub.work.clock import database_now

SETTLE_SECONDS = 60.0
"""How long a change may take to be seen: a writer on SQLite waits at most 30 seconds for its turn; and how far the
clocks of the hub's machines may be apart."""

_OLDEST_WRITER = """
    SELECT min(xact_start) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
"""


def settled_at() -> dt.datetime:
    """Rows that bear this moment or an earlier one are all to be seen already.

    On PostgreSQL a transaction that is open longer holds it back; on SQLite writers take turns, and none lets the
    others wait for more than half of SETTLE_SECONDS.
    """
    now = database_now()
    oldest = _oldest_writer_began_at()
    began = now if oldest is None else min(now, oldest)
    return began - dt.timedelta(seconds=SETTLE_SECONDS)


def _oldest_writer_began_at() -> dt.datetime | None:
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_WRITER)
        began: dt.datetime | None = cursor.fetchone()[0]
        return began
