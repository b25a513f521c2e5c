"""The end of a run of routes: what the hub says, and what the systems hold, looked at directly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chaos.route_records import SHIPMENTS, STATES, RouteRecords
from chaos.verdict import Verdict
from mageferry.hub.routes.models import IdMapEntry, RouteTask, TaskExchange
from mageferry.hub.trade.models import Order
from mageferry.hub.work.models import UnitStatus
from mageferry.sandbox.examples import Erp, Marketplace


def compare(records: RouteRecords, packed: Sequence[str], market: Marketplace, erp: Erp) -> Verdict:
    """`packed`: the orders for which a parcel was packed."""
    verdict = Verdict()
    _compare_orders(verdict, records, market)
    _compare_sales(verdict, market, erp)
    _compare_parcels(verdict, packed, market)
    for answer in TaskExchange.objects.filter(answer__icontains="idempotent-replayed: true"):
        verdict.doubled.append(f"{answer.url} was sent twice")
    for entry in erp.control.requests():
        if (entry.method, entry.status) == ("POST", 409):
            verdict.doubled.append("a sales order was sent twice to the ERP")
    verdict.judge_failures(refused=())
    return verdict


def _market_orders(market: Marketplace) -> list[dict[str, object]]:
    with market.control.lock:
        return [order for _, order in market.control.state.orders_from("", 0, 100_000)]


def _compare_orders(verdict: Verdict, records: RouteRecords, market: Marketplace) -> None:
    ours = {order.marketplace_order_id: order for order in Order.objects.filter(account=records.account)}
    for theirs in _market_orders(market):
        order = ours.get(str(theirs["id"]))
        verdict.count("orders", order is not None)
        if order is None:
            verdict.lost.append(f"order {theirs['id']} is not in the hub")
        elif order.status != STATES[str(theirs["state"])]:
            verdict.lost.append(f"order {order} is {order.status} here, {theirs['state']} there")


def _compare_sales(verdict: Verdict, market: Marketplace, erp: Erp) -> None:
    with erp.control.lock:
        rows, _ = erp.control.state.sales_orders(1, 100_000)
    there = Counter(str(row["reference"]) for row in rows)
    numbers = {str(row["reference"]): str(row["number"]) for row in rows}
    known = {
        task.identifier: str(task.result.get("remote_id"))
        for task in RouteTask.objects.filter(route__code="sales", unit__status=UnitStatus.FINISHED)
    }
    for theirs in _market_orders(market):
        name = str(theirs["id"])
        verdict.count("sales", there[name])
        verdict.judge(f"sales order of {name} in the ERP", 1, there[name])
        if name in known and there[name] and known[name] != numbers[name]:
            verdict.lost.append(f"sales order of {name}: {known[name]} here, {numbers[name]} there")
        if name not in known:
            verdict.lost.append(f"the task of sales order {name} isn't finished")


def _compare_parcels(verdict: Verdict, packed: Sequence[str], market: Marketplace) -> None:
    ids = dict(IdMapEntry.objects.filter(map=SHIPMENTS).values_list("local_id", "remote_id"))
    for order in packed:
        with market.control.lock:
            shipments = market.control.state.news("shipment", order)
            refunds = market.control.state.news("refund", order)
        verdict.count("parcels", len(shipments))
        verdict.judge(f"shipment of {order}", 1, len(shipments))
        verdict.judge(f"refund of {order}", 1, len(refunds))
        if not shipments:
            continue
        if ids.get(f"P-{order}") != shipments[0]["id"]:
            verdict.lost.append(f"the id of the shipment of {order} is not in the map")
        if refunds and refunds[0]["reason"] != f"P-{order} in {shipments[0]['id']}":
            verdict.lost.append(f"the refund of {order} names {refunds[0]['reason']}")
