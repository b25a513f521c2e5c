"""Marks: how far a flow has read, per (row, flow)."""

from __future__ import annotations

import datetime as dt

from mageferry.hub.work.models import Mark


def mark_of(scope: str, flow: str) -> dt.datetime | None:
    """The mark, or None before the first complete run."""
    return Mark.objects.filter(scope=scope, flow=flow).values_list("value", flat=True).first()


def move_mark(scope: str, flow: str, value: dt.datetime) -> None:
    """Move a mark forward; it never goes back by itself."""
    mark, made = Mark.objects.get_or_create(scope=scope, flow=flow, defaults={"value": value})
    if not made and mark.value < value:
        Mark.objects.filter(pk=mark.pk, value__lt=value).update(value=value)


def reset_mark(scope: str, flow: str) -> None:
    """Forget a mark: the next run reads from the beginning again."""
    Mark.objects.filter(scope=scope, flow=flow).delete()
