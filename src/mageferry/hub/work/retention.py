"""How long rows that only tell of the past are kept: by their age, and by their number."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone


def prune_rows(rows: QuerySet[Any], moment: str, *, days: int, most: int) -> int:
    """Remove of these rows what is older by the field `moment`, and all but the newest by key; returns how many."""
    oldest = timezone.now() - dt.timedelta(days=days)
    removed: int = rows.filter(**{f"{moment}__lt": oldest}).delete()[0]
    for first_too_many in rows.order_by("-pk").values_list("pk", flat=True)[most : most + 1]:
        removed += rows.filter(pk__lte=first_too_many).delete()[0]
    return removed
