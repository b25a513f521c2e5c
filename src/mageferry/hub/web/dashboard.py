"""What the first page shows: numbers, connectors with their flows, what failed, the last runs, orders by day."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.flows import registry, runner
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.arrivals import CLIENT, client_key
from mageferry.hub.routes.models import Incoming, IncomingType, RefusedDelivery, Route
from mageferry.hub.routes.readiness import TaskCounts, task_counts
from mageferry.hub.routes.refusals import SHOWN_HOURS, a_day_ago, count_refused
from mageferry.hub.routes.rights import MAY_CHANGE_CLIENTS, right_to_change
from mageferry.hub.routes.runner import ROUTE_FLOW
from mageferry.hub.trade.models import Order, OrderStatus
from mageferry.hub.work import outages
from mageferry.hub.work.models import EVERYTHING, OPEN, FlowRun, Pause, RunStatus, UnitStatus, WorkUnit

DAYS_SHOWN = 30


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds the dashboard's data to the admin's first page."""
    pauses = {pause.connector_key: pause for pause in Pause.objects.all()}
    probes = outages.probes_of(key for key, pause in pauses.items() if pause.automatic)
    context.update(
        cards=_cards(),
        everything_paused=pauses.get(EVERYTHING),
        connectors=[_connector(connector, pauses, probes) for connector in Magento2Connector.objects.all()],
        clients=_paused_clients(request, pauses, probes),
        routes=_routes(),
        failures=_failures(request),
        runs=list(FlowRun.objects.order_by("-id")[:10]),
        orders_by_day=_orders_by_day(),
    )
    return context


def _cards() -> list[dict[str, Any]]:
    by_status = dict(Order.objects.values_list("status").annotate(Count("id")))
    units = dict(WorkUnit.objects.values_list("status").annotate(Count("id")))
    orders, work = reverse("admin:trade_order_changelist"), reverse("admin:work_workunit_changelist")
    return [
        {"title": "Orders", "number": sum(by_status.values()), "href": orders},
        {
            "title": "Ready For Shipping",
            "number": by_status.get(OrderStatus.READY_FOR_SHIPPING, 0),
            "href": f"{orders}?status__exact={OrderStatus.READY_FOR_SHIPPING}",
        },
        {
            "title": "Parked with an error",
            "number": Order.objects.exclude(error="").count(),
            "href": f"{orders}?error__isempty=0",
        },
        {"title": "Work to do", "number": sum(units.get(status, 0) for status in OPEN), "href": work},
        {
            "title": "Failed work",
            "number": units.get(UnitStatus.FAILED, 0),
            "href": f"{work}?status__exact={UnitStatus.FAILED}",
        },
        *_refused_deliveries(),
    ]


def _refused_deliveries() -> list[dict[str, Any]]:
    """A card about webhooks, where there are any."""
    if not Incoming.objects.filter(type=IncomingType.WEBHOOK).exists():
        return []
    lately = count_refused(RefusedDelivery.objects.filter(last_at__gte=a_day_ago()))
    href = reverse("admin:routes_refuseddelivery_changelist")
    return [{"title": f"Refused deliveries, {SHOWN_HOURS} h", "number": lately, "href": href}]


def _failures(request: HttpRequest) -> list[dict[str, Any]]:
    """What waits for a person, the newest first, and whether this one may retry it."""
    units = WorkUnit.objects.filter(status=UnitStatus.FAILED).order_by("-updated_at")[:10]
    return [{"unit": unit, "may_retry": request.user.has_perm(right_to_change(unit.kind))} for unit in units]


def _paused_clients(
    request: HttpRequest, pauses: Mapping[str, Pause], probes: Mapping[str, WorkUnit]
) -> list[dict[str, Any]]:
    """HTTP clients that nothing is sent over: their other side is down, or a person has paused them."""
    if not any(key.startswith(CLIENT) for key in pauses):
        return []
    return [
        {
            "client": client,
            "key": key,
            "pause": pauses[key],
            "asked_next": _asked_next(probes.get(key)),
            "waiting": WorkUnit.objects.filter(connector_key=key, status__in=OPEN).count(),
            "may_try": pauses[key].automatic and request.user.has_perm(MAY_CHANGE_CLIENTS),
        }
        for client in HttpClientRecord.objects.all()
        if (key := client_key(client)) in pauses
    ]


def _asked_next(probe: WorkUnit | None) -> str:
    """When the other side of what is paused is asked again, in words."""
    if probe is None:
        return "not by itself"
    if probe.not_before is None or probe.not_before <= timezone.now():
        return "as soon as a worker is free"
    return f"at {timezone.localtime(probe.not_before):%Y-%m-%d %H:%M:%S}"


def _connector(
    connector: Magento2Connector, pauses: Mapping[str, Pause], probes: Mapping[str, WorkUnit]
) -> dict[str, Any]:
    running = set(
        FlowRun.objects.filter(connector_key=connector.key, status=RunStatus.RUNNING).values_list(
            "flow", "scope"
        )
    )
    flows = [
        {
            "flow": flow,
            "row": row,
            "running": (flow.name, row.scope) in running,
            "last": FlowRun.objects.filter(flow=flow.name, scope=row.scope).order_by("-id").first(),
        }
        for flow in registry.all_flows()
        for row in runner.rows_of(flow, connector)
    ]
    return {
        "connector": connector,
        "pause": pauses.get(connector.key),
        "asked_next": _asked_next(probes.get(connector.key)),
        "href": reverse("admin:connectors_magento2connector_change", args=(connector.pk,)),
        "flows": flows,
    }


def _routes() -> list[dict[str, Any]]:
    """Each route with its tasks and its last run."""
    counts = task_counts()
    return [
        {
            "route": route,
            "counts": counts.get(route.pk, TaskCounts()),
            "last": FlowRun.objects.filter(flow=ROUTE_FLOW, scope=route.scope).order_by("-id").first(),
        }
        for route in Route.objects.select_related("incoming", "outgoing")
    ]


def _orders_by_day() -> str:
    """Orders placed per day and account, as the data of a stacked bar chart."""
    today = timezone.localdate()
    days = [today - dt.timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]
    counts: dict[str, dict[dt.date, int]] = {}
    rows = (
        Order.objects.filter(placed_at__date__gte=days[0])
        .annotate(day=TruncDate("placed_at"))
        .values_list("account__name", "day")
        .annotate(Count("id"))
        .order_by("account__name")
    )
    for account, day, count in rows:
        counts.setdefault(account, {})[day] = count
    colours = ("#0f766e", "#f59e0b", "#6366f1", "#e11d48", "#0284c7", "#65a30d", "#a855f7", "#78716c")
    return json.dumps(
        {
            "labels": [f"{day:%d %b}" for day in days],
            "datasets": [
                {
                    "label": account,
                    "data": [by_day.get(day, 0) for day in days],
                    "backgroundColor": colours[number % len(colours)],
                    "stack": "orders",
                }
                for number, (account, by_day) in enumerate(counts.items())
            ],
        }
    )
