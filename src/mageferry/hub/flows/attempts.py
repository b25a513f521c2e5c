"""One attempt for each unit of a run: units written, those that a person freed due again, worked on and counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import ceil

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.work import ledger
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.ledger import Claim, Intent, Outcome
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run

_THREADS_PER_REQUEST = 1.5
DUE = (UnitStatus.NEW, UnitStatus.RETRY, UnitStatus.PROCESSING)


def attempt_each(
    connector: Magento2Connector, run: Run, kind: str, intents: Sequence[Intent], *, count: bool = True
) -> None:
    """Write a unit for each intent that has none, then work until all of them had an attempt.

    Parked units among them are due again: the caller asks for them since a person cleared what parked them.
    `count`: whether the units are what the run is about, or come along with that.
    """
    ledger.write_intents(intents)
    keys = [intent.dedup_key for intent in intents]
    parked = WorkUnit.objects.filter(dedup_key__in=keys, status=UnitStatus.FAILED)
    ledger.try_again(list(parked.values_list("pk", flat=True)))
    due = _due(keys)
    if count:
        run.expect((run.expected or 0) + len(due))
        run.add(skipped=len(keys) - len(due))
    attempt_all(connector, run, kind, due, count=count)


def attempt_written(connector: Magento2Connector, run: Run, kind: str, dedup_keys: Collection[str]) -> None:
    """Work until each unit of these keys that is due had an attempt; those that aren't are counted as skipped."""
    due = _due(dedup_keys)
    run.add(skipped=len(dedup_keys) - len(due))
    attempt_all(connector, run, kind, due)


def _due(dedup_keys: Collection[str | None]) -> list[int]:
    return list(
        WorkUnit.objects.filter(dedup_key__in=dedup_keys, status__in=DUE).values_list("pk", flat=True)
    )


def attempt_all(
    connector: Magento2Connector, run: Run, kind: str, units: Collection[int], *, count: bool = True
) -> None:
    """Work on these units until all of them had an attempt."""

    def note(held: Claim, outcome: Outcome) -> None:
        if count:
            _count(run, held, outcome)
        elif outcome.status not in (UnitStatus.FINISHED, UnitStatus.SKIPPED):
            run.fail(f"{held.unit.subject}: {outcome.reason}")

    if units:
        # More threads than requests that may run: while some build or write down, the others keep the shop busy. How
        # many requests run at a time is the gate's to say.
        drain([kind], only=list(units), threads=ceil(connector.concurrency * _THREADS_PER_REQUEST), done=note)


def _count(run: Run, held: Claim, outcome: Outcome) -> None:
    run.add(read=1)
    if outcome.status == UnitStatus.FINISHED:
        run.add(created=1)
    elif outcome.status == UnitStatus.SKIPPED:
        run.add(skipped=1)
    else:
        run.fail(f"{held.unit.subject}: {outcome.reason}")
