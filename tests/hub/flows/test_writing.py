"""Writing once: what each kind of answer, and none, leads to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mageferry.hub.flows.writing import FOUND, Write, write_once
from mageferry.hub.work import ledger
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.magento.errors import Rejected, Transient, Unclear
from tests.hub.work.builders import add, claim_one, end_leases, reach_their_time

pytestmark = pytest.mark.django_db(transaction=True)


class Shop:
    """A shop of one thing: `answers` are what its next requests are answered with."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.made: list[int] = []
        self.look_error: Exception | None = None
        self.keeps_unclear = True

    def send(self) -> int:
        answer = self.answers.pop(0) if self.answers else None
        if answer is None or (isinstance(answer, Unclear) and self.keeps_unclear):
            self.made.append(len(self.made) + 1)
        if answer is not None:
            raise answer
        return self.made[-1]

    def look(self) -> int | None:
        if self.look_error is not None:
            raise self.look_error
        return self.made[-1] if self.made else None

    def write(self, settle_seconds: float = 0.0) -> Write[int]:
        return Write("POST /thing", self.send, self.look, _adopt, "Made.", settle_seconds)


def _adopt(made: int, message: str) -> Outcome:
    return ledger.finished(result={"id": made, "message": message})


def attempt(shop: Shop, settle_seconds: float = 0.0) -> WorkUnit:
    """Claim the unit, make one attempt, and settle it."""
    held = claim_one()
    ledger.settle(held, write_once(held, shop.write(settle_seconds)))
    return WorkUnit.objects.get(pk=held.pk)


def die_after_sending(shop: Shop, then: Callable[[Claim], None] = lambda held: None) -> None:
    """What kill -9 leaves: the step is committed, perhaps the request went out, nothing else."""
    held = claim_one()
    ledger.record_step(held, Step.SENDING, request="POST /thing")
    then(held)
    end_leases()


def test_a_plain_answer_is_adopted():
    add()
    shop = Shop()
    unit = attempt(shop)
    assert (unit.status, unit.result) == (UnitStatus.FINISHED, {"id": 1, "message": "Made."})


def test_a_lost_answer_is_settled_by_looking():
    add()
    shop = Shop(Unclear("The answer never came.", remedy=""))
    unit = attempt(shop)
    assert unit.result == {"id": 1, "message": FOUND}
    assert shop.made == [1]


def test_what_is_not_there_after_an_unclear_answer_is_sent_again_later():
    add()
    shop = Shop(Unclear("The answer never came.", remedy=""))
    shop.keeps_unclear = False
    unit = attempt(shop, settle_seconds=60)
    assert (unit.status, unit.step) == (UnitStatus.RETRY, Step.UNCLEAR)
    reach_their_time()
    assert attempt(shop, settle_seconds=60).status == UnitStatus.FINISHED
    assert shop.made == [1]


def test_what_a_dead_worker_sent_is_found():
    add()
    shop = Shop()
    die_after_sending(shop, lambda held: shop.made.append(1))
    assert attempt(shop).result == {"id": 1, "message": FOUND}


def test_what_a_dead_worker_may_just_have_sent_is_given_time_to_arrive():
    add()
    shop = Shop()
    die_after_sending(shop)
    unit = attempt(shop, settle_seconds=60)
    assert (unit.status, unit.step, shop.made) == (UnitStatus.RETRY, Step.UNCLEAR, [])
    # It arrives in the meantime.
    shop.made.append(1)
    reach_their_time()
    assert attempt(shop, settle_seconds=60).result == {"id": 1, "message": FOUND}
    assert shop.made == [1]


def test_a_refusal_leaves_nothing_under_way():
    add()
    held = claim_one()
    with pytest.raises(Rejected):
        write_once(held, Shop(Rejected("No.", remedy="")).write())
    assert WorkUnit.objects.get().step == Step.INTENT


def test_a_refused_look_up_keeps_the_write_unclear():
    """Parked with the step set back, a person's retry would send it a second time."""
    add()
    shop = Shop(Unclear("The answer never came.", remedy=""))
    shop.look_error = Rejected("The token may not read.", remedy="Give it the permission.")
    unit = attempt(shop)
    assert (unit.status, unit.step) == (UnitStatus.FAILED, Step.UNCLEAR)
    assert "looking for it in the shop was refused: The token may not read." in unit.reason
    shop.look_error = None
    ledger.try_again([unit.pk])
    assert attempt(shop).result == {"id": 1, "message": FOUND}
    assert shop.made == [1]


def test_a_shop_that_cannot_be_asked_keeps_the_write_unclear():
    add()
    shop = Shop()
    die_after_sending(shop, lambda held: shop.made.append(1))
    shop.look_error = Transient("The shop is down.", remedy="")
    held = claim_one()
    with pytest.raises(Transient):
        write_once(held, shop.write())
    assert WorkUnit.objects.get().step == Step.SENDING
