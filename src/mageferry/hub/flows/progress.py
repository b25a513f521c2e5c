"""How far a reading flow has come: from when it reads, and where its mark goes after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.work.marks import move_mark


def reading_since(row: Magento2Seller, mark: dt.datetime | None, started_at: dt.datetime) -> dt.datetime:
    """From when a run reads: the mark minus the overlap, without a mark the first read's days back."""
    if mark is None:
        return started_at - dt.timedelta(days=row.connector.first_read_days)
    return mark - dt.timedelta(minutes=row.connector.overlap_minutes)


def move_on(
    row: Magento2Seller,
    flow: str,
    started_at: dt.datetime,
    mark: dt.datetime | None,
    hold: Sequence[dt.datetime | None],
) -> None:
    """Move the mark to the start of the run, or to the oldest of the moments that it must not pass.

    None among them: nobody knows when that record changed, so the mark stays where it is.
    """
    if None in hold:
        return
    value = min([started_at, *(each for each in hold if each is not None)])
    if mark is None or value > mark:
        move_mark(row.scope, flow, value)
