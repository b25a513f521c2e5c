"""Results and steps of several units by few statements: each row gets its own values."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mageferry.hub.work import ledger, settling
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.units import Shared
from tests.hub.work.builders import add

pytestmark = pytest.mark.django_db(transaction=True)


def test_results_that_differ_only_in_their_values_are_one_statement():
    add(5)
    claims = ledger.claim("worker", limit=5)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        ledger.settle_together(
            [(held, ledger.finished(result={"entity_id": held.pk * 10})) for held in claims]
        )
    updates = [each["sql"] for each in queries.captured_queries if each["sql"].startswith("UPDATE")]
    assert len(updates) == 1
    results = dict(WorkUnit.objects.values_list("pk", "result"))
    assert results == {held.pk: {"entity_id": held.pk * 10} for held in claims}
    assert set(WorkUnit.objects.values_list("status", "step")) == {(UnitStatus.FINISHED, Step.DONE)}


def test_results_of_all_kinds_go_into_one_commit():
    add(4)
    done, again, later, parked = ledger.claim("worker", limit=4)
    ledger.settle_together(
        [
            (done, ledger.finished()),
            (again, ledger.retry("Busy.", 60)),
            (later, ledger.retry("Busy, too.", 600)),
            (parked, ledger.failed("Refused.", "Mend it.")),
        ]
    )
    rows = {row.pk: row for row in WorkUnit.objects.all()}
    assert [rows[held.pk].status for held in (done, again, later, parked)] == [
        "finished", "retry", "retry", "failed",
    ]  # fmt: skip
    first, second = rows[again.pk].not_before, rows[later.pk].not_before
    assert first is not None
    assert second is not None
    assert 500 < (second - first).total_seconds() < 580
    assert rows[done.pk].not_before is None
    assert (rows[later.pk].reason, rows[parked.pk].remedy) == ("Busy, too.", "Mend it.")


def test_a_shared_effect_is_written_once_for_all_that_are_recorded_together():
    add(3)
    written: list[list[Any]] = []

    def write(items: Sequence[Any]) -> None:
        written.append(list(items))

    claims = ledger.claim("worker", limit=3)
    ledger.settle_together([(held, ledger.finished(shared=Shared(write, held.pk))) for held in claims])
    assert written == [[held.pk for held in claims]]


def test_of_steps_written_together_only_those_of_lost_leases_are_refused():
    add(3)
    first, lost, last = ledger.claim("worker", limit=3)
    WorkUnit.objects.filter(pk=lost.pk).update(lease_token=99)
    changes = [{"step": Step.SENDING, "request": f"PUT /{held.pk}"} for held in (first, lost, last)]
    held_still = settling._write_steps(list(zip((first, lost, last), changes, strict=True)))
    assert held_still == [True, False, True]
    rows = dict(WorkUnit.objects.values_list("pk", "request"))
    assert rows == {first.pk: f"PUT /{first.pk}", lost.pk: "", last.pk: f"PUT /{last.pk}"}


def test_threads_that_record_steps_at_the_same_time_each_record_their_own():
    add(8)
    claims = ledger.claim("worker", limit=8)
    ready = threading.Barrier(len(claims))

    def record(held: ledger.Claim) -> None:
        try:
            ready.wait(20)
            ledger.record_step(held, Step.SENDING, request=f"PUT /{held.pk}")
        finally:
            connection.close()

    threads = [threading.Thread(target=record, args=(held,)) for held in claims]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = WorkUnit.objects.values_list("pk", "step", "request")
    assert sorted(rows) == sorted((held.pk, Step.SENDING, f"PUT /{held.pk}") for held in claims)
