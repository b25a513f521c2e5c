"""mageferry work and mageferry schedule, as typed."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from mageferry.cli.main import app
from mageferry.hub.flows.schedules import follow_switches
from mageferry.hub.work import ledger, schedules
from mageferry.hub.work.models import EVERYTHING, Schedule, UnitStatus, WorkUnit
from tests.hub.builders import make_account, make_connector, make_linked_row
from tests.hub.work.builders import add, claim_one

pytestmark = pytest.mark.django_db(transaction=True)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def fail_one() -> WorkUnit:
    add(subject="Order 114-1", payload={"order": 1})
    ledger.settle(claim_one(), ledger.failed("Refused.", "Mend it."))
    return WorkUnit.objects.get()


def test_units_are_listed_with_reason_and_remedy():
    fail_one()
    answer = run("work", "list", "--status", "failed")
    assert answer.exit_code == 0
    assert "Order 114-1" in answer.output
    assert "Refused. Mend it." in " ".join(answer.output.split())
    assert run("work", "list", "--status", "lost").exit_code == 1


def test_edit_gives_a_new_payload_and_says_what_is_wrong_with_it():
    unit = fail_one()
    assert "isn't JSON" in run("work", "edit", str(unit.pk), "{").output
    assert "must be a JSON object" in run("work", "edit", str(unit.pk), "[1]").output
    assert run("work", "edit", str(unit.pk), '{"order": 2}').exit_code == 0
    unit.refresh_from_db()
    assert (unit.status, unit.payload) == (UnitStatus.NEW, {"order": 2})


@pytest.mark.parametrize(("command", "status"), [("retry", "new"), ("skip", "skipped")])
def test_a_failed_unit_is_retried_or_skipped(command: str, status: str):
    unit = fail_one()
    assert run("work", command, str(unit.pk)).exit_code == 0
    unit.refresh_from_db()
    assert unit.status == status
    assert run("work", command, "999999").exit_code == 2


def test_a_schedule_is_set_paused_and_resumed():
    make_linked_row(make_connector(name="Storefront"), make_account())
    follow_switches()
    number = str(Schedule.objects.get().pk)
    assert "bad hour" in run("schedule", "set", number, "0 99 * * *").output
    assert run("schedule", "set", number, "0 3 * * *", "--time-zone", "Europe/Berlin").exit_code == 0
    assert run("schedule", "pause", number).exit_code == 0
    assert Schedule.objects.get().paused
    assert run("schedule", "resume", number).exit_code == 0
    assert not Schedule.objects.get().paused
    assert run("schedule", "pause", "--connector", "Storefront").exit_code == 0
    assert list(schedules.paused_connectors()) == [Schedule.objects.get().connector_key]
    assert "no connector 'Nowhere'" in run("schedule", "pause", "--connector", "Nowhere").output
    run("schedule", "resume", "--connector", "Storefront")
    run("schedule", "pause", "--all")
    assert list(schedules.paused_connectors()) == [EVERYTHING]
    assert "Say what" in run("schedule", "pause").output
