"""The comparison at the end of a run names what was planted into a run in which all went well."""

import copy
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx2
import pytest
from django.utils import timezone

from chaos.people import REFUND, TOO_MUCH
from chaos.route_story import RouteStory
from chaos.story import FlowStory
from mageferry.hub.flows import runner
from mageferry.hub.routes.runner import run_once
from mageferry.hub.trade.models import Order, OrderPayment, PaymentType
from mageferry.hub.work.models import Pause, UnitStatus, WorkUnit
from mageferry.sandbox import Sandbox
from mageferry.sandbox.documents import CREDIT_MEMO, SHIPMENT, Paper
from mageferry.sandbox.examples import Erp, Marketplace

# With this one there is a refund on either side, and a wish for more than is left.
SEED = 3


@pytest.fixture
def back_office() -> Iterator[Sandbox]:
    with Sandbox("back-office") as shop:
        yield shop


@pytest.fixture
def story(transactional_db: None, back_office: Sandbox) -> Iterator[FlowStory]:
    """Everybody's work done, with nothing failing and nobody killed."""
    with (
        Sandbox("storefront") as storefront,
        closing(FlowStory(back_office, storefront, orders=4, seed=SEED)) as story,
    ):
        work(story, lambda: [runner.run_flow(flow, row) for flow, row in story.runs()])
        yield story


@pytest.fixture
def market() -> Iterator[Marketplace]:
    with Marketplace() as market:
        yield market


@pytest.fixture
def erp() -> Iterator[Erp]:
    with Erp() as erp:
        yield erp


@pytest.fixture
def route_story(transactional_db: None, market: Marketplace, erp: Erp) -> Iterator[RouteStory]:
    with closing(RouteStory(market, erp, orders=4, seed=1)) as story:
        work(story, lambda: [run_once(route) for route in story.records.routes])
        yield story


def work(story: FlowStory | RouteStory, run: Callable[[], object]) -> None:
    """Rounds of everybody's work, until nobody has anything left to do."""
    story.act()
    while story.left():
        run()
        story.act()


def news_of(story: FlowStory | RouteStory, plant: Callable[[], object]) -> list[str]:
    """What the comparison says after something was planted and didn't say before."""
    before = story.compare().problems
    plant()
    return [problem for problem in story.compare().problems if problem not in before]


def double(shop: Sandbox, paper: Paper, order_id: int) -> None:
    """A second one of the shop's papers of an order, as if a request had gone out twice."""
    with shop.control.lock:
        first = copy.deepcopy(shop.shop.papers.of_order(paper, order_id)[0])
        del first["increment_id"]
        shop.shop.papers.save(paper, shop.shop.papers.number(paper, first, 32, "2026-01-01 00:00:00"))


def fail(unit: WorkUnit, **changes: Any) -> None:
    WorkUnit.objects.filter(pk=unit.pk).update(status=UnitStatus.FAILED, **changes)


def test_a_run_in_which_all_went_well_shows_no_difference(story: FlowStory):
    verdict = story.compare()
    assert story.left() == []
    assert verdict.problems == []
    assert verdict.counts["exported"] == 2
    assert min(verdict.counts.values()) >= 1
    assert verdict.refused >= 1


def test_what_was_lost_is_named(story: FlowStory):
    mine = Order.objects.filter(account=story.records.marketplace)
    first, second = mine.order_by("pk")
    never = {"account": first.account, "marketplace_order_id": "M-000099", "status": "shipped",
             "placed_at": timezone.now()}  # fmt: skip
    assert news_of(story, lambda: Order.objects.create(**never)) == [
        "lost: order M-000099 in the shop: 0 of 1"
    ]
    own = Order.objects.filter(account=story.records.own_shop)
    taken = own.exclude(payments__payment_type=PaymentType.REFUND).filter(shipments=None).first()
    assert taken is not None
    assert news_of(story, taken.delete) == [
        f"lost: order {taken.marketplace_order_id} of the shop in the hub: 0 of 1"
    ]
    shipments = first.shipments.count()
    assert news_of(story, first.shipments.all().delete) == [
        f"doubled: shipments of order {first}: {shipments} instead of 0"
    ]
    mine.filter(pk=second.pk).update(connector_id=None)
    assert f"lost: order {second}: its id in the shop is not known here" in story.compare().problems


def test_what_was_doubled_is_named(story: FlowStory, back_office: Sandbox):
    order = Order.objects.filter(account=story.records.marketplace).order_by("pk")[0]
    shipments, entity_id = order.shipments.count(), order.connector_id or 0
    assert news_of(story, lambda: double(back_office, SHIPMENT, entity_id)) == [
        f"doubled: shipments of order {order}: {shipments + 1} instead of {shipments}"
    ]
    refund = OrderPayment.objects.filter(
        transaction_id__startswith=REFUND, order__account=story.records.marketplace
    ).select_related("order")[0]
    refunds, entity_id = (
        refund.order.payments.filter(magento__return_created=True).count(),
        refund.order.connector_id,
    )
    assert news_of(story, lambda: double(back_office, CREDIT_MEMO, entity_id or 0)) == [
        f"doubled: refunds of order {entity_id} of Market: {refunds + 1} instead of {refunds}"
    ]


def test_a_failure_that_nobody_meant_is_named(story: FlowStory):
    unit = WorkUnit.objects.filter(kind="create_shipment").order_by("pk")[0]
    (told,) = news_of(story, lambda: fail(unit, reason="The shop says no.", remedy="Ask it why."))
    assert told.startswith("unexplained: ")
    assert told.endswith("failed: The shop says no.")
    asked = OrderPayment.objects.filter(transaction_id__startswith=TOO_MUCH)[0]
    meant = WorkUnit.objects.get(kind="create_return", payload__refund=asked.pk)
    (silent,) = news_of(story, lambda: fail(meant, reason=""))
    assert f"{meant.subject}, failed without a word" in silent


def test_work_that_stands_still_is_left(story: FlowStory):
    unit = WorkUnit.objects.filter(kind="create_shipment").order_by("pk")[0]
    WorkUnit.objects.filter(pk=unit.pk).update(status=UnitStatus.RETRY, reason="Later.")
    Pause.objects.create(connector_key="magento2:1", reason="It answers 502", automatic=True)
    assert story.left() == [
        f"unit {unit.pk} create_shipment, {unit.subject}, is still Retry: Later.",
        "magento2:1 is paused: It answers 502",
    ]


def test_once_all_is_calm_every_flow_has_to_run_to_its_end(story: FlowStory):
    story.calm()
    assert any(text.startswith("Export Orders of ") for text in story.left())
    for flow, row in story.runs():
        runner.run_flow(flow, row)
    assert story.left() == []


def test_routes_in_which_all_went_well_show_no_difference(route_story: RouteStory):
    verdict = route_story.compare()
    assert route_story.left() == []
    assert verdict.problems == []
    assert min(verdict.counts.values()) >= 2


def test_what_routes_lost_or_doubled_is_named(route_story: RouteStory, market: Marketplace, erp: Erp):
    order = Order.objects.filter(account=route_story.records.account).order_by("pk")[0]
    name = order.marketplace_order_id
    assert news_of(route_story, order.delete) == [f"lost: order {name} is not in the hub"]

    def sell_again() -> None:
        lines = [{"article": "LF-LAMP", "quantity": 1, "net_price": "32.50"}]
        body = {"reference": name, "customer": {"name": "Ida"}, "lines": lines}
        httpx2.post(f"{erp.url}/api/sales-orders", auth=(erp.username, erp.password), json=body)

    assert news_of(route_story, sell_again) == ["doubled: a sales order was sent twice to the ERP"]
    packed = route_story.packed[0]

    def ship_again() -> None:
        with market.control.lock:
            market.control.state.add_news("shipment", packed, {"carrier": "UPS"})

    assert f"doubled: shipment of {packed}: 2 instead of 1" in news_of(route_story, ship_again)
