"""The queue's order and its gates: what may be claimed, and what becomes due again by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from heapq import nsmallest
from math import ceil

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet

from mageferry.hub.work import metrics
from mageferry.hub.work.clock import Now
from mageferry.hub.work.models import EVERYTHING, Limit, Pause, UnitStatus, WorkUnit
from mageferry.hub.work.owners import is_dead
from mageferry.hub.work.turns import assign_turns

MAX_DEATHS = 3
_AT_ONCE = 500
_FRONT = 500
# How many connectors are looked through behind a long queue of blocked ones.
_OTHERS = 50


def wake_units(only: Collection[int] | None = None) -> int:
    """Units whose time has come join the queue; returns how many."""
    asleep = WorkUnit.objects.filter(
        Q(not_before__lte=Now()) | Q(not_before=None, status=UnitStatus.RETRY),
        status__in=(UnitStatus.RETRY, UnitStatus.WAITING),
    )
    if only is not None:
        asleep = asleep.filter(pk__in=list(only))
    if not asleep.exists():
        return 0
    with transaction.atomic():
        units = list(asleep.order_by("not_before").select_for_update(skip_locked=True)[:_AT_ONCE])
        _queue(units, ("status", "turn", "not_before"))
    return len(units)


def free_units_of_the_dead() -> int:
    """Units held by processes of this machine that are gone needn't wait for their lease to end; returns how many."""
    held = WorkUnit.objects.filter(status=UnitStatus.PROCESSING, lease_expires_at__gt=Now())
    dead = [
        owner for owner in held.order_by().values_list("lease_owner", flat=True).distinct() if is_dead(owner)
    ]
    return held.filter(lease_owner__in=dead).update(lease_expires_at=Now()) if dead else 0


def recover_units(only: Collection[int] | None = None) -> int:
    """Units whose worker died (their lease is over) join the queue again; returns how many.

    One that has ended its worker MAX_DEATHS times in a row is parked, so that it can't end all of them.
    """
    free_units_of_the_dead()
    left_behind = WorkUnit.objects.filter(status=UnitStatus.PROCESSING, lease_expires_at__lte=Now())
    if only is not None:
        left_behind = left_behind.filter(pk__in=list(only))
    if not left_behind.exists():
        return 0
    with transaction.atomic():
        units = list(left_behind.select_for_update(skip_locked=True)[:_AT_ONCE])
        parked = []
        for unit in units:
            unit.deaths += 1
            if unit.deaths >= MAX_DEATHS:
                _park(unit)
                parked.append(unit)
        _queue(
            [unit for unit in units if unit.status != UnitStatus.FAILED],
            ("status", "turn", "not_before", "deaths"),
        )
        WorkUnit.objects.filter(pk__in=[unit.pk for unit in units]).update(
            lease_owner="", lease_expires_at=None, updated_at=Now()
        )
        WorkUnit.objects.filter(pk__in=[unit.pk for unit in parked]).update(finished_at=Now())
    metrics.leases_expired.inc(len(units))
    return len(units)


def apart_from_suspects(units: Iterable[WorkUnit]) -> list[WorkUnit]:
    """What may be claimed together: a unit whose worker died is taken alone, so that the others of a batch don't
    share its fate again; and of those that have one chance left, only one runs at a time."""
    chosen = list(units)
    harmless = [unit for unit in chosen if not unit.deaths]
    suspects = [unit for unit in chosen if unit.deaths]
    if suspects and _last_chance_runs():
        suspects = [unit for unit in suspects if unit.deaths < MAX_DEATHS - 1]
    if suspects and (not harmless or suspects[0] is chosen[0]):
        return suspects[:1]
    return harmless


def _last_chance_runs() -> bool:
    running = WorkUnit.objects.filter(status=UnitStatus.PROCESSING, deaths__gte=MAX_DEATHS - 1)
    return running.exists()


def _park(unit: WorkUnit) -> None:
    unit.status = UnitStatus.FAILED
    last = unit.lease_owner or "unknown"
    unit.reason = f"Its worker ended {unit.deaths} times in a row while working on it, last {last}."
    unit.remedy = (
        "Look into the worker's log and the machine's (out of memory?) at those times. Retry it when the cause is "
        "mended, or edit or skip it."
    )
    unit.save(update_fields=["status", "reason", "remedy", "deaths"])


def _queue(units: list[WorkUnit], fields: tuple[str, ...]) -> None:
    for unit in units:
        unit.status, unit.not_before = UnitStatus.NEW, None
    assign_turns(units)
    WorkUnit.objects.bulk_update(units, fields, batch_size=100)


def blocked_connectors() -> set[str]:
    """Connectors that nothing may be started for now: paused, or enough going on. EVERYTHING: all of them."""
    blocked = set(Pause.objects.values_list("connector_key", flat=True))
    limits = dict(Limit.objects.values_list("connector_key", "allowed"))
    if limits:
        busy = (
            WorkUnit.objects.filter(status=UnitStatus.PROCESSING, connector_key__in=list(limits))
            .order_by()
            .values_list("connector_key")
            .annotate(Count("id"))
        )
        blocked.update(key for key, count in busy if count >= ceil(limits[key]))
    return blocked


def down_connectors() -> set[str]:
    """Connectors whose other side doesn't answer: nothing is tried there, whoever asks."""
    return set(Pause.objects.filter(automatic=True).values_list("connector_key", flat=True))


def front_of_others(due: QuerySet[WorkUnit], blocked: set[str], limit: int) -> QuerySet[WorkUnit]:
    """The due units to choose from while some connectors are blocked."""
    if EVERYTHING in blocked:
        return due.none()
    ordered = due.order_by("priority", "turn", "id").values_list("pk", "connector_key")
    front = list(ordered[:_FRONT])
    found = [pk for pk, key in front if key not in blocked]
    if found or len(front) < _FRONT:
        return due.filter(pk__in=found[: limit * 4])
    # The whole front is blocked: look at the first units of each other connector instead of walking through it.
    heads: list[tuple[int, int, int]] = []
    for key in [each for each in _queued_connectors() if each not in blocked][:_OTHERS]:
        lane = due.filter(connector_key=key).order_by("priority", "turn", "id")
        heads.extend(lane.values_list("priority", "turn", "pk")[:limit])
    return due.filter(pk__in=[pk for _, _, pk in nsmallest(limit * 4, heads)])


_QUEUED_CONNECTORS = """
WITH RECURSIVE queued(k) AS (
    SELECT min(connector_key) FROM work_unit WHERE status = 'new'
    UNION ALL
    SELECT (SELECT min(connector_key) FROM work_unit WHERE status = 'new' AND connector_key > k)
    FROM queued WHERE k IS NOT NULL
)
SELECT k FROM queued WHERE k IS NOT NULL
"""


def _queued_connectors() -> list[str]:
    """Connectors with queued units: one step along the index for each, however many units it has."""
    with connection.cursor() as cursor:
        cursor.execute(_QUEUED_CONNECTORS)
        return [key for (key,) in cursor.fetchall()]
