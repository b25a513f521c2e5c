"""The database's own clock: the only one that all processes and machines agree on."""

from __future__ import annotations

import datetime as dt

from django.db.models import DateTimeField, ExpressionWrapper, F
from django.db.models.expressions import Combinable, Value
from django.db.models.functions import Now


def now_plus(seconds: float) -> Combinable:
    """The database's now, some seconds on, as an expression for a query."""
    return ExpressionWrapper(Now() + Value(dt.timedelta(seconds=seconds)), output_field=DateTimeField())


__all__ = ["F", "Now", "now_plus"]
