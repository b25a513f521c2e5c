"""Leases by name: one holder, an end, a fencing token."""

import threading

import pytest
from django.db import connection

from mageferry.hub.work import leases, ledger
from mageferry.hub.work.models import Lease, UnitStatus, WorkUnit
from mageferry.hub.work.owners import is_dead, owner_name
from tests.hub.work.builders import owner_of_a_dead_process

pytestmark = pytest.mark.django_db(transaction=True)
PAST = "2020-01-01T00:00:00Z"


def test_only_one_holds_a_lease():
    with leases.holding("flow:x"), pytest.raises(leases.LeaseHeld, match="already being worked on"):
        leases.acquire("flow:x", 60)
    leases.acquire("flow:x", 60)


def test_a_lease_that_ran_out_is_taken_over_and_its_first_holder_is_told():
    first = leases.acquire("flow:x", 60)
    Lease.objects.update(expires_at=PAST)
    second = leases.acquire("flow:x", 60)
    assert second.token > first.token
    for call in (first.check, lambda: first.renew(60)):
        with pytest.raises(leases.LeaseLost):
            call()
    first.release()
    second.check()


def test_the_lease_of_a_dead_process_of_this_machine_is_free_at_once():
    leases.acquire("flow:x", 3600, owner=owner_of_a_dead_process())
    leases.acquire("flow:x", 60).check()


@pytest.mark.parametrize("owner", ["another-machine.1:99999:worker:abc", "", "nonsense", "a:b:c"])
def test_a_process_elsewhere_is_never_taken_for_dead(owner: str):
    assert not is_dead(owner)
    assert not is_dead(owner_name("me"))


def test_units_of_a_dead_process_are_due_at_once():
    ledger.write_intents([ledger.Intent("export_order", "x")])
    (held,) = ledger.claim(owner_of_a_dead_process(), lease_seconds=3600)
    (again,) = ledger.claim("other")
    assert again.token > held.token
    assert WorkUnit.objects.get().status == UnitStatus.PROCESSING


def test_whoever_has_patience_gets_the_lease_when_it_is_given_back():
    held, asked, got = leases.acquire("order", 60), threading.Event(), threading.Event()

    def wait_for_it() -> None:
        asked.set()
        try:
            with leases.holding("order", patience_seconds=30):
                got.set()
        finally:
            connection.close()

    waiting = threading.Thread(target=wait_for_it)
    waiting.start()
    asked.wait()
    assert not got.is_set()
    held.release()
    waiting.join()
    assert got.is_set()


def test_patience_ends():
    leases.acquire("order", 60)
    with pytest.raises(leases.LeaseHeld), leases.holding("order", patience_seconds=0.01):
        pytest.fail("somebody else has it")
