"""Units of a flow's run: each gets one attempt, and the run counts what became of it."""

from __future__ import annotations

from collections.abc import Collection

from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run

DUE = (UnitStatus.NEW, UnitStatus.RETRY, UnitStatus.PROCESSING)


def attempt_all(run: Run, kind: str, dedup_keys: Collection[str], threads: int) -> None:
    """Work until each unit of these keys that is due had an attempt; those that aren't are counted as skipped."""
    due = WorkUnit.objects.filter(dedup_key__in=dedup_keys, status__in=DUE).values_list("pk", flat=True)
    pks = list(due)
    run.add(skipped=len(dedup_keys) - len(pks))
    drain([kind], only=pks, threads=threads, done=lambda held, outcome: _count(run, held, outcome))


def _count(run: Run, held: Claim, outcome: Outcome) -> None:
    run.add(read=1)
    if outcome.status == UnitStatus.FINISHED:
        run.add(created=1)
    elif outcome.status == UnitStatus.SKIPPED:
        run.add(skipped=1)
    else:
        run.fail(f"{held.unit.subject}: {outcome.reason}")
