"""Create shipments, against a sandbox shop over HTTP: each once, whatever becomes of the answer."""

import datetime as dt
import itertools
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from mageferry.hub.connectors.models import (
    Direction,
    Magento2Connector,
    Magento2Seller,
    OrderShipmentMagento,
    OrdersMagento,
)
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows import runner
from mageferry.hub.flows.create_shipments import CREATE_SHIPMENTS, intent_for
from mageferry.hub.flows.get_orders import GET_ORDERS
from mageferry.hub.flows.shipment_export import marker_of
from mageferry.hub.trade.models import HistoryOutcome, Order, OrderShipment, OrderStatus
from mageferry.hub.work import ledger
from mageferry.hub.work.dispatch import Worker, drain
from mageferry.hub.work.models import RunStatus, Step, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_linked_row
from tests.hub.plain_shop import ask, shipments_of

# Orders of the demo storefront, all in processing, nothing shipped of them.
SHIRTS_TENTS_STOVES = 18  # 3 configurable shirts, 3 tents, 2 stoves
KIT_AND_TENTS = 37  # a bundle of stove, pot set and two mugs; 4 tents
KIT = "LF-COOK-KIT"
_hours = itertools.count()


@pytest.fixture
def row(storefront_connector: Magento2Connector) -> Magento2Seller:
    """The storefront's orders are in the hub; their shipments are to be created."""
    row = make_linked_row(storefront_connector, make_account("Harbour Store", "HRB"))
    runner.run_flow(GET_ORDERS, fresh(row))
    Magento2Seller.objects.filter(pk=row.pk).update(create_shipments=True)
    return fresh(row)


def fresh(row: Magento2Seller) -> Magento2Seller:
    return Magento2Seller.objects.select_related("connector", "account").get(pk=row.pk)


def create_shipments(row: Magento2Seller) -> Run:
    return runner.run_flow(CREATE_SHIPMENTS, fresh(row))


def order_of(entity_id: int) -> Order:
    return Order.objects.get(magento__entity_id=entity_id)


def add_shipment(entity_id: int, number: str = "", **changes: Any) -> OrderShipment:
    """A shipment of the hub; quantities by SKU, blanks in them written as they are. Later ones left later."""
    quantities: dict[str, str] = changes.pop("items")
    left_at = dt.datetime(2026, 11, 20, tzinfo=dt.UTC) + dt.timedelta(hours=next(_hours))
    shipment = OrderShipment.objects.create(
        order=order_of(entity_id), shipped_at=left_at, **{"carrier": "UPS Ground", **changes}
    )
    for sku, quantity in quantities.items():
        shipment.items.create(order_item=shipment.order.items.get(sku=sku), quantity=Decimal(quantity))
    if number:
        shipment.tracks.create(number=number)
    return shipment


def retry_now() -> None:
    """Let waiting retries be due at once, as time passing does."""
    WorkUnit.objects.filter(status=UnitStatus.RETRY).update(not_before=None)
    drain(["create_shipment"])


def ships_asked(shop: Sandbox) -> int:
    """How often the shop was asked to ship something."""
    return sum(entry.path.endswith("/ship") for entry in shop.control.requests())


def contents(shipment: dict[str, Any]) -> dict[str, float]:
    return {item["sku"]: item["qty"] for item in shipment["items"]}


def test_a_shipment_arrives_with_its_items_and_tracks(row: Magento2Seller, storefront: Sandbox):
    Magento2Connector.objects.update(courier_map={"ups ground": "ups"})
    shipment = add_shipment(SHIRTS_TENTS_STOVES, "1Z77", items={"LF-TENT-2": "2", "LF-SHIRT-Slate-L": "1"})
    shipment.tracks.create(number=" ", title="Not there yet")
    run = create_shipments(row)
    assert (run.created, run.failed) == (1, 0)
    (theirs,) = shipments_of(storefront, SHIRTS_TENTS_STOVES)
    assert contents(theirs) == {"LF-TENT-2": 2, "LF-SHIRT-Slate-L": 1}
    assert [(t["track_number"], t["title"], t["carrier_code"]) for t in theirs["tracks"]] == [
        ("1Z77", "UPS Ground", "ups")
    ]
    assert not theirs.get("email_sent")
    assert theirs["comments"][0]["is_visible_on_front"] == 0
    entry = OrdersMagento.objects.select_related("order").get(entity_id=SHIRTS_TENTS_STOVES)
    assert (entry.shipment_id, entry.shipment_created) == ([theirs["entity_id"]], False)
    assert entry.order.status == OrderStatus.PARTIALLY_SHIPPED
    assert {item.sku: item.quantity_shipped for item in entry.order.items.all()} == {
        "LF-TENT-2": 2, "LF-SHIRT-Slate-L": 1, "LF-STOVE": 0,
    }  # fmt: skip
    link = OrderShipmentMagento.objects.get(order_shipment=shipment)
    assert (link.shipment_id, link.direction) == (theirs["entity_id"], Direction.EXPORTED)
    newest = entry.order.history.first()
    assert newest is not None
    assert (newest.flow, newest.outcome) == ("create_shipments", HistoryOutcome.DONE)
    assert newest.ids == {"shipment": shipment.pk, "shipment_id": theirs["entity_id"]}


def test_shipment_created_is_set_when_nothing_is_left(row: Magento2Seller, storefront: Sandbox):
    add_shipment(SHIRTS_TENTS_STOVES, items={"LF-TENT-2": "3", "LF-STOVE": "1"})
    add_shipment(SHIRTS_TENTS_STOVES, items={"LF-SHIRT-Slate-L": "3", "LF-STOVE": "1"})
    run = create_shipments(row)
    assert (run.created, run.failed) == (2, 0)
    entry = OrdersMagento.objects.get(entity_id=SHIRTS_TENTS_STOVES)
    assert entry.shipment_created
    assert entry.shipment_id == [each["entity_id"] for each in shipments_of(storefront, SHIRTS_TENTS_STOVES)]
    assert order_of(SHIRTS_TENTS_STOVES).status == OrderStatus.SHIPPED
    # A second run finds nothing to do.
    storefront.control.clear_requests()
    assert create_shipments(row).read == 0
    assert ships_asked(storefront) == 0


def test_the_row_decides_on_notification_and_warehouse(row: Magento2Seller, storefront: Sandbox):
    sources = ask(storefront, "GET", "/rest/V1/inventory/sources?searchCriteria=")["items"]
    code = sources[-1]["source_code"]
    Magento2Seller.objects.update(sent_customer_notification=True, warehouse_code=code)
    add_shipment(SHIRTS_TENTS_STOVES, items={"LF-STOVE": "1"})
    create_shipments(row)
    (theirs,) = shipments_of(storefront, SHIRTS_TENTS_STOVES)
    assert theirs["email_sent"] == 1
    assert theirs["extension_attributes"]["source_code"] == code


@pytest.mark.parametrize("code", ["", "--", " -- "])
def test_no_warehouse_sends_no_source(row: Magento2Seller, storefront: Sandbox, code: str):
    Magento2Seller.objects.update(warehouse_code=code)
    add_shipment(SHIRTS_TENTS_STOVES, items={"LF-STOVE": "1"})
    create_shipments(row)
    assert "arguments" not in WorkUnit.objects.get(kind="create_shipment").request
    assert len(shipments_of(storefront, SHIRTS_TENTS_STOVES)) == 1


def test_a_bundle_is_shipped_by_its_own_item(row: Magento2Seller, storefront: Sandbox):
    add_shipment(KIT_AND_TENTS, items={"LF-STOVE": "1", "LF-POT-SET": "1", "LF-MUG/ENAMEL": "2"})
    run = create_shipments(row)
    assert run.failures == []
    (theirs,) = shipments_of(storefront, KIT_AND_TENTS)
    assert contents(theirs) == {KIT: 1}
    order = order_of(KIT_AND_TENTS)
    assert order.items.get(sku="LF-MUG/ENAMEL").quantity_shipped == 2
    assert order.status == OrderStatus.PARTIALLY_SHIPPED


def test_a_part_of_a_bundle_that_ships_as_a_whole_is_refused_here(row: Magento2Seller, storefront: Sandbox):
    add_shipment(KIT_AND_TENTS, items={"LF-STOVE": "1", "LF-TENT-2": "1"})
    (failure,) = create_shipments(row).failures
    assert "LF-COOK-KIT as a whole only (1 x LF-STOVE, 1 x LF-POT-SET, 2 x LF-MUG/ENAMEL)" in failure
    assert shipments_of(storefront, KIT_AND_TENTS) == []


def test_a_bundle_that_ships_separately_goes_in_parts(row: Magento2Seller, storefront: Sandbox):
    separately = {"custom_attributes": [{"attribute_code": "shipment_type", "value": "1"}]}
    ask(storefront, "PUT", f"/rest/all/V1/products/{KIT}", {"product": {"sku": KIT, **separately}})
    add_shipment(KIT_AND_TENTS, items={"LF-STOVE": "1", "LF-TENT-2": "1"})
    add_shipment(KIT_AND_TENTS, items={"LF-POT-SET": "1", "LF-MUG/ENAMEL": "2", "LF-TENT-2": "3"})
    run = create_shipments(row)
    assert run.failures == []
    first, second = shipments_of(storefront, KIT_AND_TENTS)
    assert contents(first)["LF-STOVE"] == contents(first)["LF-TENT-2"] == 1
    assert contents(second)["LF-MUG/ENAMEL"] == 2
    assert OrdersMagento.objects.get(entity_id=KIT_AND_TENTS).shipment_created


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ({"LF-STOVE": "3"}, "3 x LF-STOVE to ship, 2 left of 2"),
        ({"LF-STOVE": "0.5"}, "LF-STOVE is sold in whole units, not 0.5"),
    ],
)
def test_what_magento_would_cut_without_a_word_is_refused_here(
    row: Magento2Seller, storefront: Sandbox, items: dict[str, str], words: str
):
    wrong = add_shipment(SHIRTS_TENTS_STOVES, items=items)
    right = add_shipment(SHIRTS_TENTS_STOVES, items={"LF-TENT-2": "1"})
    run = create_shipments(row)
    assert run.row.status == RunStatus.PARTLY
    assert (run.created, run.failed) == (1, 1)
    unit = WorkUnit.objects.get(dedup_key=f"create_shipment:{wrong.pk}")
    assert (unit.status, unit.step) == (UnitStatus.FAILED, Step.INTENT)
    assert words in unit.reason
    assert unit.remedy
    assert words in wrong.order.history.get(outcome=HistoryOutcome.FAILED).message
    (theirs,) = shipments_of(storefront, SHIRTS_TENTS_STOVES)
    assert theirs["entity_id"] == right.magento.shipment_id


def test_a_refused_shipment_waits_until_a_person_changes_it(row: Magento2Seller, storefront: Sandbox):
    shipment = add_shipment(SHIRTS_TENTS_STOVES, items={"LF-STOVE": "3"})
    create_shipments(row)
    storefront.control.clear_requests()
    again = create_shipments(row)
    assert (again.failed, again.skipped) == (0, 1)
    assert storefront.control.count_requests() == 0
    shipment.items.update(quantity=2)
    assert create_shipments(row).created == 1


def test_nothing_left_and_foreign_items_are_told_apart(row: Magento2Seller, storefront: Sandbox):
    ask(storefront, "POST", f"/rest/V1/order/{SHIRTS_TENTS_STOVES}/ship", {})
    add_shipment(SHIRTS_TENTS_STOVES, items={"LF-STOVE": "1"})
    stranger = add_shipment(KIT_AND_TENTS, items={"LF-TENT-2": "1"})
    stranger.order.items.get(sku="LF-TENT-2").magento.delete()
    reasons = " ".join(create_shipments(row).failures)
    assert "nothing is left to ship of the order" in reasons
    assert "LF-TENT-2 isn't an item of this order in Magento" in reasons
    assert len(shipments_of(storefront, SHIRTS_TENTS_STOVES)) == 1
    assert shipments_of(storefront, KIT_AND_TENTS) == []


def test_a_shipment_without_items_is_not_ready(row: Magento2Seller, storefront: Sandbox):
    add_shipment(SHIRTS_TENTS_STOVES, "1Z1", items={})
    assert create_shipments(row).expected == 0
    assert shipments_of(storefront, SHIRTS_TENTS_STOVES) == []


def test_the_shop_refuses_with_its_words_and_what_to_do(row: Magento2Seller, storefront: Sandbox):
    Magento2Seller.objects.update(warehouse_code="nowhere")
    shipment = add_shipment(SHIRTS_TENTS_STOVES, items={"LF-STOVE": "1"})
    create_shipments(row)
    unit = WorkUnit.objects.get(kind="create_shipment")
    assert unit.reason == "Could not save a shipment, see error log for details"
    assert "Warehouse Code" in unit.remedy
    assert not OrderShipmentMagento.objects.exists()
    # Mended elsewhere: a person presses Retry.
    Magento2Seller.objects.update(warehouse_code="")
    ledger.try_again([unit.pk])
    drain(["create_shipment"])
    assert shipment.magento.shipment_id == shipments_of(storefront, SHIRTS_TENTS_STOVES)[0]["entity_id"]


@pytest.mark.parametrize(
    "fault",
    [
        "lost_reply",
        "reset_after",
        "truncated",
        "reset",
        "empty_ok",
        "internal_error",
        "error_page",
        "error_page_ok",
        "bad_gateway",
    ],
)
def test_an_answer_that_never_came_never_ships_twice(row: Magento2Seller, storefront: Sandbox, fault: str):
    shipment = add_shipment(SHIRTS_TENTS_STOVES, "1Z1", items={"LF-TENT-2": "1"})
    storefront.control.add_fault(fault, method="POST", path="/ship", count=1)
    create_shipments(row)
    retry_now()
    (theirs,) = shipments_of(storefront, SHIRTS_TENTS_STOVES)
    assert contents(theirs) == {"LF-TENT-2": 1}
    assert OrderShipmentMagento.objects.get().shipment_id == theirs["entity_id"]
    assert WorkUnit.objects.get(kind="create_shipment").status == UnitStatus.FINISHED
    assert shipment.order.items.get(sku="LF-TENT-2").quantity_shipped == 1


def test_an_unclear_answer_is_given_time_before_anything_is_sent_again(
    row: Magento2Seller, storefront: Sandbox
):
    add_shipment(SHIRTS_TENTS_STOVES, items={"LF-TENT-2": "1"})
    storefront.control.add_fault("internal_error", method="POST", path="/ship", count=1)
    before = timezone.now()
    create_shipments(row)
    unit = WorkUnit.objects.get(kind="create_shipment")
    assert (unit.status, unit.step) == (UnitStatus.RETRY, Step.UNCLEAR)
    assert unit.not_before is not None
    assert unit.not_before >= before + dt.timedelta(seconds=60)


@pytest.mark.parametrize("arrived", [True, False])
def test_a_worker_that_died_after_sending_is_followed_by_one_that_looks_first(
    row: Magento2Seller, storefront: Sandbox, arrived: bool
):
    shipment = add_shipment(SHIRTS_TENTS_STOVES, items={"LF-TENT-2": "3"})
    ledger.write_intents([intent_for(shipment, row)])
    (held,) = ledger.claim("worker that dies", kinds=["create_shipment"])
    ledger.record_step(held, Step.SENDING, request="POST")
    if arrived:
        tents = shipment.order.items.get(sku="LF-TENT-2").magento.item_id
        with open_shop(row.connector) as shop:
            shop.orders.ship(SHIRTS_TENTS_STOVES, {tents: 3}, comment=marker_of(shipment, row))
    # kill -9 here: nothing more is written, the lease runs out.
    WorkUnit.objects.update(lease_expires_at="2020-01-01T00:00:00Z")
    storefront.control.clear_requests()
    drain(["create_shipment"])
    assert ships_asked(storefront) == 0
    retry_now()
    (theirs,) = shipments_of(storefront, SHIRTS_TENTS_STOVES)
    assert OrderShipmentMagento.objects.get().shipment_id == theirs["entity_id"]


def test_the_late_worker_writes_nothing_any_more(row: Magento2Seller, storefront: Sandbox):
    shipment = add_shipment(SHIRTS_TENTS_STOVES, items={"LF-TENT-2": "1"})
    ledger.write_intents([intent_for(shipment, row)])
    (late,) = ledger.claim("late", kinds=["create_shipment"])
    WorkUnit.objects.update(lease_expires_at="2020-01-01T00:00:00Z")
    ledger.claim("now", kinds=["create_shipment"])
    with pytest.raises(ledger.LeaseLost):
        ledger.record_step(late, Step.SENDING)
    assert shipments_of(storefront, SHIRTS_TENTS_STOVES) == []
    assert not OrderShipmentMagento.objects.exists()


def test_four_workers_make_one_shipment_each_also_of_one_order(row: Magento2Seller, storefront: Sandbox):
    shipments = [add_shipment(SHIRTS_TENTS_STOVES, items={sku: "1"}) for sku in ("LF-TENT-2", "LF-STOVE") * 2]
    shipments += [add_shipment(KIT_AND_TENTS, f"T{number}", items={"LF-TENT-2": "1"}) for number in range(4)]
    ledger.write_intents([intent_for(shipment, row) for shipment in shipments])
    workers = [Worker(kinds=["create_shipment"], threads=2) for _ in range(4)]
    threads = [threading.Thread(target=worker.run, kwargs={"until_idle": True}) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (
        len(shipments_of(storefront, SHIRTS_TENTS_STOVES))
        == len(shipments_of(storefront, KIT_AND_TENTS))
        == 4
    )
    assert ships_asked(storefront) == len(shipments)
    for entity_id in (SHIRTS_TENTS_STOVES, KIT_AND_TENTS):
        theirs = {each["entity_id"] for each in shipments_of(storefront, entity_id)}
        assert set(OrdersMagento.objects.get(entity_id=entity_id).shipment_id) == theirs


def test_while_one_shipment_is_unclear_the_next_of_its_order_waits(row: Magento2Seller, storefront: Sandbox):
    add_shipment(SHIRTS_TENTS_STOVES, "A", items={"LF-TENT-2": "2"})
    add_shipment(SHIRTS_TENTS_STOVES, "B", items={"LF-TENT-2": "1"})
    other = add_shipment(KIT_AND_TENTS, "C", items={"LF-TENT-2": "1"})
    storefront.control.add_fault(
        "internal_error", method="POST", path=f"order/{SHIRTS_TENTS_STOVES}/ship", count=1
    )
    run = create_shipments(row)
    assert (run.created, run.failed, run.skipped) == (1, 1, 1)
    assert other.magento.shipment_id
    retry_now()
    assert create_shipments(row).created == 1
    theirs = shipments_of(storefront, SHIRTS_TENTS_STOVES)
    assert [each["tracks"][0]["track_number"] for each in theirs] == ["A", "B"]


def test_a_shop_that_is_away_parks_nothing(row: Magento2Seller, storefront: Sandbox):
    add_shipment(SHIRTS_TENTS_STOVES, items={"LF-TENT-2": "1"})
    storefront.control.add_fault("maintenance")
    create_shipments(row)
    assert WorkUnit.objects.get(kind="create_shipment").status == UnitStatus.RETRY
    storefront.control.clear_faults()
    retry_now()
    assert len(shipments_of(storefront, SHIRTS_TENTS_STOVES)) == 1


def test_switches_are_looked_at_again_by_each_unit(row: Magento2Seller, storefront: Sandbox):
    shipment = add_shipment(SHIRTS_TENTS_STOVES, items={"LF-TENT-2": "1"})
    ledger.write_intents([intent_for(shipment, row)])
    Magento2Seller.objects.update(create_shipments=False)
    storefront.control.clear_requests()
    drain(["create_shipment"])
    unit = WorkUnit.objects.get(kind="create_shipment")
    assert unit.status == UnitStatus.FAILED
    assert unit.remedy.startswith("Switch on Create Shipments on the row")
    assert storefront.control.requests() == []
    Magento2Seller.objects.update(create_shipments=True)
    assert create_shipments(row).created == 1


def test_another_hub_on_the_same_shop_has_other_markers(row: Magento2Seller):
    shipment = add_shipment(SHIRTS_TENTS_STOVES, items={"LF-TENT-2": "1"})
    ours = marker_of(shipment, row)
    assert marker_of(shipment, fresh(row)) == ours
    row.connector.callback_key = "another installation's"
    assert marker_of(shipment, row) != ours
    assert "another" not in marker_of(shipment, row)
