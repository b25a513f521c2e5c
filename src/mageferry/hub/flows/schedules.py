"""A schedule for each flow of each row: made by itself, following the switches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.flows.registry import Flow, all_flows
from mageferry.hub.flows.runner import RUN_FLOW, rows_of
from mageferry.hub.work.clock import database_now
from mageferry.hub.work.models import Schedule
from mageferry.hub.work.scheduler import chore
from mageferry.hub.work.schedules import plan

FOLLOW_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Following:
    """What changed when the schedules followed the switches."""

    made: int
    switched_on: int
    switched_off: int


def follow_switches() -> Following:
    """Make the schedules that are missing; those of rows that are switched off, or gone, rest.

    A schedule that a person edited or paused stays as it is.
    """
    wanted = {(flow.name, row.scope): (flow, row) for flow, row in _switched_on()}
    own = Schedule.objects.filter(kind=RUN_FLOW).only("flow", "scope", "enabled")
    known = {(each.flow, each.scope): each for each in own}
    now = database_now()
    fresh = []
    for key in wanted.keys() - known.keys():
        schedule = default_schedule(*wanted[key])
        plan(schedule, now)
        fresh.append(schedule)
    on = [each.pk for key, each in known.items() if key in wanted and not each.enabled]
    off = [each.pk for key, each in known.items() if key not in wanted and each.enabled]
    if fresh or on or off:
        with transaction.atomic():
            # Two schedulers may find the same row missing: one of them makes it.
            Schedule.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=200)
            Schedule.objects.filter(pk__in=on).update(enabled=True)
            Schedule.objects.filter(pk__in=off).update(enabled=False)
    return Following(len(fresh), len(on), len(off))


def default_schedule(flow: Flow, row: Magento2Seller) -> Schedule:
    """The schedule that a row gets for a flow, until a person changes it."""
    return Schedule(
        kind=RUN_FLOW,
        flow=flow.name,
        scope=row.scope,
        connector_key=row.connector.key,
        title=f"{flow.title}: {row}"[:200],
        payload={"flow": flow.name, "row": row.pk},
        priority=flow.priority,
        cron=flow.cron,
    )


def _switched_on() -> Iterator[tuple[Flow, Magento2Seller]]:
    active = Magento2Connector.objects.filter(active=True)
    for flow in all_flows():
        for row in rows_of(flow, active):
            yield flow, row


chore("follow switches", FOLLOW_SECONDS)(follow_switches)
