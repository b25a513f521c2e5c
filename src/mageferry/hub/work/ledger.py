"""The ledger: who does which unit of work, exactly once.

A unit is claimed by compare-and-swap under a lease with a fencing token; its result is written only by the holder of
the newest token, in one transaction with whatever the unit changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django.db import transaction
from django.db.models import F, QuerySet

from mageferry.hub.work.clock import Now, now_plus
from mageferry.hub.work.leases import LeaseLost
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.hub.work.new_units import insert_units
from mageferry.hub.work.operations import skip, try_again
from mageferry.hub.work.queue import (
    apart_from_suspects,
    blocked_connectors,
    down_connectors,
    front_of_others,
    recover_units,
    wake_units,
)
from mageferry.hub.work.settling import MAX_ATTEMPTS, announce, record_step, settle, settle_together
from mageferry.hub.work.units import (
    Claim,
    DuplicateWork,
    Intent,
    Outcome,
    failed,
    finished,
    retry,
    skipped,
)
from mageferry.hub.work.writers import one_writer

LEASE_SECONDS = 120.0


def write_intents(intents: Iterable[Intent]) -> int:
    """Write units; one whose dedup key is already there is left out. Returns how many were new.

    Call it in the transaction of the change that causes the work. Raises PayloadTooLarge, BadPayload.
    """
    return len(insert_units(intents))


def add_unit(intent: Intent) -> WorkUnit:
    """Write one unit. Raises DuplicateWork when its dedup key is taken, PayloadTooLarge, BadPayload."""
    made = insert_units([intent])
    if not made:
        raise DuplicateWork(WorkUnit.objects.get(dedup_key=intent.dedup_key))
    return WorkUnit.objects.get(pk=made[0][0])


def claim(
    owner: str,
    *,
    kinds: Collection[str] | None = None,
    limit: int = 1,
    lease_seconds: float = LEASE_SECONDS,
    only: Collection[int] | None = None,
) -> list[Claim]:
    """Take up to `limit` due units, most urgent first, connectors in turn. Units whose time has come and units whose
    worker died (lease over) are made due first when too little else is.

    `only` narrows to some rows, also of connectors that a person paused or that have enough going on (somebody asked
    for just these now); not of those that are down.
    """
    claims = _take(owner, kinds, limit, lease_seconds, only)
    if len(claims) < limit and recover_units(only) + wake_units(only):
        claims += _take(owner, kinds, limit - len(claims), lease_seconds, only)
    return claims


def _take(
    owner: str,
    kinds: Collection[str] | None,
    limit: int,
    lease_seconds: float,
    only: Collection[int] | None,
) -> list[Claim]:
    due = WorkUnit.objects.filter(status=UnitStatus.NEW)
    if kinds is not None:
        due = due.filter(kind__in=list(kinds))
    if only is not None:
        due = due.filter(pk__in=list(only)).exclude(connector_key__in=down_connectors())
    elif blocked := blocked_connectors():
        due = front_of_others(due, blocked, limit)
    with one_writer(), transaction.atomic():
        # Whoever looks at the same time takes other rows (PostgreSQL) or waits for its turn to write (SQLite).
        chosen = due.order_by("priority", "turn", "id").select_for_update(skip_locked=True)
        units = list(apart_from_suspects(chosen[:limit]))
        if units:
            WorkUnit.objects.filter(pk__in=[unit.pk for unit in units]).update(
                status=UnitStatus.PROCESSING,
                lease_owner=owner,
                lease_token=F("lease_token") + 1,
                lease_expires_at=now_plus(lease_seconds),
                attempts=F("attempts") + 1,
                updated_at=Now(),
            )
    for unit in units:
        unit.status, unit.lease_owner = UnitStatus.PROCESSING, owner
        unit.lease_token += 1
        unit.attempts += 1
    return [Claim(unit, owner, unit.lease_token) for unit in units]


def renew(claims: Sequence[Claim], lease_seconds: float = LEASE_SECONDS) -> None:
    """Keep claims alive while their work goes on. A lost one is met when its result is written."""
    by_hold: dict[tuple[str, int], list[int]] = {}
    for held in claims:
        by_hold.setdefault((held.owner, held.token), []).append(held.pk)
    for (owner, token), pks in by_hold.items():
        WorkUnit.objects.filter(
            pk__in=pks, lease_owner=owner, lease_token=token, status=UnitStatus.PROCESSING
        ).update(lease_expires_at=now_plus(lease_seconds))


def hand_back(claims: Iterable[Claim]) -> int:
    """Give units back that were claimed and not begun; the attempt doesn't count. Returns how many.

    Their step is what it was when they were claimed, also where a batch has committed its steps together.
    """
    count = 0
    for held in claims:
        count += _mine(held).update(
            status=UnitStatus.NEW,
            step=held.unit.step,
            attempts=F("attempts") - 1,
            lease_owner="",
            lease_expires_at=None,
            updated_at=Now(),
        )
    return count


def _mine(held: Claim) -> QuerySet[WorkUnit]:
    return WorkUnit.objects.filter(
        pk=held.pk, lease_token=held.token, lease_owner=held.owner, status=UnitStatus.PROCESSING
    )


__all__ = [
    "LEASE_SECONDS",
    "MAX_ATTEMPTS",
    "Claim",
    "Intent",
    "LeaseLost",
    "Outcome",
    "add_unit",
    "announce",
    "claim",
    "failed",
    "finished",
    "hand_back",
    "record_step",
    "renew",
    "retry",
    "settle",
    "settle_together",
    "skip",
    "skipped",
    "try_again",
    "write_intents",
]
