"""The ledger: intents, claims, leases and results."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from django.db import connection, transaction

from mageferry.hub.work import ledger
from mageferry.hub.work.ledger import Intent
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.queue import MAX_DEATHS
from mageferry.hub.work.units import BadPayload, DuplicateWork, PayloadTooLarge, Shared
from tests.hub.work.builders import add, claim_one, end_leases, reach_their_time

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_unit_goes_from_intent_to_result_once():
    add(payload={"order": 12})
    held = claim_one()
    assert held.unit.payload == {"order": 12}
    assert ledger.claim("another") == []
    ledger.settle(held, ledger.finished(result={"entity_id": 7}))
    unit = WorkUnit.objects.get()
    assert (unit.status, unit.step, unit.result) == (UnitStatus.FINISHED, Step.DONE, {"entity_id": 7})
    assert unit.finished_at is not None
    assert ledger.claim("another") == []


def test_an_intent_lives_and_dies_with_the_change_that_caused_it():
    with transaction.atomic():
        add()
        transaction.set_rollback(True)
    assert not WorkUnit.objects.exists()


def test_the_same_dedup_key_is_the_same_work():
    intents = [Intent("job", "order 1", dedup_key="export:1"), Intent("job", "order 1", dedup_key="export:1")]
    assert ledger.write_intents(intents) == 1
    assert ledger.write_intents(intents) == 0
    assert WorkUnit.objects.count() == 1


def test_adding_one_unit_twice_names_the_one_that_is_there():
    first = ledger.add_unit(Intent("job", "order 1", dedup_key="export:1"))
    with pytest.raises(DuplicateWork, match=rf"order 1 is in the ledger already: unit {first.pk}, New"):
        ledger.add_unit(Intent("job", "order 1", dedup_key="export:1"))
    assert ledger.add_unit(Intent("job", "order 2")).pk != first.pk


def test_a_payload_that_is_too_large_or_no_object_is_refused_with_its_size():
    with pytest.raises(PayloadTooLarge, match=r"order 9 has 300,\d+ bytes; 262,144 fit"):
        ledger.write_intents([Intent("job", "order 9", payload={"text": "x" * 300_000})])
    with pytest.raises(BadPayload, match="must be a JSON object"):
        ledger.write_intents([Intent("job", "order 9", payload=["no", "object"])])  # type: ignore[arg-type]
    with pytest.raises(BadPayload, match="can't be written as JSON"):
        ledger.write_intents([Intent("job", "order 9", payload={"what": object()})])
    assert not WorkUnit.objects.exists()


def test_a_unit_for_later_waits_for_its_time():
    add(wait_seconds=3600)
    assert WorkUnit.objects.get().status == UnitStatus.WAITING
    assert ledger.claim("worker") == []
    reach_their_time()
    assert claim_one().unit.subject == "a thing"


def test_a_retry_waits_and_the_last_one_becomes_a_failure():
    add()
    for _ in range(ledger.MAX_ATTEMPTS):
        ledger.settle(claim_one(), ledger.retry("The shop is away.", 60))
        assert ledger.claim("too early") == []
        reach_their_time()
    unit = WorkUnit.objects.get()
    assert unit.status == UnitStatus.FAILED
    assert unit.reason == f"Given up after {ledger.MAX_ATTEMPTS} attempts. The shop is away."


def test_the_holder_of_a_newer_token_wins():
    add()
    late = claim_one("late")
    end_leases()
    now = claim_one("now")
    assert now.token > late.token
    effects: list[str] = []
    with pytest.raises(ledger.LeaseLost):
        ledger.settle(late, ledger.finished(lambda: effects.append("late")))
    with pytest.raises(ledger.LeaseLost):
        ledger.record_step(late, Step.SENDING)
    ledger.settle(now, ledger.finished(lambda: effects.append("now")))
    assert effects == ["now"]


def test_a_renewed_lease_does_not_end():
    add()
    held = claim_one()
    end_leases()
    ledger.renew([held])
    assert ledger.claim("another") == []
    ledger.settle(held, ledger.finished())


def test_a_unit_that_ends_its_worker_each_time_is_parked_with_that_reason_and_the_rest_goes_on():
    add(subject="poison")
    add(subject="fine")
    poison = WorkUnit.objects.get(subject="poison")
    for number in range(MAX_DEATHS):
        claims = ledger.claim(f"worker {number}", limit=2)
        for held in claims:
            if held.unit.subject == "fine":
                ledger.settle(held, ledger.finished())
        end_leases()
    assert ledger.claim("the next") == []
    poison.refresh_from_db()
    assert poison.status == UnitStatus.FAILED
    assert poison.reason == "Its worker ended 3 times in a row while working on it, last worker 2."
    assert "Retry it when the cause is mended" in poison.remedy
    ledger.try_again([poison.pk])
    ledger.settle(claim_one(), ledger.finished())
    poison.refresh_from_db()
    assert (poison.status, poison.deaths) == (UnitStatus.FINISHED, 0)


def test_a_result_between_deaths_starts_the_count_anew():
    add()
    for _ in range(MAX_DEATHS - 1):
        claim_one()
        end_leases()
    ledger.settle(claim_one(), ledger.retry("Away.", 0))
    reach_their_time()
    claim_one()
    end_leases()
    assert claim_one().unit.deaths == 1


def test_handing_back_costs_no_attempt():
    add()
    held = claim_one()
    assert ledger.hand_back([held]) == 1
    assert claim_one().unit.attempts == 1
    assert ledger.hand_back([held]) == 0, "it belongs to another claim now"


def test_units_that_are_announced_together_count_as_sent_until_they_are_handed_back():
    add(2)
    claims = ledger.claim("worker", limit=2)
    assert ledger.announce(claims, lambda: None)
    assert set(WorkUnit.objects.values_list("step", flat=True)) == {Step.SENDING}
    ledger.hand_back(claims[:1])
    end_leases()
    steps = {held.pk: held.sent_before for _ in claims for held in ledger.claim("another", limit=2)}
    assert steps == {claims[0].pk: False, claims[1].pk: True}


def test_nothing_is_announced_when_one_unit_is_lost():
    add(2)
    claims = ledger.claim("worker", limit=2)
    WorkUnit.objects.filter(pk=claims[1].pk).update(lease_token=99)
    effects: list[str] = []
    assert not ledger.announce(claims, lambda: effects.append("written"))
    assert effects == []
    assert set(WorkUnit.objects.values_list("step", flat=True)) == {Step.INTENT}


def test_a_shared_effect_is_written_once_for_all_that_are_recorded_together():
    add(3)
    claims = ledger.claim("worker", limit=3)
    calls: list[list[int]] = []

    def write(items: Sequence[int]) -> None:
        calls.append(list(items))

    pairs = [(held, ledger.finished(result={"n": held.pk}, shared=Shared(write, held.pk))) for held in claims]
    ledger.settle_together(pairs)
    assert calls == [[held.pk for held in claims]]
    assert dict(WorkUnit.objects.values_list("pk", "result__n")) == {held.pk: held.pk for held in claims}


def test_results_written_together_are_all_or_nothing():
    add(3)
    first, second, lost = ledger.claim("worker", limit=3)
    WorkUnit.objects.filter(pk=lost.pk).update(lease_token=99)
    effects: list[int] = []
    pairs = [
        (each, ledger.finished(lambda each=each: effects.append(each.pk))) for each in (first, second, lost)
    ]
    with pytest.raises(ledger.LeaseLost):
        ledger.settle_together(pairs)
    assert effects == []
    assert WorkUnit.objects.filter(status=UnitStatus.FINISHED).count() == 0
    ledger.settle_together(pairs[:2])
    assert effects == [first.pk, second.pk]


def test_threads_that_claim_at_the_same_time_never_get_the_same_unit():
    add(60)
    taken: list[int] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        try:
            while claims := ledger.claim(f"worker {number}", limit=4):
                with lock:
                    taken.extend(held.pk for held in claims)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(WorkUnit.objects.values_list("pk", flat=True))
