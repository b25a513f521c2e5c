"""The database's own clock: the only one that all processes and machines agree on."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, F
from django.db.models.expressions import Combinable, Value
from django.db.models.functions import Now


def now_plus(seconds: float) -> Combinable:
    """The database's now, some seconds on, as an expression for a query."""
    return ExpressionWrapper(Now() + Value(dt.timedelta(seconds=seconds)), output_field=DateTimeField())


def database_now() -> dt.datetime:
    """The database's clock, asked now."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT clock_timestamp()")
            moment: dt.datetime = cursor.fetchone()[0]
            return moment.astimezone(dt.UTC)
        cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
        return dt.datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=dt.UTC)


__all__ = ["F", "Now", "now_plus"]
