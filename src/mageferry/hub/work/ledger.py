"""The ledger: who does which unit of work, exactly once.

A unit is claimed by compare-and-swap under a lease with a fencing token; its result is written only by the holder of
the newest token, in one transaction with whatever the unit changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from mageferry.hub.work.clock import Now, now_plus
from mageferry.hub.work.leases import LeaseLost
from mageferry.hub.work.models import CLAIMABLE, OPEN, Step, UnitStatus, WorkUnit
from mageferry.hub.work.owners import is_dead

LEASE_SECONDS = 120.0
MAX_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Intent:
    """A unit to be written: same fields as the row."""

    kind: str
    subject: str
    connector_key: str = ""
    dedup_key: str | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    priority: int = 50


@dataclass(frozen=True, slots=True)
class Claim:
    """A unit in hand: its row as claimed and the fencing token of the claim."""

    unit: WorkUnit
    owner: str
    token: int

    @property
    def pk(self) -> int:
        return self.unit.pk

    @property
    def sent_before(self) -> bool:
        """An earlier attempt sent the write and its outcome isn't recorded: look before sending again."""
        return self.unit.step in (Step.SENDING, Step.UNCLEAR)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. `effect` runs in the same transaction as the record of it."""

    status: UnitStatus
    reason: str = ""
    remedy: str = ""
    request: str = ""
    answer: str = ""
    wait_seconds: float = 0
    step: Step | None = None
    result: dict[str, Any] = field(default_factory=dict)
    effect: Callable[[], None] | None = None


def finished(effect: Callable[[], None] | None = None, **more: Any) -> Outcome:
    return Outcome(UnitStatus.FINISHED, step=Step.DONE, effect=effect, **more)


def skipped(reason: str, **more: Any) -> Outcome:
    return Outcome(UnitStatus.SKIPPED, reason=reason, **more)


def failed(reason: str, remedy: str = "", **more: Any) -> Outcome:
    return Outcome(UnitStatus.FAILED, reason=reason, remedy=remedy, **more)


def retry(reason: str, wait_seconds: float, remedy: str = "", **more: Any) -> Outcome:
    return Outcome(UnitStatus.RETRY, reason=reason, wait_seconds=wait_seconds, remedy=remedy, **more)


def write_intents(intents: Iterable[Intent]) -> int:
    """Write units; one whose dedup key is already there is left out. Returns how many were new.

    Call it in the transaction of the change that causes the work.
    """
    rows = [
        WorkUnit(
            kind=intent.kind,
            subject=intent.subject,
            connector_key=intent.connector_key,
            dedup_key=intent.dedup_key,
            payload=intent.payload,
            priority=intent.priority,
        )
        for intent in intents
    ]
    if not rows:
        return 0
    before = WorkUnit.objects.filter(dedup_key__in=[row.dedup_key for row in rows if row.dedup_key]).count()
    WorkUnit.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows) - before


def _due() -> Q:
    due_now = Q(status__in=CLAIMABLE) & (Q(not_before=None) | Q(not_before__lte=Now()))
    left_behind = Q(status=UnitStatus.PROCESSING, lease_expires_at__lte=Now())
    return due_now | left_behind


def claim(
    owner: str,
    *,
    kinds: Collection[str] | None = None,
    limit: int = 1,
    lease_seconds: float = LEASE_SECONDS,
    only: Collection[int] | None = None,
) -> list[Claim]:
    """Take up to `limit` due units, most urgent first. Also takes units whose worker died (lease over).

    `only` narrows to some rows (a person's "retry now").
    """
    due = WorkUnit.objects.filter(_due())
    if kinds is not None:
        due = due.filter(kind__in=list(kinds))
    if only is not None:
        due = due.filter(pk__in=list(only))
    claims: list[Claim] = []
    # More candidates than wanted: other workers take some of them between the look and the swap.
    for pk, token in due.order_by("priority", "id").values_list("pk", "lease_token")[: limit * 4]:
        if len(claims) == limit:
            break
        swapped = WorkUnit.objects.filter(_due(), pk=pk, lease_token=token).update(
            status=UnitStatus.PROCESSING,
            lease_owner=owner,
            lease_token=token + 1,
            lease_expires_at=now_plus(lease_seconds),
            attempts=F("attempts") + 1,
            updated_at=Now(),
        )
        if swapped:
            claims.append(Claim(WorkUnit.objects.get(pk=pk), owner, token + 1))
    return claims


def free_units_of_the_dead() -> int:
    """Units held by processes of this machine that are gone are due at once, not only when their lease ends."""
    owners = (
        WorkUnit.objects.filter(status=UnitStatus.PROCESSING).values_list("lease_owner", flat=True).distinct()
    )
    dead = [owner for owner in owners if is_dead(owner)]
    return WorkUnit.objects.filter(status=UnitStatus.PROCESSING, lease_owner__in=dead).update(
        lease_expires_at=Now()
    )


def renew(claims: Sequence[Claim], lease_seconds: float = LEASE_SECONDS) -> None:
    """Keep claims alive while their work goes on. A lost one is met when its result is written."""
    for held in claims:
        _mine(held).update(lease_expires_at=now_plus(lease_seconds))


def record_step(held: Claim, step: Step, *, request: str = "", answer: str = "") -> Claim:
    """Commit how far the write has come, before or after the request. Raises LeaseLost.

    Returns the claim with the new step, so that the caller goes on with what the row says.
    """
    changes: dict[str, Any] = {"step": step}
    if request:
        changes["request"] = request
    if answer:
        changes["answer"] = answer
    if not _mine(held).update(**changes, updated_at=Now()):
        raise LeaseLost(str(held.unit))
    for name, value in changes.items():
        setattr(held.unit, name, value)
    return replace(held)


def settle(held: Claim, outcome: Outcome) -> None:
    """Write what became of an attempt together with its effect, all or nothing. Raises LeaseLost.

    A retry beyond the last attempt becomes a failure that a person sees.
    """
    status, reason = outcome.status, outcome.reason
    if status == UnitStatus.RETRY and held.unit.attempts >= MAX_ATTEMPTS:
        status = UnitStatus.FAILED
        reason = f"Given up after {held.unit.attempts} attempts. {reason}"
    ended = status not in OPEN
    changes: dict[str, Any] = {
        "status": status,
        "reason": reason,
        "remedy": outcome.remedy,
        "lease_owner": "",
        "lease_expires_at": None,
        "not_before": now_plus(outcome.wait_seconds) if status == UnitStatus.RETRY else None,
        "finished_at": Now() if ended else None,
        "updated_at": Now(),
    }
    if outcome.step is not None:
        changes["step"] = outcome.step
    if outcome.result:
        changes["result"] = outcome.result
    if outcome.request:
        changes["request"] = outcome.request
    if outcome.answer:
        changes["answer"] = outcome.answer
    with transaction.atomic():
        # First the fence, then the effect: a worker that lost its lease changes nothing at all.
        if not _mine(held).update(**changes):
            raise LeaseLost(str(held.unit))
        if outcome.effect is not None:
            outcome.effect()


def try_again(pks: Collection[int]) -> int:
    """A person's "retry": failed, skipped or waiting units become due now, attempts counted anew. The step stays,
    so a write that was sent and is unclear is still looked up first."""
    return WorkUnit.objects.filter(
        pk__in=list(pks),
        status__in=(
            UnitStatus.FAILED,
            UnitStatus.SKIPPED,
            UnitStatus.WAITING,
            UnitStatus.RETRY,
            UnitStatus.REJECTED,
        ),
    ).update(status=UnitStatus.NEW, attempts=0, not_before=None, finished_at=None, updated_at=Now())


def skip(pks: Collection[int], reason: str) -> int:
    """A person's "skip": units that are not being worked on right now are left undone for good."""
    return (
        WorkUnit.objects.filter(pk__in=list(pks))
        .exclude(status__in=(UnitStatus.FINISHED, UnitStatus.PROCESSING))
        .update(status=UnitStatus.SKIPPED, reason=reason, finished_at=Now(), updated_at=Now())
    )


def _mine(held: Claim) -> Any:
    return WorkUnit.objects.filter(
        pk=held.pk, lease_token=held.token, lease_owner=held.owner, status=UnitStatus.PROCESSING
    )
