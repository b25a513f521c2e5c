"""The story of the routes: systems with faults at every request, and orders that change meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime

from django.utils import timezone

from chaos.play import FAULTS, Result, play, retry_failed
from chaos.route_compare import compare
from chaos.route_records import make_route_records
from chaos.verdict import Verdict, open_work
from chaos.workers import Crew
from mageferry.hub.pipelines.clients import close_clients
from mageferry.hub.routes.runner import ROUTE_FLOW, RUN_ROUTE, request_run
from mageferry.hub.routes.storages import put_value
from mageferry.hub.work.models import FlowRun, RunStatus
from mageferry.sandbox.examples import Erp, Marketplace

FAULT_RATE = 0.02
# A batch of tasks is longer at work than a write to a shop.
KILL_EVERY_SECONDS = (1.0, 3.0)


def run_seed(seed: int, orders: int, seconds: float) -> Result:
    """`orders` of the marketplace: some get a parcel and a refund, some are cancelled. Ends when all is done."""
    crew = Crew(seed)
    with ExitStack() as stack:
        stack.callback(crew.end)
        market, erp = stack.enter_context(Marketplace()), stack.enter_context(Erp())
        story = RouteStory(market, erp, orders, seed)
        stack.enter_context(closing(story))
        for system, path in ((market, "/v2/"), (erp, "/api/")):
            for number, kind in enumerate(FAULTS):
                system.control.add_fault(kind, rate=FAULT_RATE, seed=seed * 100 + number, path=path)
        return play(story, crew, seed, seconds, KILL_EVERY_SECONDS)


class RouteStory:
    """Marketplace to hub and ERP, and a chain back: parcels that are packed, orders that buyers cancel."""

    def __init__(self, market: Marketplace, erp: Erp, orders: int, seed: int) -> None:
        self._market, self._erp = market, erp
        self._chance = random.Random(f"routes/{seed}")
        self.records = make_route_records(market, erp)
        placed = market.control.add_orders(orders, seed=seed)
        chosen = self._chance.sample(placed, len(placed))
        self._parcels = chosen[: orders // 2]
        self._cancelled = chosen[orders // 2 : orders * 3 // 4]
        self.packed: list[str] = []
        self._calm_at: datetime | None = None

    def close(self) -> None:
        close_clients()

    def ask(self) -> None:
        for route in self.records.routes:
            request_run(route)

    def act(self) -> None:
        for _ in range(self._chance.randint(0, 2)):
            if self._parcels:
                order = self._parcels.pop()
                self.packed.append(order)
                entry = {"key": f"P-{order}", "order": order, "amount": "1.00"}
                put_value(self.records.parcels, entry["key"], entry)
        if self._cancelled and self._chance.random() < 0.3:
            self._market.control.set_state(self._cancelled.pop(), "cancelled")

    def look(self) -> None:
        retry_failed()

    def calm(self) -> int:
        faults = 0
        for system in (self._market, self._erp):
            faults += sum(rule.hits for rule in system.control.faults.rules())
            system.control.clear_faults()
        self._calm_at = timezone.now()
        return faults

    def compare(self) -> Verdict:
        return compare(self.records, self.packed, self._market, self._erp)

    def left(self) -> list[str]:
        """What isn't where it belongs yet, and work that isn't done. Once all is calm, that each route ran from its
        start to its end."""
        verdict = self.compare()
        work = open_work(runs=RUN_ROUTE, calm=self._calm_at is not None)
        return [
            *(f"a parcel of {order} isn't packed" for order in self._parcels),
            *(f"order {order} is about to be cancelled" for order in self._cancelled),
            *verdict.lost, *work, *self._runs_left(),
        ]  # fmt: skip

    def _runs_left(self) -> Iterator[str]:
        if self._calm_at is None:
            return
        ended = FlowRun.objects.filter(started_at__gte=self._calm_at, status=RunStatus.FINISHED)
        whole = set(ended.filter(flow=ROUTE_FLOW).values_list("scope", flat=True))
        for route in self.records.routes:
            if route.scope not in whole:
                yield f"the route {route} has not run from its start to its end"
