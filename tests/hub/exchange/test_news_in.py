"""Shipments and refunds that others tell of: for a known order, each taken once."""

from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.exchange import Outcome, RefusedEntity, UnknownSubject, plan_entity, store_entity
from mageferry.hub.trade.models import Account, Order, OrderRefund, OrderShipment
from tests.hub.builders import make_account
from tests.hub.exchange.entities import order_entity, refund_entity, shipment_entity

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    account = make_account()
    store_entity("order", order_entity(), account)
    return account


@pytest.mark.parametrize(("kind", "entity"), [("shipment", shipment_entity()), ("refund", refund_entity())])
def test_told_twice_it_is_taken_once(account: Account, kind: str, entity: dict[str, Any]):
    plan = plan_entity(kind, entity, account)
    assert plan.outcome == Outcome.CREATED
    first = plan.apply()
    assert first.outcome == Outcome.CREATED
    again = plan_entity(kind, entity, account)
    assert (again.outcome, again.apply().outcome) == (Outcome.UNCHANGED, Outcome.UNCHANGED)
    assert (OrderShipment.objects.count(), OrderRefund.objects.count()) in ((1, 0), (0, 1))
    assert Order.objects.get().history.filter(flow="exchange").count() == 2


def test_a_shipment_has_the_items_and_tracks_it_was_told_with(account: Account):
    store_entity("shipment", shipment_entity(), account)
    shipment = OrderShipment.objects.get()
    item = shipment.items.get()
    assert (item.order_item.sku, item.quantity) == ("LAMP-1", 2)
    assert shipment.tracks.get().number == "1Z99"


def test_a_refund_gives_back_items_and_money(account: Account):
    store_entity("refund", refund_entity(), account)
    refund = OrderRefund.objects.get()
    assert (refund.amount, refund.currency, refund.transaction_id) == (Decimal("15.72"), "USD", "R-1")
    returned = refund.refund_items.get()
    assert (returned.order_item.sku, returned.quantity, returned.back_to_stock) == ("LAMP-1", 1, True)


@pytest.mark.parametrize(
    ("kind", "entity", "words"),
    [
        ("shipment", shipment_entity(items=[{"sku": "LAMP-1", "quantity": 3}]), "3 x LAMP-1 to ship, 2 left of 2"),
        ("shipment", shipment_entity(items=[{"marketplace_item_id": "L9", "quantity": 1}]), "order has no item 'L9'"),
        ("shipment", shipment_entity(items=[{"quantity": 1}]), "items[0] names no item"),
        ("refund", refund_entity(amount="46"), "at most 45.60 USD"),
        ("refund", refund_entity(amount="10.005"), "amount must have at most 2 places, not '10.005'"),
        ("refund", refund_entity(currency="eur"), "currency EUR isn't that of order MP-1001, USD"),
        ("refund", refund_entity(items=[{"sku": "TENT", "quantity": 1}]), "items[0]: the order has no SKU 'TENT'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_order_is_refused(
    account: Account, kind: str, entity: dict[str, Any], words: str
):
    with pytest.raises(RefusedEntity) as refused:
        plan_entity(kind, entity, account)
    assert words in refused.value.reason


def test_another_one_with_the_same_id_is_refused(account: Account):
    store_entity("shipment", shipment_entity(), account)
    store_entity("refund", refund_entity(), account)
    with pytest.raises(RefusedEntity, match="with other items or tracks"):
        store_entity("shipment", shipment_entity(tracks=[{"number": "OTHER"}]), account)
    with pytest.raises(RefusedEntity, match="is another one"):
        store_entity("refund", refund_entity(amount="1"), account)


@pytest.mark.parametrize("kind", ["shipment", "refund"])
def test_news_of_an_order_that_is_not_there_yet_wait_for_it(account: Account, kind: str):
    entity = shipment_entity() if kind == "shipment" else refund_entity()
    with pytest.raises(UnknownSubject, match="has no order MP-2"):
        plan_entity(kind, {**entity, "marketplace_order_id": "MP-2"}, account)


def test_what_changed_between_plan_and_apply_is_looked_at_again(account: Account):
    both = plan_entity("shipment", shipment_entity(), account)
    store_entity("shipment", shipment_entity(remote_id="S-2"), account)
    with pytest.raises(RefusedEntity, match="0 left of 2"):
        both.apply()
    assert OrderShipment.objects.count() == 1
