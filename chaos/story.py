"""One run: shops with faults, a hub whose workers are killed, people who go on, and the comparison at the end."""

from __future__ import annotations

import random
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from chaos.compare import compare
from chaos.hub import Records, make_records
from chaos.people import People
from chaos.shop import ShopFloor
from chaos.workers import Crew
from mageferry.hub.connectors.shop import close_shops
from mageferry.hub.flows import registry, runner
from mageferry.hub.trade.models import Order, OrderPayment, OrderShipment, OrderStatus, PaymentType
from mageferry.hub.work import operations
from mageferry.hub.work.models import OPEN, UnitStatus, WorkUnit
from mageferry.sandbox import Sandbox

FAULTS = (
    "lost_reply", "reset_after", "truncated", "internal_error", "error_page", "error_page_ok", "empty_ok", "reset",
    "maintenance", "bad_gateway", "too_many_requests", "deadlock", "php_fatal", "database_down", "unauthorized",
)  # fmt: skip
FAULT_RATE = 0.015
WORKERS = 3
ROUND_SECONDS = 0.25
KILL_EVERY_SECONDS = (0.6, 1.6)
QUIET_ROUNDS = 3
ASK_EVERY_SECONDS = 1.0
LOOK_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one seed."""

    seed: int
    verdict: Any
    faults: int
    kills: int
    seconds: float


def run_seed(seed: int, orders: int, seconds: float) -> Result:
    """`orders` are half the marketplace's and half the shop's own. Ends when all is done, or after `seconds`."""
    began = time.monotonic()
    with Sandbox("back-office") as back_office, Sandbox("storefront") as storefront:
        records = make_records(back_office, storefront)
        with closing(ShopFloor(back_office)) as merchant, closing(ShopFloor(storefront)) as counter:
            for floor in (merchant, counter):
                floor.stock_up()
            placed = _place_orders(storefront, counter, orders - orders // 2, seed)
            people = People(records, merchant, placed, seed)
            people.sell(orders // 2)
            kills = _let_it_run(records, people, placed, (back_office, storefront), seed, began + seconds)
            faults = sum(_clear_faults(shop) for shop in (back_office, storefront))
            _finish(records, people)
            verdict = compare(records, merchant, counter)
        close_shops()
    return Result(seed, verdict, faults, kills, time.monotonic() - began)


def _place_orders(storefront: Sandbox, counter: ShopFloor, count: int, seed: int) -> list[int]:
    """Shoppers buy in the shop's store views; the ids of as many orders in the one that the hub reads."""
    placed: list[int] = []
    while len(placed) < count:
        new = set(storefront.control.add_orders(count, seed=seed, status="processing"))
        placed += [
            row["entity_id"] for row in counter.orders() if row["entity_id"] in new and row["store_id"] == 1
        ]
    # Some of them came with a shipment already.
    counter.begin()
    return placed


def _let_it_run(
    records: Records,
    people: People,
    placed: list[int],
    shops: tuple[Sandbox, Sandbox],
    seed: int,
    deadline: float,
) -> int:
    chance = random.Random(f"chaos/{seed}")
    for shop in shops:
        for number, kind in enumerate(FAULTS):
            shop.control.add_fault(kind, rate=FAULT_RATE, seed=seed * 100 + number, path="/V1/")
    crew = Crew(WORKERS, seed)
    ask_at, look_at = 0.0, time.monotonic() + LOOK_EVERY_SECONDS
    quiet, kill_at = 0, time.monotonic() + chance.uniform(*KILL_EVERY_SECONDS)
    try:
        while quiet < QUIET_ROUNDS and time.monotonic() < deadline:
            if time.monotonic() >= ask_at:
                _ask_for_runs(records)
                ask_at = time.monotonic() + ASK_EVERY_SECONDS
            people.act()
            if time.monotonic() >= look_at:
                _retry_failed()
                look_at = time.monotonic() + LOOK_EVERY_SECONDS
            if time.monotonic() >= kill_at:
                crew.kill_one(chance)
                kill_at = time.monotonic() + chance.uniform(*KILL_EVERY_SECONDS)
            time.sleep(ROUND_SECONDS)
            left = _left(records, people, placed)
            quiet = 0 if left else quiet + 1
    finally:
        crew.end()
    return crew.kills


def _ask_for_runs(records: Records) -> None:
    """What the schedules do."""
    for row in (records.back_office, records.storefront):
        for flow in registry.all_flows():
            if row in runner.rows_of(flow, row.connector):
                runner.request_run(flow, row)


def _retry_failed() -> None:
    """A person looks at what failed and has it tried again; an order that was parked is let go on."""
    operations.try_again(list(WorkUnit.objects.filter(status=UnitStatus.FAILED).values_list("pk", flat=True)))
    Order.objects.exclude(error="").update(error="", remedy="")


def _left(records: Records, people: People, placed: list[int]) -> int:
    """What people wait for: exports, shipments both ways, refunds, and work that isn't done. What is parked with a
    reason waits for a person and not for the hub."""
    parked = WorkUnit.objects.filter(status=UnitStatus.FAILED, kind__in=("create_shipment", "create_return"))
    own = Order.objects.filter(account=records.own_shop, connector_id__in=placed)
    told = OrderShipment.objects.filter(order__in=own)
    refunds = OrderPayment.objects.filter(payment_type=PaymentType.REFUND)
    return (
        Order.objects.filter(account=records.marketplace).exclude(status=OrderStatus.SHIPPED).count()
        + len(placed)
        - own.count()
        + len(people.to_ship())
        + told.filter(magento=None).count()
        + refunds.exclude(magento__return_created=True).count()
        - parked.count()
        + WorkUnit.objects.filter(status__in=OPEN).exclude(kind=runner.RUN_FLOW).count()
    )


def _clear_faults(shop: Sandbox) -> int:
    count = sum(rule.hits for rule in shop.control.faults.rules())
    shop.control.clear_faults()
    return count


def _finish(records: Records, people: People) -> None:
    """Nothing fails any more: what is still open gets done, twice over, as the schedules would."""
    for _ in range(3):
        _retry_failed()
        # The shops are quiet: what was unclear has arrived or never will.
        waiting = WorkUnit.objects.filter(status=UnitStatus.RETRY)
        operations.try_again(list(waiting.values_list("pk", flat=True)))
        people.act()
        for row in (records.back_office, records.storefront):
            for flow in registry.all_flows():
                if row in runner.rows_of(flow, row.connector):
                    runner.run_flow(flow, row)
