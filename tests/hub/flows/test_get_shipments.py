"""Get shipments, against a sandbox shop over HTTP."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from mageferry.hub.connectors.models import (
    Direction,
    Magento2Connector,
    Magento2Seller,
    OrderPartMagento,
    OrdersMagento,
)
from mageferry.hub.flows import runner
from mageferry.hub.flows.export_orders import EXPORT_ORDERS
from mageferry.hub.flows.get_orders import GET_ORDERS
from mageferry.hub.flows.get_shipments import ALL_TRACKS, GET_SHIPMENTS, criteria_for
from mageferry.hub.trade.models import Order, OrderItem, OrderShipment, OrderStatus
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.ledger import skip, try_again
from mageferry.hub.work.marks import mark_of
from mageferry.hub.work.models import Mark, RunStatus, Step, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.sandbox import Sandbox
from mageferry.sandbox.documents import SHIPMENT
from tests.hub.builders import make_account, make_export_row, make_linked_row, make_order
from tests.hub.plain_shop import ask

TRACK = {"track_number": "1Z999", "title": "United Parcel", "carrier_code": "ups"}


@pytest.fixture
def row(back_office_connector: Magento2Connector) -> Magento2Seller:
    row = make_export_row(back_office_connector, make_account())
    Magento2Seller.objects.filter(pk=row.pk).update(get_shipments=True)
    return fresh(row)


def fresh(row: Magento2Seller) -> Magento2Seller:
    return Magento2Seller.objects.select_related("connector", "account").get(pk=row.pk)


def get_shipments(row: Magento2Seller) -> Run:
    return runner.run_flow(GET_SHIPMENTS, fresh(row))


def export(row: Magento2Seller, **lines: int) -> Order:
    """An order of these goods and quantities that is in the shop now."""
    wanted = lines or {"LF-LAMP": 2, "LF-TOWEL": 1}
    order = make_order(
        row.account,
        [{"sku": sku, "price": Decimal(10), "quantity": Decimal(count)} for sku, count in wanted.items()],
    )
    runner.run_flow(EXPORT_ORDERS, fresh(row))
    return Order.objects.select_related("magento").get(pk=order.pk)


def ship(shop: Sandbox, order: Order, tracks: list[dict[str, str]] | None = None, **quantities: int) -> int:
    """Ship in the shop as its people do; everything that is left without quantities."""
    items = [
        {"order_item_id": order.items.get(sku=sku).magento.item_id, "qty": count}
        for sku, count in quantities.items()
    ]
    path = f"/rest/V1/order/{order.magento.entity_id}/ship"
    return int(ask(shop, "POST", path, {"items": items, "tracks": tracks or []}))


def add_track(shop: Sandbox, order: Order, shipment_id: int, **changes: str) -> None:
    entity = {**TRACK, "order_id": order.magento.entity_id, "parent_id": shipment_id, **changes}
    ask(shop, "POST", "/rest/V1/shipment/track", {"entity": entity})


def status_of(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status


def test_a_shipment_arrives_with_items_tracks_and_status(row: Magento2Seller, back_office: Sandbox):
    Magento2Connector.objects.update(courier_map={"UPS Ground": "ups"})
    order = export(row)
    number = ship(back_office, order, [TRACK], **{"LF-LAMP": 1})
    run = get_shipments(row)
    assert (run.read, run.created, run.failed) == (1, 1, 0)
    shipment = OrderShipment.objects.get(order=order)
    assert shipment.carrier == "UPS Ground"
    assert {item.order_item.sku: item.quantity for item in shipment.items.all()} == {"LF-LAMP": 1}
    track = shipment.tracks.get()
    assert (track.number, track.title, track.carrier_code) == ("1Z999", "UPS Ground", "ups")
    assert (shipment.magento.shipment_id, shipment.magento.direction) == (number, Direction.DOWNLOADED)
    assert status_of(order) == OrderStatus.PARTIALLY_SHIPPED
    assert order.items.get(sku="LF-LAMP").quantity_shipped == 1
    newest = order.history.first()
    assert newest is not None
    assert newest.message == "Shipped in Magento: 1 x LF-LAMP. Tracks: 1Z999."
    ship(back_office, order)
    get_shipments(row)
    assert status_of(order) == OrderStatus.SHIPPED
    entry = OrdersMagento.objects.get(order=order)
    assert (len(entry.shipment_id), entry.shipment_created) == (2, True)


def test_the_overlap_reads_again_and_changes_nothing(row: Magento2Seller, back_office: Sandbox):
    order = export(row)
    ship(back_office, order, [TRACK])
    get_shipments(row)
    notes = order.history.count()
    again = get_shipments(row)
    assert (again.read, again.unchanged, again.created, again.updated) == (1, 1, 0, 0)
    assert OrderShipment.objects.count() == 1
    assert order.history.count() == notes


def test_an_unknown_carrier_keeps_its_title(row: Magento2Seller, back_office: Sandbox):
    order = export(row)
    ship(back_office, order, [{**TRACK, "title": "Postman Pat", "carrier_code": "custom"}])
    get_shipments(row)
    shipment = OrderShipment.objects.get(order=order)
    assert (shipment.carrier, shipment.tracks.get().title) == ("Postman Pat", "Postman Pat")


def test_tracks_that_come_later_are_added(row: Magento2Seller, back_office: Sandbox):
    """In Magento neither the shipment's updated_at nor the order's moves when a track is added."""
    order = export(row)
    number = ship(back_office, order)
    get_shipments(row)
    # Days later: the mark has long passed the shipment.
    OrderShipment.objects.update(shipped_at=timezone.now() - dt.timedelta(days=5))
    Mark.objects.update(value=timezone.now() + dt.timedelta(hours=1))
    assert get_shipments(row).unchanged == 1
    add_track(back_office, order, number)
    assert get_shipments(row).updated == 1
    shipment = OrderShipment.objects.get(order=order)
    assert (shipment.carrier, shipment.tracks.get().number) == ("United Parcel", "1Z999")
    # With a track it is asked for once a day only, and an old one without not at all.
    assert get_shipments(row).read == 0
    shipment.tracks.all().delete()
    OrderShipment.objects.update(shipped_at=timezone.now() - dt.timedelta(days=15))
    assert get_shipments(row).read == 0


def test_a_second_track_of_today_is_added_too(row: Magento2Seller, back_office: Sandbox):
    order = export(row)
    number = ship(back_office, order, [TRACK])
    get_shipments(row)
    Mark.objects.update(value=timezone.now() + dt.timedelta(hours=1))
    add_track(back_office, order, number, track_number="1Z1000")
    get_shipments(row)
    assert {track.number for track in OrderShipment.objects.get().tracks.all()} == {"1Z999", "1Z1000"}


def test_a_second_track_of_a_later_day_is_found_within_a_day(row: Magento2Seller, back_office: Sandbox):
    order = export(row)
    number = ship(back_office, order, [TRACK])
    get_shipments(row)
    OrderShipment.objects.update(shipped_at=timezone.now() - dt.timedelta(days=5))
    Mark.objects.filter(flow="get_shipments").update(value=timezone.now() + dt.timedelta(hours=1))
    add_track(back_office, order, number, track_number="1Z1000")
    assert get_shipments(row).read == 0, "all of them were asked for today"
    Mark.objects.filter(flow=ALL_TRACKS).update(value=timezone.now() - dt.timedelta(days=1))
    assert get_shipments(row).updated == 1
    assert {track.number for track in OrderShipment.objects.get().tracks.all()} == {"1Z999", "1Z1000"}
    OrderShipment.objects.update(shipped_at=timezone.now() - dt.timedelta(days=15))
    Mark.objects.filter(flow=ALL_TRACKS).delete()
    assert get_shipments(row).read == 0, "that is longer ago than tracks are waited for"


def test_a_cancelled_order_stays_cancelled(row: Magento2Seller, back_office: Sandbox):
    order = export(row)
    ship(back_office, order)
    Order.objects.update(status=OrderStatus.CANCELLED)
    get_shipments(row)
    assert OrderShipment.objects.exists()
    assert status_of(order) == OrderStatus.CANCELLED


def test_orders_that_the_hub_does_not_know_are_left_alone(row: Magento2Seller, back_office: Sandbox):
    order = export(row)
    ship(back_office, order)
    Order.objects.all().delete()
    run = get_shipments(row)
    assert (run.row.status, run.skipped, run.failed) == (RunStatus.FINISHED, 1, 0)
    assert not WorkUnit.objects.filter(kind="get_shipment").exists()


def test_orders_that_came_from_the_shop_are_left_alone(row: Magento2Seller, back_office: Sandbox):
    order = export(row)
    ship(back_office, order)
    OrdersMagento.objects.update(direction=Direction.DOWNLOADED)
    run = get_shipments(row)
    assert (run.created, run.skipped) == (0, 1)


def test_our_own_shipments_do_not_come_back(storefront_connector: Magento2Connector, storefront: Sandbox):
    """A shop that is a sales channel and a back office: what we shipped there isn't read as news."""
    account = make_account("Harbour Store", "HRB")
    row = make_linked_row(storefront_connector, account)
    Magento2Seller.objects.update(account=account, create_shipments=True, get_shipments=True)
    runner.run_flow(GET_ORDERS, fresh(row))
    entry = OrdersMagento.objects.get(entity_id=18)
    shipment = OrderShipment.objects.create(order=entry.order, shipped_at=timezone.now())
    shipment.items.create(order_item=entry.order.items.get(sku="LF-STOVE"), quantity=1)
    runner.run_flow(runner.flow_named("create-shipments"), fresh(row))
    assert get_shipments(row).created == 0
    assert OrderShipment.objects.get() == shipment


def test_a_row_of_another_account_in_the_same_store_takes_its_own_only(
    row: Magento2Seller, back_office: Sandbox
):
    walmart = make_account("Walmart", "WMT")
    other = make_export_row(row.connector, walmart)
    mine, theirs = export(row), export(other)
    ship(back_office, mine)
    ship(back_office, theirs)
    run = get_shipments(row)
    assert (run.created, run.skipped) == (1, 1)
    assert status_of(theirs) == OrderStatus.READY_FOR_SHIPPING


def test_of_an_order_in_parts_the_first_shipment_ships_the_whole(row: Magento2Seller, back_office: Sandbox):
    order = export(row)
    second = export(row, **{"LF-STOVE": 1})
    # As an export per seller leaves it: the second Magento order holds the third item.
    part = OrderPartMagento.objects.create(
        order=order, magento2_connector=row.connector, magento2_seller=row,
        entity_id=second.magento.entity_id, store_id=row.store_id,
    )  # fmt: skip
    stove = second.items.get()
    OrderItem.objects.filter(pk=stove.pk).update(order=order, position=3)
    ship(back_office, Order.objects.get(pk=second.pk), None)
    second.magento.delete()
    run = get_shipments(row)
    assert run.failures == []
    shipment = OrderShipment.objects.get(order=order)
    assert [item.order_item_id for item in shipment.items.all()] == [stove.pk]
    assert status_of(order) == OrderStatus.SHIPPED
    part.refresh_from_db()
    assert (part.shipment_id, part.shipment_created) == ([shipment.magento.shipment_id], True)
    assert OrdersMagento.objects.get(order=order).shipment_id == []


def broken(shop: Sandbox, shipment_id: int, **changes: Any) -> None:
    """Spoil a shipment as the shop has it."""
    with shop.control.lock:
        document = shop.shop.papers.load(SHIPMENT, shipment_id)
        assert document is not None
        shop.shop.papers.save(SHIPMENT, {**document, **changes})


def test_a_broken_record_is_parked_alone_and_holds_the_mark(row: Magento2Seller, back_office: Sandbox):
    first, second = export(row), export(row)
    bad, good = ship(back_office, first), ship(back_office, second)
    whole = ask(back_office, "GET", f"/rest/V1/shipment/{bad}")["items"]
    broken(back_office, bad, items=[{**whole[0], "order_item_id": 999_999, "sku": "MYSTERY"}])
    run = get_shipments(row)
    assert run.row.status == RunStatus.PARTLY
    assert (run.created, run.failed) == (1, 1)
    assert OrderShipment.objects.get().magento.shipment_id == good
    mark = mark_of(row.scope, "get_shipments")
    assert mark is not None
    assert mark < run.started_at
    unit = WorkUnit.objects.get(kind="get_shipment")
    assert unit.subject == f"Back office shipment {bad}"
    assert "MYSTERY (item 999999), which isn't an item of its order" in unit.reason
    assert unit.remedy
    # Mended in the shop, a person presses Retry.
    broken(back_office, bad, items=whole)
    try_again([unit.pk])
    drain(["get_shipment"])
    unit.refresh_from_db()
    assert unit.status == UnitStatus.FINISHED
    assert status_of(first) == OrderStatus.SHIPPED


def test_a_failed_record_that_is_gone_from_the_shop_is_left(row: Magento2Seller, back_office: Sandbox):
    order = export(row)
    broken(back_office, ship(back_office, order), created_at="yesterday")
    get_shipments(row)
    unit = WorkUnit.objects.get(kind="get_shipment")
    back_office.control.reset()
    try_again([unit.pk])
    drain(["get_shipment"])
    unit.refresh_from_db()
    assert (unit.status, unit.reason) == (UnitStatus.SKIPPED, "The shipment is gone from the shop.")


def test_a_skipped_record_lets_the_mark_pass(row: Magento2Seller, back_office: Sandbox):
    order = export(row)
    broken(back_office, ship(back_office, order), created_at="yesterday")
    get_shipments(row)
    skip([WorkUnit.objects.get(kind="get_shipment").pk], "Not ours.")
    run = get_shipments(row)
    assert run.failed == 0
    assert mark_of(row.scope, "get_shipments") == run.started_at


def test_the_mark_waits_for_an_export_that_is_unclear(row: Magento2Seller, back_office: Sandbox):
    """Its shipments would look like a stranger's until it is known which order it became."""
    order = export(row)
    ship(back_office, order)
    WorkUnit.objects.update(status=UnitStatus.RETRY, step=Step.UNCLEAR, not_before=timezone.now())
    Order.objects.filter(pk=order.pk).update(connector_id=None)
    OrdersMagento.objects.all().delete()
    run = get_shipments(row)
    mark = mark_of(row.scope, "get_shipments")
    assert run.skipped == 1
    assert mark == WorkUnit.objects.get().created_at


@pytest.mark.parametrize("fault", ["error_page", "maintenance", "truncated", "reset"])
def test_a_failing_shop_fails_the_run_in_words_and_keeps_the_mark(
    row: Magento2Seller, back_office: Sandbox, fault: str
):
    order = export(row)
    ship(back_office, order)
    back_office.control.add_fault(fault, path="/V1/shipments")
    run = get_shipments(row)
    assert run.row.status == RunStatus.FAILED
    assert run.row.error
    assert run.row.remedy
    assert mark_of(row.scope, "get_shipments") is None
    back_office.control.clear_faults()
    assert get_shipments(row).created == 1


def test_a_first_run_goes_back_ninety_days_of_the_store(row: Magento2Seller):
    now = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    written = [(each.field, each.condition, each.value) for (each,) in criteria_for(row, None, now).groups]
    assert written == [("updated_at", "from", "2026-08-24 12:00:00"), ("store_id", "eq", "32")]


def test_a_row_without_an_account_is_a_setup_problem(row: Magento2Seller):
    Magento2Seller.objects.update(account=None)
    run = get_shipments(row)
    assert run.row.status == RunStatus.FAILED
    assert "has no account" in run.row.error
