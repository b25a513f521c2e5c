"""The REST API: connectors, flows, runs, orders and units of work, in the words of the pages and the command line."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import NinjaAPI, Status
from ninja.pagination import LimitOffsetPagination, paginate

from mageferry.hub.api import (
    config,
    exchange,
    goods,
    http,
    mappings,
    operations,
    refunds,
    refused_deliveries,
    route_tasks,
    routing,
    shapes,
    shipments,
    storages,
    stored_tests,
)
from mageferry.hub.api.access import MAY_ACT, MAY_READ, StaffSession, TokenAuthentication, require
from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.connectors.readiness import check_connector
from mageferry.hub.flows import registry, runner
from mageferry.hub.trade.models import Order
from mageferry.hub.work.models import FlowRun

api = NinjaAPI(
    title="Mageferry",
    version="1",
    urls_namespace="api",
    auth=[TokenAuthentication(), StaffSession()],
    docs_decorator=None,
)
for _part in (
    *(goods, mappings, operations, refunds, shipments, routing),
    *(refused_deliveries, route_tasks, storages, stored_tests),
):
    api.add_router("", _part.router)
api.add_router("/exchange", exchange.router)
api.add_router("/http", http.router)
api.add_router("/config", config.router)


@api.get("/connectors", response=list[shapes.Connector])
@paginate(LimitOffsetPagination)
def connectors(request: HttpRequest) -> QuerySet[Magento2Connector]:
    """The connectors and how they stand."""
    require(request, MAY_READ)
    return Magento2Connector.objects.all()


@api.get("/connectors/{int:pk}", response=shapes.ConnectorDetail)
def connector(request: HttpRequest, pk: int) -> Magento2Connector:
    """One connector with its seller rows."""
    require(request, MAY_READ)
    return get_object_or_404(Magento2Connector, pk=pk)


@api.post("/connectors/{int:pk}/check", response=list[shapes.FoundOut])
def check(request: HttpRequest, pk: int) -> list[Any]:
    """Whether the connector is ready: sign-in, stores, sources, permissions, clocks."""
    require(request, MAY_ACT)
    return list(check_connector(get_object_or_404(Magento2Connector, pk=pk)))


@api.get("/flows", response=list[shapes.FlowShape])
def flows(request: HttpRequest) -> list[registry.Flow]:
    """The flows there are."""
    require(request, MAY_READ)
    return list(registry.all_flows())


@api.post("/flows/{name}/run", response={202: shapes.RunsAsked, 404: shapes.Problem})
def run_flow(request: HttpRequest, name: str, body: shapes.RunRequest) -> Status[Any]:
    """Ask the workers to run a flow, for every row of the connector that it is switched on for."""
    require(request, MAY_ACT)
    try:
        flow = registry.flow_named(name)
        chosen = runner.active_connectors(body.connector)
    except LookupError as error:
        return Status(404, {"message": str(error.args[0])})
    asked: dict[bool, list[str]] = {True: [], False: []}
    for each in chosen:
        for row in runner.rows_of(flow, each):
            asked[runner.request_run(flow, row)].append(str(row))
    return Status(202, {"asked": asked[True], "waiting": asked[False]})


@api.get("/runs", response=list[shapes.Run])
@paginate(LimitOffsetPagination)
def runs(request: HttpRequest, flow: str = "", status: str = "") -> QuerySet[FlowRun]:
    """Runs of flows, the newest first."""
    require(request, MAY_READ)
    found = FlowRun.objects.order_by("-id")
    if flow:
        found = found.filter(flow=flow.replace("-", "_"))
    return found.filter(status=status) if status else found


@api.get("/orders", response=list[shapes.OrderShape])
@paginate(LimitOffsetPagination)
def orders(
    request: HttpRequest,
    account: str = "",
    status: str = "",
    errors: bool = False,
) -> QuerySet[Order]:
    """Orders, the newest first: of an account (name or code), of a status, or only those parked with an error."""
    require(request, MAY_READ)
    found = Order.objects.select_related("account").order_by("-placed_at", "-id")
    if account:
        found = found.filter(Q(account__name__iexact=account) | Q(account__code__iexact=account))
    if status:
        found = found.filter(status=status)
    return found.exclude(error="") if errors else found


@api.get("/orders/{int:pk}", response=shapes.OrderDetail)
def order(request: HttpRequest, pk: int) -> Order:
    """One order with its items."""
    require(request, MAY_READ)
    return get_object_or_404(Order.objects.select_related("account").prefetch_related("items"), pk=pk)
