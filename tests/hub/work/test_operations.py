"""What a person does with units of work."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from mageferry.hub.work import ledger, operations, runs
from mageferry.hub.work.leases import acquire
from mageferry.hub.work.models import FlowRun, Lease, RunStatus, Step, UnitStatus, WorkUnit
from mageferry.hub.work.operations import NotNow
from mageferry.hub.work.units import BadPayload, PayloadTooLarge
from tests.hub.work.builders import LONG_AGO, add, claim_one, end_leases

pytestmark = pytest.mark.django_db(transaction=True)


def fail_one(step: Step = Step.INTENT) -> WorkUnit:
    add(payload={"order": 1})
    ledger.settle(claim_one(), ledger.failed("Refused.", "Mend it.", step=step))
    return WorkUnit.objects.get()


def test_a_retry_starts_anew_and_keeps_how_far_it_had_come():
    unit = fail_one(Step.UNCLEAR)
    assert operations.try_again([unit.pk]) == 1
    held = claim_one()
    assert held.unit.attempts == 1
    assert held.sent_before, "what may have happened is looked up first"
    assert operations.try_again([unit.pk]) == 0, "it runs"


def test_a_cancelled_unit_that_runs_can_neither_send_nor_write():
    add()
    held = claim_one()
    assert operations.cancel([held.pk], "Cancelled by ruth.") == 1
    with pytest.raises(ledger.LeaseLost):
        ledger.record_step(held, Step.SENDING)
    unit = WorkUnit.objects.get()
    assert (unit.status, unit.reason) == (UnitStatus.REJECTED, "Cancelled by ruth.")


def test_a_unit_that_is_being_sent_is_not_cancelled():
    add()
    held = claim_one()
    ledger.record_step(held, Step.SENDING)
    assert operations.cancel([held.pk], "Cancelled.") == 0
    ledger.settle(held, ledger.finished())


def test_edit_and_retry_gives_a_unit_another_payload():
    unit = fail_one()
    operations.edit_and_retry(unit.pk, {"order": 2})
    assert claim_one().unit.payload == {"order": 2}


@pytest.mark.parametrize(
    ("payload", "error", "text"),
    [
        (["no"], BadPayload, "must be a JSON object"),
        ({"text": "x" * 300_000}, PayloadTooLarge, "262,144 fit"),
    ],
)
def test_a_payload_that_does_not_fit_changes_nothing(payload: object, error: type[Exception], text: str):
    unit = fail_one()
    with pytest.raises(error, match=text):
        operations.edit_and_retry(unit.pk, payload)
    unit.refresh_from_db()
    assert (unit.status, unit.payload) == (UnitStatus.FAILED, {"order": 1})


def test_what_may_have_happened_is_not_edited():
    unit = fail_one(Step.UNCLEAR)
    with pytest.raises(NotNow, match="could do it twice"):
        operations.edit_and_retry(unit.pk, {"order": 2})
    with pytest.raises(NotNow, match=r"There is no unit 999999"):
        operations.edit_and_retry(999999, {})


def test_what_runs_or_is_done_is_not_edited():
    add()
    held = claim_one()
    with pytest.raises(NotNow, match=r"is Processing: it can't be edited any more. Cancel it first"):
        operations.edit_and_retry(held.pk, {})
    ledger.settle(held, ledger.finished())
    with pytest.raises(NotNow, match="is Finished"):
        operations.edit_and_retry(held.pk, {})


def test_pruning_by_age_keeps_what_a_person_still_has_to_see():
    old = timezone.now() - dt.timedelta(days=100)
    for status in UnitStatus:
        WorkUnit.objects.create(kind="job", subject=status, status=status, finished_at=old)
    WorkUnit.objects.create(kind="job", subject="unwanted", status="skipped", finished_at=old, dedup_key="k")
    WorkUnit.objects.create(kind="job", subject="fresh", status="finished", finished_at=timezone.now())
    FlowRun.objects.create(flow="f", scope="s", started_at=old, finished_at=old, status=RunStatus.FINISHED)
    assert operations.prune(days=90, keep=1000) == 4
    left = set(WorkUnit.objects.values_list("subject", flat=True))
    assert left == {"new", "processing", "failed", "retry", "waiting", "unwanted", "fresh"}
    assert not FlowRun.objects.exists()


def test_pruning_by_number_keeps_the_newest():
    for number in range(10):
        WorkUnit.objects.create(
            kind="job", subject=str(number), status="finished", finished_at=timezone.now()
        )
    operations.prune(days=90, keep=3)
    assert list(WorkUnit.objects.order_by("pk").values_list("subject", flat=True)) == ["7", "8", "9"]


def test_repair_mends_what_a_crash_left_and_leaves_alone_what_is_in_use():
    add(2)
    ledger.claim("dead", limit=1)
    end_leases()
    alive = claim_one("alive")
    runs.start_run("get_orders", "row:1", "magento2:1", "died")
    runs.start_run("get_orders", "row:2", "magento2:1", "goes on")
    acquire("flow:get_orders:row:2", 60)
    Lease.objects.create(name="ancient", owner="x", expires_at=LONG_AGO)
    repair = operations.repair_stuck()
    assert (repair.recovered, repair.abandoned_runs, repair.old_leases) == (1, 1, 1)
    assert dict(FlowRun.objects.values_list("scope", "status")) == {
        "row:1": RunStatus.ABANDONED, "row:2": RunStatus.RUNNING,
    }  # fmt: skip
    ledger.settle(alive, ledger.finished())
