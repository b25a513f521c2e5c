"""Schedules follow the switches of connectors and rows."""

from __future__ import annotations

import pytest

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.flows.runner import RUN_FLOW
from mageferry.hub.flows.schedules import follow_switches
from mageferry.hub.work import schedules
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.models import FlowRun, RunStatus, Schedule
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_connector, make_export_row, make_linked_row
from tests.hub.work.builders import LONG_AGO

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_switched_on_row_of_an_active_connector_gets_its_schedules():
    connector = make_connector()
    linked = make_linked_row(connector, make_account())
    exporting = make_export_row(connector, make_account("eBay", "EB"))
    make_export_row(make_connector(name="Resting", active=False), make_account("Zalando", "ZA"))
    assert follow_switches().made == 2
    assert follow_switches().made == 0
    made = set(Schedule.objects.values_list("flow", "scope", "connector_key"))
    assert made == {
        ("get_orders", linked.scope, connector.key),
        ("export_orders", exporting.scope, connector.key),
    }
    assert not Schedule.objects.filter(next_at=None).exists()


def test_a_switch_puts_schedules_to_rest_and_wakes_them_as_they_were():
    connector = make_connector()
    make_linked_row(connector, make_account())
    follow_switches()
    Schedule.objects.update(cron="0 4 * * *")
    Magento2Connector.objects.update(active=False)
    assert follow_switches().switched_off == 1
    Schedule.objects.update(next_at=LONG_AGO)
    assert schedules.fire_due() == 0
    Magento2Connector.objects.update(active=True)
    assert follow_switches().switched_on == 1
    assert Schedule.objects.get().cron == "0 4 * * *"
    assert schedules.fire_due() == 1


def test_a_due_schedule_runs_its_flow(storefront_connector: Magento2Connector, storefront: Sandbox):
    make_linked_row(storefront_connector, make_account())
    follow_switches()
    Schedule.objects.update(next_at=LONG_AGO)
    schedules.fire_due()
    assert drain([RUN_FLOW]) == 1
    run = FlowRun.objects.get()
    assert run.status == RunStatus.FINISHED
    assert run.created > 0
