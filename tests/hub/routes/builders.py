"""Small makers of routes and what they join."""

from __future__ import annotations

from typing import Any

from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.arrivals import ROUTE_TASK
from mageferry.hub.routes.models import Incoming, Outgoing, Route, RouteTask
from mageferry.hub.routes.runner import route_named
from mageferry.hub.routes.settings import put_settings
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.hub.work.operations import try_again
from tests.hub.pipelines.builders import make_client

READ_ORDERS: dict[str, Any] = {
    "request": {"path": "/orders"},
    "items": {"pattern": "orders"},
    "pagination": {"type": "page", "parameter": "page"},
    "entities": {"identifier": ["number"]},
}
SEND_ORDER: dict[str, Any] = {
    "request": {"path": "/sales", "body": {"number": "&{number}", "total": "&{total}"}},
    "answer": {"id": "id"},
    "repeat": {
        "look_up": {"request": {"method": "GET", "path": "/sales/&{number}"}, "found": "items"},
    },
}
SEND_BLINDLY: dict[str, Any] = {name: SEND_ORDER[name] for name in ("request", "answer")}


def make_incoming(client: HttpClientRecord | None, settings: dict[str, Any], **changes: Any) -> Incoming:
    incoming = Incoming(
        **{"name": "Orders in", "code": "orders-in", "type": "http", "client": client, **changes}
    )
    put_settings(incoming, settings)
    incoming.save()
    return incoming


def make_outgoing(client: HttpClientRecord | None, settings: dict[str, Any], **changes: Any) -> Outgoing:
    outgoing = Outgoing(
        **{"name": "Sales out", "code": "sales-out", "type": "http", "client": client, **changes}
    )
    put_settings(outgoing, settings)
    outgoing.save()
    return outgoing


def make_route(
    url: str,
    reads: dict[str, Any] | None = None,
    sends: dict[str, Any] | None = None,
    *,
    outgoing_type: str = "http",
    **changes: Any,
) -> Route:
    """Orders of the ERP at this address, sent back to it as sales."""
    client = make_client(url)
    route = Route.objects.create(
        **{
            "name": "Orders",
            "code": "orders",
            "incoming": make_incoming(client, reads or READ_ORDERS),
            "outgoing": make_outgoing(client, sends or SEND_ORDER, type=outgoing_type),
            **changes,
        }
    )
    return route_named(route.code)


def order(number: int, **changes: Any) -> dict[str, Any]:
    return {"number": f"W-{number}", "total": 10 + number, **changes}


def work() -> int:
    """An attempt at each task that is due."""
    return drain([ROUTE_TASK])


def work_again() -> int:
    """The same for those that wait for their time, without the wait."""
    later = WorkUnit.objects.filter(kind=ROUTE_TASK, status=UnitStatus.RETRY)
    later.update(not_before=None)
    return work()


def retry_all() -> int:
    """A person's retry of all that failed, and an attempt at each."""
    try_again(list(WorkUnit.objects.filter(status=UnitStatus.FAILED).values_list("pk", flat=True)))
    return work()


def task(identifier: str) -> RouteTask:
    return RouteTask.objects.select_related("unit", "route").filter(identifier=identifier).latest("pk")


def statuses() -> dict[str, str]:
    return {each.identifier: each.unit.status for each in RouteTask.objects.select_related("unit")}
