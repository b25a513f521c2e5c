"""Schedules: fired once, never overlapping, caught up once, edited while running."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from mageferry.hub.work import ledger, scheduler, schedules
from mageferry.hub.work.clock import database_now
from mageferry.hub.work.cron import BadCron, BadTimeZone
from mageferry.hub.work.models import Schedule, WorkUnit
from tests.hub.work.builders import claim_one

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = dt.timedelta(hours=1)


def make_schedule(scope: str = "row:1", late: dt.timedelta = HOUR, **changes: object) -> Schedule:
    values = {
        "kind": "job", "flow": "get_orders", "cron": "*/15 * * * *", "connector_key": "magento2:1",
        "next_at": database_now() - late, **changes,
    }  # fmt: skip
    return Schedule.objects.create(scope=scope, **values)


def test_a_due_schedule_asks_for_its_work_once():
    schedule = make_schedule(payload={"row": 1})
    assert schedules.fire_due() == 1
    assert schedules.fire_due() == 0
    unit = WorkUnit.objects.get()
    assert (unit.kind, unit.subject, unit.payload) == ("job", "get_orders/row:1", {"row": 1})
    schedule.refresh_from_db()
    assert schedule.next_at is not None
    assert database_now() < schedule.next_at < database_now() + HOUR / 2
    assert schedule.last_at is not None


def test_a_day_without_a_scheduler_is_made_up_for_once():
    make_schedule(late=24 * HOUR)
    while schedules.fire_due():
        pass
    assert WorkUnit.objects.count() == 1


def test_a_run_that_is_not_done_leaves_the_next_one_out():
    schedule = make_schedule()
    schedules.fire_due()
    held = claim_one()
    Schedule.objects.update(next_at=database_now() - HOUR)
    assert schedules.fire_due() == 1
    assert WorkUnit.objects.count() == 1, "it waits for its next time"
    ledger.settle(held, ledger.finished())
    Schedule.objects.update(next_at=database_now() - HOUR)
    schedules.fire_due()
    assert WorkUnit.objects.filter(subject=schedule.subject).count() == 2


def test_schedulers_at_the_same_time_fire_each_time_once():
    for number in range(40):
        make_schedule(f"row:{number}")
    start = threading.Barrier(4)

    def tick() -> None:
        try:
            start.wait()
            while schedules.fire_due(limit=5):
                pass
        finally:
            connection.close()

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The database refuses a second unit of one time; here none was even tried.
    assert WorkUnit.objects.count() == 40
    assert not Schedule.objects.filter(next_at__lte=database_now()).exists()


def test_a_paused_schedule_rests_and_makes_up_for_it_once():
    schedule = make_schedule()
    assert schedules.pause_schedules([schedule.pk]) == 1
    assert schedules.fire_due() == 0
    assert schedules.resume_schedules([schedule.pk]) == 1
    assert schedules.fire_due() == 1
    assert WorkUnit.objects.count() == 1


@pytest.mark.parametrize("key", ["magento2:1", "*"])
def test_pausing_a_connector_or_everything_holds_its_schedules(key: str):
    make_schedule()
    schedules.pause_connector(key)
    assert schedules.fire_due() == 0
    schedules.resume_connector(key)
    assert schedules.fire_due() == 1


def test_an_edit_holds_from_then_on():
    schedule = make_schedule()
    schedules.set_schedule(schedule, cron="0 3 * * *", time_zone="America/New_York", spread_seconds=0)
    schedule.refresh_from_db()
    assert schedule.next_at is not None
    assert schedule.next_at.minute == 0
    assert schedule.next_at.hour in (7, 8), "3:00 in New York"
    assert schedules.fire_due() == 0


def test_an_edit_that_cannot_be_read_changes_nothing():
    schedule = make_schedule()
    with pytest.raises(BadCron):
        schedules.set_schedule(schedule, cron="sometimes")
    with pytest.raises(BadTimeZone):
        schedules.set_schedule(schedule, time_zone="Mars")
    schedule.refresh_from_db()
    assert (schedule.cron, schedule.time_zone) == ("*/15 * * * *", "UTC")


def test_the_form_says_what_is_wrong_with_each_field():
    with pytest.raises(ValidationError) as caught:
        Schedule(kind="job", flow="f", scope="s", cron="61 * * * *", time_zone="Mars").full_clean()
    assert "bad minute" in str(caught.value.message_dict["cron"])
    assert "no time zone 'Mars'" in str(caught.value.message_dict["time_zone"])


def test_a_row_with_text_that_cannot_be_read_stops_alone_with_its_reason():
    broken = make_schedule("row:1", cron="broken")
    make_schedule("row:2")
    schedules.fire_due()
    broken.refresh_from_db()
    assert broken.next_at is None
    assert "'broken' can't be used" in broken.error
    assert WorkUnit.objects.filter(subject="get_orders/row:2").exists()


def test_every_chore_of_the_scheduler_can_be_done():
    names = set()
    for each in scheduler.chores():
        each.work()
        names.add(each.name)
    assert names >= {"beat", "prune", "repair", "routes", "follow routes", "http-requests"}
