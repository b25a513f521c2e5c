"""Whose turn it is: connectors share a priority fairly, however many units one of them brings.

A unit's turn is one later than the turn before it of the same connector, and never earlier than the turn that is
served now (start-time fair queueing). So ten units of one connector don't wait behind ten thousand of another, and
serving stays a walk along one index.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from django.db.models import Max

from mageferry.hub.work.models import UnitStatus, WorkUnit


class Queued(Protocol):
    """What gets a turn: a unit, or one that is about to be written."""

    connector_key: str
    priority: int
    turn: int


def assign_turns(units: Iterable[Queued | WorkUnit]) -> None:
    """Give units that are about to be queued their turns, in the order given."""
    last: dict[tuple[str, int], int] = {}
    for unit in units:
        lane = (unit.connector_key, unit.priority)
        if lane not in last:
            last[lane] = max(_served_turn(unit.priority), _last_turn(*lane))
        last[lane] += 1
        unit.turn = last[lane]


def _served_turn(priority: int) -> int:
    queue = WorkUnit.objects.filter(status=UnitStatus.NEW, priority=priority)
    first = queue.order_by("turn").values_list("turn", flat=True).first()
    if first is not None:
        return first - 1
    # Nothing waits: go on from where the last unit stood, so that older ones that come back aren't overtaken.
    return WorkUnit.objects.order_by("-id").values_list("turn", flat=True).first() or 0


def _last_turn(connector_key: str, priority: int) -> int:
    lane = WorkUnit.objects.filter(status=UnitStatus.NEW, connector_key=connector_key, priority=priority)
    found: int | None = lane.aggregate(last=Max("turn"))["last"]
    return found or 0
