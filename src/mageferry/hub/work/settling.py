"""Writing down how far units in hand have come, and what became of them: under their fences, many by one statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from mageferry.hub.work import metrics
from mageferry.hub.work.cases import can_merge, merge_changes
from mageferry.hub.work.clock import Now, now_plus
from mageferry.hub.work.held_rows import Hold, change_held
from mageferry.hub.work.leases import LeaseLost
from mageferry.hub.work.models import OPEN, Step, UnitStatus
from mageferry.hub.work.units import Claim, Outcome
from mageferry.hub.work.writers import Together, one_writer

MAX_ATTEMPTS = 12
# One object for all: changes with the same content are then found equal at once.
_NOW = Now()

# A unit in hand and what its row becomes.
type _Step = tuple[Claim, Mapping[str, Any]]


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
    if not _STEPS.bring((held, {**changes, "updated_at": _NOW})):
        raise _lost(held)
    for name, value in changes.items():
        setattr(held.unit, name, value)
    return replace(held)


def _write_steps(several: Sequence[_Step]) -> list[bool]:
    """Commit the steps of several threads at once; of each whether the unit was still held."""
    written: dict[int, bool] = {}
    with one_writer(), transaction.atomic():
        for hold, group in _groups(several):
            all_held = _change(hold, group)
            for held, changes in group:
                written[id(held)] = all_held or _change(hold, [(held, changes)])
    return [written[id(held)] for held, _ in several]


def _change(hold: Hold, group: Sequence[_Step]) -> bool:
    """Change units with one holder by one statement. False: not all of them are held any more."""
    changes = merge_changes([(held.pk, changes) for held, changes in group])
    return change_held(hold, [held.pk for held, _ in group], changes) == len(group)


_STEPS: Together[_Step, bool] = Together(_write_steps)


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
        for hold, group in _groups([(held, _changes(held, outcome)) for held, outcome in pairs]):
            if not _change(hold, group):
                raise _lost(group[0][0])
        _write_effects([outcome for _, outcome in pairs])
    for held, outcome in pairs:
        metrics.units_settled.labels(held.unit.kind, _final_status(held, outcome)[0]).inc()


def _write_effects(outcomes: Sequence[Outcome]) -> None:
    shared: dict[Callable[[Sequence[Any]], None], list[Any]] = {}
    for outcome in outcomes:
        if outcome.effect is not None:
            outcome.effect()
        if outcome.shared is not None:
            shared.setdefault(outcome.shared.write, []).append(outcome.shared.item)
    for write, items in shared.items():
        write(items)


def _groups(steps: Iterable[_Step]) -> list[tuple[Hold, list[_Step]]]:
    """Units with the same holder whose changes fit into one statement."""
    groups: list[tuple[Hold, list[_Step]]] = []
    for held, changes in steps:
        hold = (held.owner, held.token)
        for known_hold, group in groups[-4:]:
            if hold == known_hold and can_merge(changes, group[0][1]):
                group.append((held, changes))
                break
        else:
            groups.append((hold, [(held, changes)]))
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
