"""What a person does with units of work: retry, skip, cancel, edit and retry, prune, repair."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from mageferry.hub.work import waking
from mageferry.hub.work.clock import Now, now_plus
from mageferry.hub.work.models import (
    OPEN,
    FlowRun,
    Lease,
    RunStatus,
    Share,
    Step,
    UnitStatus,
    WorkUnit,
)
from mageferry.hub.work.queue import recover_units, wake_units
from mageferry.hub.work.retries import tell_of_retry
from mageferry.hub.work.turns import assign_turns
from mageferry.hub.work.units import check_payload

RETRYABLE = (
    UnitStatus.FAILED,
    UnitStatus.SKIPPED,
    UnitStatus.WAITING,
    UnitStatus.RETRY,
    UnitStatus.REJECTED,
)
_AT_ONCE = 500
_PRUNED_AT_ONCE = 1000
_LEASE_KEPT_SECONDS = 30 * 86_400


class NotNow(Exception):
    """What was asked for can't be done with the unit as it stands; the text says why and what else to do."""


def try_again(pks: Collection[int], by: str = "") -> int:
    """A person's "retry": failed, skipped or waiting units become due now, attempts counted anew; returns how many. The
    step stays, so a write that was sent and is unclear is still looked up first. `by` names the person."""
    return sum(_try_again(portion, by) for portion in batched(pks, _AT_ONCE))


def _try_again(pks: Sequence[int], by: str) -> int:
    with transaction.atomic():
        units = list(
            WorkUnit.objects.filter(pk__in=pks, status__in=RETRYABLE).select_for_update(skip_locked=True)
        )
        assign_turns(units)
        tell_of_retry(units, by)
        for unit in units:
            WorkUnit.objects.filter(pk=unit.pk).update(
                status=UnitStatus.NEW,
                attempts=0,
                deaths=0,
                turn=unit.turn,
                not_before=None,
                finished_at=None,
                updated_at=Now(),
            )
        waking.wake_after_commit(len(units))
    return len(units)


def skip(pks: Collection[int], reason: str) -> int:
    """A person's "skip": units that are not being worked on right now are left undone for good; returns how many."""
    return sum(
        WorkUnit.objects.filter(pk__in=portion)
        .exclude(status__in=(UnitStatus.FINISHED, UnitStatus.PROCESSING))
        .update(status=UnitStatus.SKIPPED, reason=reason, finished_at=Now(), updated_at=Now())
        for portion in batched(pks, _AT_ONCE)
    )


def cancel(pks: Collection[int], reason: str) -> int:
    """Stop units that aren't done: waiting ones, and running ones that have sent nothing yet; returns how many.

    A running one loses its lease, so its worker can neither send nor write anything any more. One that is just being
    sent is left alone: what it does in the shop must be recorded.
    """
    waiting = Q(status__in=(UnitStatus.NEW, UnitStatus.RETRY, UnitStatus.WAITING))
    running = Q(status=UnitStatus.PROCESSING, step=Step.INTENT)
    return sum(
        WorkUnit.objects.filter(waiting | running, pk__in=portion).update(
            status=UnitStatus.REJECTED,
            reason=reason,
            remedy="Retry it to do it after all.",
            lease_owner="",
            lease_token=F("lease_token") + 1,
            lease_expires_at=None,
            finished_at=Now(),
            updated_at=Now(),
        )
        for portion in batched(pks, _AT_ONCE)
    )


def edit_and_retry(pk: int, payload: Any, by: str = "") -> None:
    """Give a unit another payload and make it due. Raises NotNow, BadPayload, PayloadTooLarge."""
    with transaction.atomic():
        unit = WorkUnit.objects.select_for_update().filter(pk=pk).first()
        if unit is None:
            raise NotNow(f"There is no unit {pk}. `mageferry work list` shows those there are.")
        check_payload(str(unit), payload)
        check_editable(unit)
        WorkUnit.objects.filter(pk=pk).update(payload=payload, status=UnitStatus.WAITING, updated_at=Now())
        try_again([pk], by)


def check_editable(unit: WorkUnit) -> None:
    """Raises NotNow when another payload could do harm."""
    if unit.status in (UnitStatus.PROCESSING, UnitStatus.FINISHED):
        raise NotNow(
            f"Unit {unit.pk} is {unit.get_status_display()}: it can't be edited any more."
            + (" Cancel it first." if unit.status == UnitStatus.PROCESSING else "")
        )
    if unit.step in (Step.SENDING, Step.UNCLEAR):
        raise NotNow(
            f"Unit {unit.pk} was sent and it is unclear whether it happened: another payload could do it twice. "
            "Retry it as it is; the shop is looked into first."
        )


def prune(*, days: int, keep: int) -> int:
    """Remove finished units and runs that ended longer than `days` ago, and all but the newest `keep` units.

    Failed units stay until a person retries or skips them. Skipped ones that carry a dedup key stay too: they say that
    this work is not wanted. Returns how many rows went.
    """
    done = WorkUnit.objects.filter(
        Q(status=UnitStatus.FINISHED)
        | Q(status__in=(UnitStatus.SKIPPED, UnitStatus.REJECTED), dedup_key=None)
    )
    before = timezone.now() - dt.timedelta(days=days)
    count = _delete(done.filter(finished_at__lt=before))
    count += _delete(FlowRun.objects.filter(finished_at__lt=before))
    oldest_kept = WorkUnit.objects.order_by("-id").values_list("pk", flat=True)[keep : keep + 1].first()
    if oldest_kept is not None:
        count += _delete(done.filter(pk__lte=oldest_kept))
    return count


def _delete(rows: QuerySet[Any]) -> int:
    """In small pieces: nobody waits long for a lock."""
    count = 0
    while pks := list(rows.order_by("pk").values_list("pk", flat=True)[:_PRUNED_AT_ONCE]):
        count += rows.model.objects.filter(pk__in=pks).delete()[0]
    return count


@dataclass(frozen=True, slots=True)
class Repair:
    """What was found stuck and mended."""

    recovered: int
    woken: int
    abandoned_runs: int
    old_leases: int

    @property
    def text(self) -> str:
        return (
            f"{self.recovered} units of dead workers and {self.woken} overdue units are queued again, "
            f"{self.abandoned_runs} runs without a process were closed, {self.old_leases} old leases removed."
        )


def repair_stuck() -> Repair:
    """Mend whatever a crash can leave behind. Safe at any time: what is in use is never touched."""
    abandoned = 0
    for run in FlowRun.objects.filter(status=RunStatus.RUNNING):
        name = f"flow:{run.flow}:{run.scope}"
        if not Lease.objects.filter(name=name, expires_at__gt=Now()).exists():
            abandoned += FlowRun.objects.filter(pk=run.pk, status=RunStatus.RUNNING).update(
                status=RunStatus.ABANDONED,
                finished_at=Now(),
                error="The process that ran it ended before its end.",
            )
    old, _ = Lease.objects.filter(expires_at__lt=now_plus(-_LEASE_KEPT_SECONDS)).delete()
    Share.objects.filter(expires_at__lt=Now()).delete()
    return Repair(recover_units(), wake_units(), abandoned, old)


def open_units(subject: str, kind: str) -> QuerySet[WorkUnit]:
    """Units of this kind and subject that aren't done."""
    return WorkUnit.objects.filter(kind=kind, subject=subject, status__in=OPEN)
