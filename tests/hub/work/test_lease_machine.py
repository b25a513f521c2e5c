"""The lease protocol under any order of claims, deaths, late results and retries, against a model of it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mageferry.hub.work import ledger, operations, queue
from mageferry.hub.work.ledger import Claim
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from tests.hub.work.builders import LONG_AGO, add

OWNERS = st.sampled_from(["a", "b", "c"])
EXAMPLES = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


class LeaseMachine(RuleBasedStateMachine):
    """The model: who holds each unit by right (the newest token), and how often its effect ran."""

    def __init__(self) -> None:
        super().__init__()
        WorkUnit.objects.all().delete()
        self.claims: list[Claim] = []
        self.newest: dict[int, int] = {}
        self.effects: Counter[int] = Counter()

    @rule(count=st.integers(1, 3))
    def write(self, count: int) -> None:
        add(count)

    @rule(owner=OWNERS, limit=st.integers(1, 3))
    def claim(self, owner: str, limit: int) -> None:
        held = set(
            WorkUnit.objects.filter(status=UnitStatus.PROCESSING)
            .exclude(lease_expires_at=LONG_AGO)
            .values_list("pk", flat=True)
        )
        for each in ledger.claim(owner, limit=limit):
            assert each.pk not in held, "a unit under a live lease was given away"
            assert self.effects[each.pk] == 0, "a finished unit was given away"
            assert each.token > self.newest.get(each.pk, 0), "fencing tokens must grow"
            self.newest[each.pk] = each.token
            self.claims.append(each)

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        """kill -9: the lease ends. The claim stays known: a worker that only slept may still come back with it."""
        held = data.draw(st.sampled_from(self.claims))
        WorkUnit.objects.filter(pk=held.pk, lease_token=held.token, status=UnitStatus.PROCESSING).update(
            lease_expires_at=LONG_AGO
        )

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), finish=st.booleans())
    def settle(self, data: st.DataObject, finish: bool) -> None:
        held = data.draw(st.sampled_from(self.claims))
        outcome = (
            ledger.finished(lambda: self.effects.update([held.pk])) if finish else ledger.retry("Later.", 0)
        )
        rightful = self._rightful(held)
        try:
            ledger.settle(held, outcome)
        except ledger.LeaseLost:
            assert not rightful, "the rightful holder was refused"
        else:
            assert rightful, "a late worker wrote its result"

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def begin_to_send(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.claims))
        try:
            ledger.record_step(held, Step.SENDING)
        except ledger.LeaseLost:
            assert not self._rightful(held)
        else:
            assert self._rightful(held), "a late worker would have sent"

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def hand_back(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.claims))
        rightful = self._rightful(held)
        assert ledger.hand_back([held]) == int(rightful)

    @rule()
    def tick(self) -> None:
        queue.recover_units()
        queue.wake_units()

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def operate(self, data: st.DataObject) -> None:
        pk = data.draw(st.sampled_from(self.claims)).pk
        what = data.draw(st.sampled_from(["retry", "skip", "cancel"]))
        if what == "retry":
            operations.try_again([pk])
        elif what == "skip":
            operations.skip([pk], "Skipped.")
        else:
            operations.cancel([pk], "Cancelled.")

    def _rightful(self, held: Claim) -> bool:
        """Only the newest claim counts, and only while nobody has taken the unit out of its hands."""
        row = WorkUnit.objects.get(pk=held.pk)
        newest = self.newest[held.pk] == held.token == row.lease_token
        return newest and row.status == UnitStatus.PROCESSING

    @invariant()
    def each_finished_unit_had_its_effect_once(self) -> None:
        finished = set(WorkUnit.objects.filter(status=UnitStatus.FINISHED).values_list("pk", flat=True))
        assert {pk for pk, count in self.effects.items() if count} == finished
        assert all(count <= 1 for count in self.effects.values())

    @invariant()
    def only_running_units_have_a_lease(self) -> None:
        assert not WorkUnit.objects.exclude(status=UnitStatus.PROCESSING).exclude(lease_owner="").exists()


@pytest.mark.django_db(transaction=True)
def test_the_lease_protocol_holds_in_any_order():
    run_state_machine_as_test(LeaseMachine, settings=EXAMPLES)
