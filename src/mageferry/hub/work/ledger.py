"""The ledger: who does which unit of work, exactly once.

A unit is claimed by compare-and-swap under a lease with a fencing token; its result is written only by the holder of
the newest token, in one transaction with whatever the unit changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from mageferry.hub.work import metrics
from mageferry.hub.work.clock import Now, now_plus
from mageferry.hub.work.held_rows import Hold, change_each, change_held
from mageferry.hub.work.leases import LeaseLost
from mageferry.hub.work.models import OPEN, Step, UnitStatus, WorkUnit
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
MAX_ATTEMPTS = 12
# One object for all: changes with the same content are then found equal at once.
_NOW = Now()


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


def record_step(
    held: Claim,
    step: Step,
    *,
    request: str = "",
    answer: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Claim:
    """Commit how far the write has come, before or after the request. Raises LeaseLost.

    `facts` join the unit's payload, for a later attempt to compare with. Returns the claim with the new step, so that
    the caller goes on with what the row says.
    """
    changes: dict[str, Any] = {"step": step}
    if facts:
        changes["payload"] = {**held.unit.payload, **facts}
    if request:
        changes["request"] = request
    if answer:
        changes["answer"] = answer
    with one_writer():
        mine = change_held((held.owner, held.token), [held.pk], {**changes, "updated_at": _NOW})
    if not mine:
        raise _lost(held)
    for name, value in changes.items():
        setattr(held.unit, name, value)
    return replace(held)


def announce(claims: Sequence[Claim], effect: Callable[[], None]) -> bool:
    """Commit for units of one batch that they are about to be sent, with an effect, in one transaction.

    After a death of the worker each of them counts as sent. Their claims keep the step that they had, until they are
    really sent. False: not all of them are held any more, and nothing is written.
    """
    by_hold: dict[Hold, list[int]] = {}
    for held in claims:
        by_hold.setdefault((held.owner, held.token), []).append(held.pk)
    changes = {"step": Step.SENDING, "updated_at": _NOW}
    with one_writer(), transaction.atomic():
        if sum(change_held(hold, pks, changes) for hold, pks in by_hold.items()) != len(claims):
            transaction.set_rollback(True)
            return False
        effect()
    return True


def settle(held: Claim, outcome: Outcome) -> None:
    """Write what became of an attempt together with its effect, all or nothing. Raises LeaseLost.

    A retry beyond the last attempt becomes a failure that a person sees.
    """
    settle_together([(held, outcome)])


def settle_together(pairs: Sequence[tuple[Claim, Outcome]]) -> None:
    """Write what became of several attempts and their effects in one transaction: one commit for all.

    Raises LeaseLost, or whatever an effect raises; then nothing of them is written.
    """
    with one_writer(), transaction.atomic():
        # First the fences, then the effects: a worker that lost its lease changes nothing at all.
        _write_changes(pairs)
        _write_effects([outcome for _, outcome in pairs])
    for held, outcome in pairs:
        metrics.units_settled.labels(held.unit.kind, _final_status(held, outcome)[0]).inc()


def _write_changes(pairs: Sequence[tuple[Claim, Outcome]]) -> None:
    alone: dict[Hold, list[tuple[Claim, dict[str, Any]]]] = {}
    for hold, changes, group in _groups(pairs):
        if len(group) == 1:
            alone.setdefault(hold, []).append((group[0], changes))
        elif change_held(hold, [held.pk for held in group], changes) != len(group):
            raise _lost(group[0])
    for hold, each in alone.items():
        if change_each(hold, [(held.pk, changes) for held, changes in each]) != len(each):
            raise _lost(each[0][0])


def _write_effects(outcomes: Sequence[Outcome]) -> None:
    shared: dict[Callable[[Sequence[Any]], None], list[Any]] = {}
    for outcome in outcomes:
        if outcome.effect is not None:
            outcome.effect()
        if outcome.shared is not None:
            shared.setdefault(outcome.shared.write, []).append(outcome.shared.item)
    for write, items in shared.items():
        write(items)


type _Group = tuple[Hold, dict[str, Any], list[Claim]]


def _groups(pairs: Sequence[tuple[Claim, Outcome]]) -> Iterable[_Group]:
    """Units with the same holder and the same changes, so that one statement serves them all."""
    groups: list[_Group] = []
    for held, outcome in pairs:
        hold, changes = (held.owner, held.token), _changes(held, outcome)
        for known_hold, known_changes, group in groups[-4:]:
            if hold == known_hold and changes == known_changes:
                group.append(held)
                break
        else:
            groups.append((hold, changes, [held]))
    return groups


def _final_status(held: Claim, outcome: Outcome) -> tuple[UnitStatus, str]:
    most = MAX_ATTEMPTS if outcome.most_attempts is None else outcome.most_attempts
    if outcome.status == UnitStatus.RETRY and held.unit.attempts >= most:
        return UnitStatus.FAILED, f"Given up after {held.unit.attempts} attempts. {outcome.reason}"
    return outcome.status, outcome.reason


def _changes(held: Claim, outcome: Outcome) -> dict[str, Any]:
    status, reason = _final_status(held, outcome)
    changes: dict[str, Any] = {
        "status": status,
        "reason": reason,
        "remedy": outcome.remedy,
        "deaths": 0,
        "lease_owner": "",
        "lease_expires_at": None,
        "not_before": now_plus(outcome.wait_seconds) if status == UnitStatus.RETRY else None,
        "finished_at": None if status in OPEN else _NOW,
        "updated_at": _NOW,
    }
    for name in ("step", "result", "request", "answer"):
        value = getattr(outcome, name)
        if value:
            changes[name] = value
    return changes


def _lost(held: Claim) -> LeaseLost:
    metrics.leases_lost.labels("unit").inc()
    return LeaseLost(str(held.unit))


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
