"""The worker of one process: batches, group commit, stopping, trouble."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import structlog
from django.db import OperationalError

from mageferry.hub.work import handling, ledger, supply, waking
from mageferry.hub.work.dispatch import Worker, drain
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.models import Mark, Step, UnitStatus, WorkUnit
from tests.hub.work.builders import add, end_leases

pytestmark = pytest.mark.django_db(transaction=True)


def declare(monkeypatch: pytest.MonkeyPatch, work: Callable[[Claim], Outcome]) -> None:
    """For this test, `work` handles the kind `job`."""
    monkeypatch.setattr(handling, "_handlings", dict(handling._handlings))
    handling.handles("job")(work)


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A handler of the kind `job` that notes what it worked on and does what the subject says."""
    seen: list[str] = []

    def work(held: Claim) -> Outcome:
        seen.append(held.unit.subject)
        if held.unit.subject == "broken":
            raise ZeroDivisionError
        if held.unit.subject == "broken effect":
            return ledger.finished(lambda: 1 / 0)
        if held.unit.subject == "lost":
            end_leases()
            ledger.claim("another worker")
        return ledger.finished()

    declare(monkeypatch, work)
    return seen


def statuses() -> dict[str, str]:
    return dict(WorkUnit.objects.values_list("subject", "status"))


def test_everything_due_is_worked_on(handler: list[str]):
    for number in range(30):
        add(subject=f"unit {number}")
    assert drain(["job"], threads=3) == 30
    assert sorted(handler) == sorted(f"unit {number}" for number in range(30))
    assert set(statuses().values()) == {UnitStatus.FINISHED}


def test_each_that_was_asked_for_has_its_attempt_also_after_a_worker_died_with_some_of_them(
    handler: list[str], monkeypatch: pytest.MonkeyPatch
):
    """Units whose worker died are claimed one at a time; those claimed with them must not be forgotten."""
    monkeypatch.setattr(supply, "_FIRST_GUESS_SECONDS", 0.001)
    add(3)
    ledger.claim("a worker that dies", limit=3)
    end_leases()
    add(4)
    everything = list(WorkUnit.objects.values_list("pk", flat=True))
    assert drain(["job"], only=everything, threads=2) == 7
    assert len(handler) == 7
    assert set(WorkUnit.objects.values_list("status", flat=True)) == {UnitStatus.FINISHED}


def test_only_what_was_asked_for_is_worked_on(handler: list[str]):
    add(subject="wanted")
    add(subject="other")
    wanted = WorkUnit.objects.get(subject="wanted")
    told: list[tuple[str, str]] = []
    drain(["job"], only=[wanted.pk], done=lambda held, end: told.append((held.unit.subject, end.status)))
    assert statuses() == {"wanted": "finished", "other": "new"}
    assert told == [("wanted", "finished")]


def test_a_unit_that_fails_unexpectedly_is_tried_again_and_the_others_of_its_batch_are_done(
    handler: list[str],
):
    for subject in ("first", "broken", "broken effect", "last"):
        add(subject=subject)
    drain(["job"])
    assert statuses() == {
        "first": "finished", "broken": "retry", "broken effect": "retry", "last": "finished",
    }  # fmt: skip
    assert WorkUnit.objects.get(subject="broken").reason == "Unexpected error: ZeroDivisionError."


def test_a_worker_that_lost_its_lease_writes_nothing(handler: list[str]):
    add(subject="lost")
    worker = Worker(kinds=["job"])
    assert worker.work_once() == 1
    unit = WorkUnit.objects.get()
    assert (unit.status, unit.lease_owner) == (UnitStatus.PROCESSING, "another worker")


def test_a_kind_without_handler_says_so(handler: list[str]):
    add(kind="from_the_future")
    Worker().work_once()
    unit = WorkUnit.objects.get()
    assert unit.status == UnitStatus.FAILED
    assert "no handler for 'from_the_future'" in unit.reason


def test_a_stop_finishes_what_runs_and_hands_back_what_was_not_begun(monkeypatch: pytest.MonkeyPatch):
    begun, go_on = threading.Event(), threading.Event()

    def work(held: Claim) -> Outcome:
        begun.set()
        go_on.wait(10)
        return ledger.finished()

    declare(monkeypatch, work)
    add(5)
    worker = Worker(kinds=["job"], threads=1)
    running = threading.Thread(target=worker.run)
    running.start()
    assert begun.wait(10)
    assert WorkUnit.objects.filter(status=UnitStatus.PROCESSING).count() > 1, "it took a batch"
    worker.stop()
    go_on.set()
    running.join()
    assert WorkUnit.objects.filter(status=UnitStatus.FINISHED).count() == 1
    assert (
        list(WorkUnit.objects.exclude(status="finished").values_list("status", "attempts"))
        == [("new", 0)] * 4
    )


def test_a_unit_that_does_not_end_in_the_grace_period_is_left_to_its_lease(monkeypatch: pytest.MonkeyPatch):
    begun, go_on = threading.Event(), threading.Event()

    def work(held: Claim) -> Outcome:
        begun.set()
        go_on.wait(30)
        return ledger.finished()

    declare(monkeypatch, work)
    add(1)
    worker = Worker(kinds=["job"], threads=1)
    running = threading.Thread(target=worker.run, kwargs={"grace_seconds": 0.1})
    running.start()
    assert begun.wait(10)
    worker.stop()
    running.join(20)
    assert not running.is_alive()
    assert WorkUnit.objects.get().status == UnitStatus.PROCESSING
    go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("work-"):
            thread.join()


def test_results_are_kept_while_the_database_is_away(handler: list[str], monkeypatch: pytest.MonkeyPatch):
    add()
    real, failures = ledger.settle_together, [OperationalError("server closed the connection"), None]

    def settle(pairs: object) -> None:
        failure = failures.pop(0)
        if failure is not None:
            raise failure
        real(pairs)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "settle_together", settle)
    Worker(kinds=["job"], idle_seconds=0.01).work_once()
    assert failures == []
    assert handler == ["a thing"], "the work itself isn't repeated"
    assert statuses() == {"a thing": "finished"}


def test_what_was_sent_is_recorded_before_the_next_unit_begins(monkeypatch: pytest.MonkeyPatch):
    recorded: list[int] = []

    def work(held: Claim) -> Outcome:
        recorded.append(WorkUnit.objects.filter(status=UnitStatus.FINISHED).count())
        ledger.record_step(held, Step.SENDING)
        return ledger.finished(lambda: None)

    declare(monkeypatch, work)
    add(3)
    assert len(ledger.claim("x", limit=0)) == 0
    drain(["job"])
    assert recorded == [0, 1, 2]


def test_log_lines_of_a_unit_carry_its_id(handler: list[str]):
    add(subject="broken")
    unit = WorkUnit.objects.get()
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        Worker(kinds=["job"]).work_once()
    (line,) = [each for each in lines if each["event"] == "Unit failed unexpectedly"]
    assert (line["unit"], line["kind"], line["attempt"]) == (unit.pk, "job", 1)


def test_a_broker_that_cannot_be_reached_does_not_stop_the_change(monkeypatch: pytest.MonkeyPatch):
    class Unreachable:
        def wake(self, count: int) -> None:
            raise ConnectionRefusedError("refused")

    monkeypatch.setattr(waking, "dispatcher", Unreachable)
    add(1)
    Mark.objects.create(scope="s", flow="f", value="2026-01-01T00:00:00Z")
    assert WorkUnit.objects.count() == 1
    assert waking.wake(1) is False
