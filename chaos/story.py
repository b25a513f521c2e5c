"""The story of the flows: shops with faults, and a hub between a marketplace, its back office and a shop of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime

from django.utils import timezone

from chaos.compare import compare, refusals
from chaos.hub import Records, make_records
from chaos.people import People
from chaos.play import FAULTS, Result, play, retry_failed
from chaos.shop import ShopFloor
from chaos.verdict import Verdict, open_work
from chaos.workers import Crew
from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.connectors.shop import close_shops
from mageferry.hub.flows import registry, runner
from mageferry.hub.flows.registry import Flow
from mageferry.hub.trade.models import Order, OrderPayment, OrderShipment, OrderStatus, PaymentType
from mageferry.hub.work.models import FlowRun, RunStatus, WorkUnit
from mageferry.sandbox import Sandbox

FAULT_RATE = 0.025
KILL_EVERY_SECONDS = (0.6, 1.6)


def run_seed(seed: int, orders: int, seconds: float) -> Result:
    """`orders` are half the marketplace's and half the shop's own. Ends when all is done, or after `seconds`."""
    crew = Crew(seed)
    with ExitStack() as stack:
        stack.callback(crew.end)
        back_office = stack.enter_context(Sandbox("back-office"))
        storefront = stack.enter_context(Sandbox("storefront"))
        story = FlowStory(back_office, storefront, orders, seed)
        stack.enter_context(closing(story))
        for shop in (back_office, storefront):
            for number, kind in enumerate(FAULTS):
                shop.control.add_fault(kind, rate=FAULT_RATE, seed=seed * 100 + number, path="/V1/")
        return play(story, crew, seed, seconds, KILL_EVERY_SECONDS)


class FlowStory:
    """Export, shipment and refund, and the way back."""

    def __init__(self, back_office: Sandbox, storefront: Sandbox, orders: int, seed: int) -> None:
        self._shops = (back_office, storefront)
        self.records: Records = make_records(back_office, storefront)
        self.merchant, self.counter = ShopFloor(back_office), ShopFloor(storefront)
        for floor in (self.merchant, self.counter):
            floor.stock_up()
        self._placed = _place_orders(storefront, self.counter, orders - orders // 2, seed)
        self.people = People(self.records, self.merchant, self._placed, seed)
        self.people.sell(orders // 2)
        self._calm_at: datetime | None = None

    def close(self) -> None:
        self.merchant.close()
        self.counter.close()
        close_shops()

    def ask(self) -> None:
        for flow, row in self.runs():
            runner.request_run(flow, row)

    def runs(self) -> Iterator[tuple[Flow, Magento2Seller]]:
        """The flows that are switched on, each with the row it is switched on for."""
        for row in (self.records.back_office, self.records.storefront):
            for flow in registry.all_flows():
                if row in runner.rows_of(flow, row.connector):
                    yield flow, row

    def act(self) -> None:
        self.people.act()

    def look(self) -> None:
        # Once all is calm a refusal that was meant is the end: asked for again and again, hundreds of them never rest.
        retry_failed(() if self._calm_at is None else refusals())
        Order.objects.exclude(error="").update(error="", remedy="")

    def calm(self) -> int:
        faults = sum(rule.hits for shop in self._shops for rule in shop.control.faults.rules())
        for shop in self._shops:
            shop.control.clear_faults()
        self._calm_at = timezone.now()
        return faults

    def compare(self) -> Verdict:
        return compare(self.records, self.merchant, self.counter)

    def left(self) -> list[str]:
        """What people wait for: exports, orders taken over, shipments and refunds, and work that isn't done. Once all
        is calm, that each flow ran from its start to its end."""
        work = open_work(runs=runner.RUN_FLOW, refused=refusals(), calm=self._calm_at is not None)
        return [*self._orders_left(), *self._refunds_left(), *work, *self._runs_left()]

    def _orders_left(self) -> Iterator[str]:
        mine = Order.objects.filter(account=self.records.marketplace)
        for order in mine.exclude(status=OrderStatus.SHIPPED):
            yield f"order {order} isn't shipped: {order.get_status_display()} {order.error}"
        own = Order.objects.filter(account=self.records.own_shop, connector_id__in=self._placed)
        known = set(own.values_list("connector_id", flat=True))
        yield from (
            f"order {number} of the shop isn't here" for number in self._placed if number not in known
        )
        yield from (
            f"order {order} waits to be shipped by the marketplace" for order, _ in self.people.to_ship()
        )
        for shipment in OrderShipment.objects.filter(order__in=own, magento=None):
            yield f"a shipment of order {shipment.order} isn't in the shop"
        for order in Order.objects.exclude(error=""):
            yield f"order {order} is parked: {order.error}"

    def _refunds_left(self) -> Iterator[str]:
        told = OrderPayment.objects.filter(payment_type=PaymentType.REFUND).exclude(
            magento__return_created=True
        )
        refused = set(WorkUnit.objects.filter(pk__in=refusals()).values_list("payload__refund", flat=True))
        for refund in told.exclude(pk__in=refused):
            yield f"refund {refund.transaction_id} of order {refund.order} isn't in the shop"

    def _runs_left(self) -> Iterator[str]:
        if self._calm_at is None:
            return
        ended = FlowRun.objects.filter(started_at__gte=self._calm_at, status=RunStatus.FINISHED)
        whole = set(ended.values_list("flow", "scope"))
        for flow, row in self.runs():
            if (flow.name, row.scope) not in whole:
                yield f"{flow.title} of {row} has not run from its start to its end"


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
