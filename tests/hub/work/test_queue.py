"""The order of the queue: priorities, fairness between connectors, pauses, limits."""

from __future__ import annotations

from collections import Counter

import pytest

from mageferry.hub.work import ledger, limits, queue, schedules
from mageferry.hub.work.limits import Policy
from mageferry.hub.work.models import EVERYTHING, UnitStatus, WorkUnit
from tests.hub.work.builders import add, reach_their_time

pytestmark = pytest.mark.django_db(transaction=True)


def claimed_connectors(count: int) -> list[str]:
    return [held.unit.connector_key for held in ledger.claim("worker", limit=count)]


def test_orders_go_before_stock_before_catalogue():
    add(subject="catalogue", priority=90)
    add(subject="stock", priority=50)
    add(subject="order", priority=10)
    subjects = [held.unit.subject for held in ledger.claim("worker", limit=3)]
    assert subjects == ["order", "stock", "catalogue"]


def test_ten_units_do_not_wait_behind_a_thousand_of_another_connector():
    add(1000, connector_key="big")
    claimed_connectors(100)
    add(10, connector_key="small")
    assert Counter(claimed_connectors(20)) == {"big": 10, "small": 10}


def test_units_that_come_back_share_the_queue_fairly_too():
    add(50, connector_key="big")
    for held in ledger.claim("worker", limit=50):
        ledger.settle(held, ledger.retry("Away.", 5))
    reach_their_time()
    queue.wake_units()
    add(10, connector_key="small")
    assert Counter(claimed_connectors(20)) == {"big": 10, "small": 10}


def test_a_paused_connector_waits_and_the_others_go_on():
    add(3, connector_key="magento2:1")
    add(3, connector_key="magento2:2")
    assert schedules.pause_connector("magento2:1", "The shop is being moved.")
    assert not schedules.pause_connector("magento2:1")
    assert claimed_connectors(9) == ["magento2:2"] * 3
    assert schedules.resume_connector("magento2:1")
    assert claimed_connectors(9) == ["magento2:1"] * 3


def test_while_everything_is_paused_nothing_starts_but_what_a_person_asks_for():
    add(2, connector_key="magento2:1")
    schedules.pause_connector(EVERYTHING)
    assert claimed_connectors(9) == []
    wanted = WorkUnit.objects.order_by("pk").values_list("pk", flat=True)[0]
    assert [held.pk for held in ledger.claim("worker", only=[wanted])] == [wanted]


def test_a_slow_connector_holds_no_more_workers_than_its_limit():
    limits.set_policy("magento2:1", Policy(concurrency=2))
    add(10, connector_key="magento2:1")
    add(1, connector_key="magento2:2")
    assert claimed_connectors(1) + claimed_connectors(1) + claimed_connectors(1) == [
        "magento2:1", "magento2:2", "magento2:1",
    ]  # fmt: skip
    assert claimed_connectors(1) == []
    done = WorkUnit.objects.filter(connector_key="magento2:1", status=UnitStatus.PROCESSING)[:1].get()
    WorkUnit.objects.filter(pk=done.pk).update(status=UnitStatus.FINISHED)
    assert claimed_connectors(1) == ["magento2:1"]


def test_a_long_queue_of_a_paused_connector_hides_nobody():
    add(1200, connector_key="paused", priority=10)
    add(2, connector_key="other", priority=90)
    schedules.pause_connector("paused")
    assert claimed_connectors(5) == ["other", "other"]
    assert claimed_connectors(5) == []
