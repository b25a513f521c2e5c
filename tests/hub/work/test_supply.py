"""What a worker has claimed goes to all of its threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from mageferry.hub.work import handling, ledger
from mageferry.hub.work.dispatch import Worker, drain
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.hub.work.shelf import Shelf, cut
from mageferry.hub.work.supply import Supply
from tests.hub.work.builders import add

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 20


class Kitchen:
    """A handler whose units are loaded together; it notes what was loaded at once, and who worked on what."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, for_all_threads: bool, at_once: int = 1) -> None:
        self.loads: list[list[int]] = []
        self.released: list[list[int]] = []
        self.threads: dict[int, str] = {}
        self._meeting = threading.Barrier(at_once)
        monkeypatch.setattr(handling, "_handlings", dict(handling._handlings))
        release = handling.handles_loaded("job", self.load, self.release, for_all_threads=for_all_threads)
        release(self.work)

    def load(self, claims: Sequence[Claim]) -> dict[int, str]:
        self.loads.append(sorted(held.pk for held in claims))
        return {held.pk: held.unit.subject for held in claims}

    def release(self, loaded: Mapping[int, str]) -> None:
        self.released.append(sorted(loaded))

    def work(self, held: Claim, subject: str) -> Outcome:
        assert subject == held.unit.subject
        self.threads[held.pk] = threading.current_thread().name
        self._meeting.wait(SECONDS)
        return ledger.finished()


def test_units_loaded_once_for_all_threads_are_worked_on_by_all_of_them(monkeypatch: pytest.MonkeyPatch):
    """Three at a time have to meet: one thread alone would wait for ever."""
    monkeypatch.setattr("mageferry.hub.work.supply._FIRST_GUESS_SECONDS", 0.5)
    add(6)
    kitchen = Kitchen(monkeypatch, for_all_threads=True, at_once=3)
    assert drain(["job"], threads=3) == 6
    assert kitchen.loads[0] == sorted(WorkUnit.objects.values_list("pk", flat=True))
    assert len(kitchen.loads) == 1
    assert set(WorkUnit.objects.values_list("status", flat=True)) == {UnitStatus.FINISHED}
    assert set(Counter(kitchen.threads.values()).values()) == {2}


def test_units_whose_loading_has_to_be_released_stay_with_one_thread(monkeypatch: pytest.MonkeyPatch):
    add(6)
    kitchen = Kitchen(monkeypatch, for_all_threads=False)
    assert drain(["job"], threads=3) == 6
    assert kitchen.released == kitchen.loads
    for load in kitchen.loads:
        assert len({kitchen.threads[pk] for pk in load}) == 1


def test_a_stop_hands_back_what_no_thread_has_taken(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mageferry.hub.work.supply._FIRST_GUESS_SECONDS", 0.5)
    add(4)
    begun, go_on = threading.Event(), threading.Event()

    def work(held: Claim) -> Outcome:
        begun.set()
        go_on.wait(SECONDS)
        return ledger.finished()

    monkeypatch.setattr(handling, "_handlings", dict(handling._handlings))
    handling.handles("job")(work)
    worker = Worker(kinds=["job"], threads=2)
    running = threading.Thread(target=worker.run)
    running.start()
    assert begun.wait(SECONDS)
    worker.stop()
    go_on.set()
    running.join(SECONDS)
    by_status = Counter(WorkUnit.objects.values_list("status", flat=True))
    assert by_status[UnitStatus.FINISHED] + by_status[UnitStatus.NEW] == 4
    assert by_status[UnitStatus.NEW] >= 2
    assert set(WorkUnit.objects.filter(status=UnitStatus.NEW).values_list("attempts", flat=True)) == {0}


def test_a_batch_that_turns_out_long_is_left_to_other_workers_and_nothing_asked_for_is_forgotten():
    add(8)
    asked = list(WorkUnit.objects.values_list("pk", flat=True))
    supply = Supply(["job"], asked, 2, 60.0, 1.0, threading.Event())
    begun = supply.next()
    assert begun is not None
    claimed = {held.pk for held in supply.in_hand()}
    supply.hand_back_stale(60.0)
    assert {held.pk for held in supply.in_hand()} == claimed, "it was fetched a moment ago"
    supply.hand_back_stale(0.0)
    assert supply.in_hand() == list(begun.claims)
    assert ledger.claim("another worker", limit=1)
    again = {held.pk for portion in iter(supply.next, None) for held in portion.claims}
    assert len(again) == 8 - len(begun.claims) - 1


def test_a_shelf_keeps_the_order_and_gives_up_what_is_unwanted():
    add(5)
    claims = ledger.claim("worker", limit=5)
    shelf = Shelf()
    shelf.put(cut(claims, 2))
    removed = shelf.remove(lambda held: held is claims[2])
    assert removed == [claims[2]]
    assert len(shelf) == 4
    portions = list(iter(shelf.take, None))
    assert [list(portion.claims) for portion in portions] == [claims[:2], [claims[3]], [claims[4]]]
    assert shelf.clear() == []
