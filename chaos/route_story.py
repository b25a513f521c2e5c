"""One run of routes: systems with faults at every request, workers that are killed, orders that change meanwhile."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from chaos.route_records import SHIPMENTS, STATES, RouteRecords, make_route_records
from chaos.story import (
    ASK_EVERY_SECONDS,
    FAULTS,
    LOOK_EVERY_SECONDS,
    QUIET_ROUNDS,
    Result,
)
from chaos.workers import Crew
from mageferry.hub.pipelines.clients import close_clients
from mageferry.hub.routes.models import IdMapEntry, RouteTask, TaskExchange
from mageferry.hub.routes.runner import request_run, run_once
from mageferry.hub.routes.storages import put_value
from mageferry.hub.trade.models import Order
from mageferry.hub.work import operations
from mageferry.hub.work.leases import LeaseHeld
from mageferry.hub.work.models import OPEN, Pause, UnitStatus, WorkUnit
from mageferry.sandbox.examples import Erp, Marketplace

FAULT_RATE = 0.01
WORKERS = 3
# A batch of tasks is longer at work than a write to a shop.
KILL_EVERY_SECONDS = (1.0, 3.0)
ROUND_SECONDS = 0.25


@dataclass(slots=True)
class RouteVerdict:
    """What was compared, and every difference as a sentence."""

    orders: int = 0
    sales: int = 0
    parcels: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    parked: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """What happens around the hub: parcels that are packed, orders that buyers cancel; a little at a time."""

    parcels: list[str]
    cancelled: list[str]
    chance: random.Random
    packed: list[str] = field(default_factory=list)

    def act(self, records: RouteRecords, market: Marketplace) -> None:
        for _ in range(self.chance.randint(0, 2)):
            if self.parcels:
                order = self.parcels.pop()
                self.packed.append(order)
                entry = {"key": f"P-{order}", "order": order, "amount": "1.00"}
                put_value(records.parcels, entry["key"], entry)
        if self.cancelled and self.chance.random() < 0.3:
            market.control.set_state(self.cancelled.pop(), "cancelled")

    @property
    def left(self) -> int:
        return len(self.parcels) + len(self.cancelled)


def run_seed(seed: int, orders: int, seconds: float) -> Result:
    """`orders` of the marketplace: some get a parcel and a refund, some are cancelled. Ends when all is done."""
    began = time.monotonic()
    chance = random.Random(f"routes/{seed}")
    with Marketplace() as market, Erp() as erp:
        records = make_route_records(market, erp)
        placed = market.control.add_orders(orders, seed=seed)
        chosen = chance.sample(placed, len(placed))
        plan = Plan(chosen[: orders // 2], chosen[orders // 2 : orders * 3 // 4], chance)
        for system in (market, erp):
            for number, kind in enumerate(FAULTS):
                path = "/v2/" if system is market else "/api/"
                system.control.add_fault(kind, rate=FAULT_RATE, seed=seed * 100 + number, path=path)
        kills = _let_it_run(records, plan, market, erp, chance, began + seconds, seed)
        faults = 0
        for system in (market, erp):
            faults += sum(rule.hits for rule in system.control.faults.rules())
            system.control.clear_faults()
        while plan.left:
            plan.act(records, market)
        _finish(records)
        verdict = compare(records, plan, market, erp)
        close_clients()
    return Result(seed, verdict, faults, kills, time.monotonic() - began)


def _let_it_run(
    records: RouteRecords,
    plan: Plan,
    market: Marketplace,
    erp: Erp,
    chance: random.Random,
    deadline: float,
    seed: int,
) -> int:
    crew = Crew(WORKERS, seed)
    ask_at, look_at = 0.0, time.monotonic() + LOOK_EVERY_SECONDS
    quiet, kill_at = 0, time.monotonic() + chance.uniform(*KILL_EVERY_SECONDS)
    try:
        while quiet < QUIET_ROUNDS and time.monotonic() < deadline:
            if time.monotonic() >= ask_at:
                for route in records.routes:
                    request_run(route)
                ask_at = time.monotonic() + ASK_EVERY_SECONDS
            plan.act(records, market)
            if time.monotonic() >= look_at:
                _retry_failed()
                look_at = time.monotonic() + LOOK_EVERY_SECONDS
            if time.monotonic() >= kill_at:
                crew.kill_one(chance)
                kill_at = time.monotonic() + chance.uniform(*KILL_EVERY_SECONDS)
            time.sleep(ROUND_SECONDS)
            verdict = compare(records, plan, market, erp)
            quiet = 0 if plan.left or verdict.lost or verdict.notes else quiet + 1
    finally:
        crew.end()
    return crew.kills


def _retry_failed() -> None:
    """A person looks at what failed and has it tried again."""
    operations.try_again(list(WorkUnit.objects.filter(status=UnitStatus.FAILED).values_list("pk", flat=True)))


def _finish(records: RouteRecords) -> None:
    """Nothing fails any more: what is still open gets done, as the schedules would."""
    Pause.objects.all().delete()
    for _ in range(4):
        # What killed workers had in hand.
        operations.repair_stuck()
        _retry_failed()
        waiting = WorkUnit.objects.filter(status=UnitStatus.RETRY)
        operations.try_again(list(waiting.values_list("pk", flat=True)))
        for route in records.routes:
            try:
                run_once(route)
            except LeaseHeld:
                # Of a worker that was killed: it ends by itself.
                time.sleep(ROUND_SECONDS)


def compare(records: RouteRecords, plan: Plan, market: Marketplace, erp: Erp) -> RouteVerdict:
    """What the hub says, and what the systems hold, looked at directly."""
    verdict = RouteVerdict()
    _compare_orders(verdict, records, market)
    _compare_sales(verdict, market, erp)
    _compare_parcels(verdict, plan, market)
    for answer in TaskExchange.objects.filter(answer__icontains="idempotent-replayed: true"):
        verdict.doubled.append(f"{answer.url} was sent twice")
    for entry in erp.control.requests():
        if (entry.method, entry.status) == ("POST", 409):
            verdict.doubled.append("a sales order was sent twice to the ERP")
    for unit in WorkUnit.objects.filter(status=UnitStatus.FAILED):
        verdict.parked += 1
        if not (unit.reason and unit.remedy):
            verdict.unexplained.append(f"unit {unit.pk} {unit.subject}: {unit.reason!r}, {unit.remedy!r}")
        verdict.notes.append(f"{unit.subject}: {unit.reason}")
    for task in RouteTask.objects.filter(unit__status__in=OPEN).select_related("unit"):
        verdict.notes.append(f"{task} is still {task.unit.get_status_display()}: {task.unit.reason}")
    return verdict


def _market_orders(market: Marketplace) -> list[dict[str, object]]:
    with market.control.lock:
        return [order for _, order in market.control.state.orders_from("", 0, 100_000)]


def _compare_orders(verdict: RouteVerdict, records: RouteRecords, market: Marketplace) -> None:
    ours = {order.marketplace_order_id: order for order in Order.objects.filter(account=records.account)}
    for theirs in _market_orders(market):
        order = ours.get(str(theirs["id"]))
        verdict.orders += order is not None
        if order is None:
            verdict.lost.append(f"order {theirs['id']} is not in the hub")
        elif order.status != STATES[str(theirs["state"])]:
            verdict.lost.append(f"order {order} is {order.status} here, {theirs['state']} there")


def _compare_sales(verdict: RouteVerdict, market: Marketplace, erp: Erp) -> None:
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
        verdict.sales += there[name]
        _judge(verdict, f"sales order of {name} in the ERP", there[name])
        if name in known and there[name] and known[name] != numbers[name]:
            verdict.lost.append(f"sales order of {name}: {known[name]} here, {numbers[name]} there")
        if name not in known:
            verdict.lost.append(f"the task of sales order {name} isn't finished")


def _compare_parcels(verdict: RouteVerdict, plan: Plan, market: Marketplace) -> None:
    ids = dict(IdMapEntry.objects.filter(map=SHIPMENTS).values_list("local_id", "remote_id"))
    for order in plan.packed:
        with market.control.lock:
            shipments = market.control.state.news("shipment", order)
            refunds = market.control.state.news("refund", order)
        verdict.parcels += len(shipments)
        _judge(verdict, f"shipment of {order}", len(shipments))
        _judge(verdict, f"refund of {order}", len(refunds))
        if not shipments:
            continue
        if ids.get(f"P-{order}") != shipments[0]["id"]:
            verdict.lost.append(f"the id of the shipment of {order} is not in the map")
        if refunds and refunds[0]["reason"] != f"P-{order} in {shipments[0]['id']}":
            verdict.lost.append(f"the refund of {order} names {refunds[0]['reason']}")


def _judge(verdict: RouteVerdict, what: str, found: int) -> None:
    if found < 1:
        verdict.lost.append(f"{what}: none")
    elif found > 1:
        verdict.doubled.append(f"{what}: {found}")
