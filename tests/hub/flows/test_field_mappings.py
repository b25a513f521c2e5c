"""Field mappings in the flows of shipments, refunds and products, against sandbox shops over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.flows import runner
from mageferry.hub.flows.create_return import CREATE_RETURN
from mageferry.hub.flows.create_shipments import CREATE_SHIPMENTS
from mageferry.hub.flows.export_orders import EXPORT_ORDERS
from mageferry.hub.flows.get_orders import GET_ORDERS
from mageferry.hub.flows.get_products import GET_PRODUCTS
from mageferry.hub.flows.get_shipments import GET_SHIPMENTS
from mageferry.hub.mapping.models import FieldMapping
from mageferry.hub.trade.models import Order, OrderShipment, Product
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.ledger import try_again
from mageferry.hub.work.marks import mark_of, reset_mark
from mageferry.hub.work.models import RunStatus, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.sandbox import Sandbox
from tests.hub.builders import (
    add_mappings,
    make_account,
    make_export_row,
    make_linked_row,
    make_order,
    make_refund,
)
from tests.hub.plain_shop import all_credit_memos, all_orders, ask, shipments_of

TENTS = 37  # an order of the demo storefront with four tents


def run(flow: Any, row: Magento2Seller) -> Run:
    return runner.run_flow(flow, Magento2Seller.objects.select_related("connector", "account").get(pk=row.pk))


def retry(kind: str) -> WorkUnit:
    """A person presses Retry on the one parked unit of this kind."""
    unit = WorkUnit.objects.get(kind=kind, status=UnitStatus.FAILED)
    try_again([unit.pk])
    drain([kind])
    unit.refresh_from_db()
    return unit


@pytest.fixture
def office(back_office_connector: Magento2Connector) -> Magento2Seller:
    """A row whose orders go to the back office, with shipments and refunds."""
    row = make_export_row(back_office_connector, make_account())
    Magento2Seller.objects.filter(pk=row.pk).update(get_shipments=True, create_return=True)
    return row


@pytest.fixture
def exported(office: Magento2Seller) -> Order:
    order = make_order(office.account, [{"sku": "LF-LAMP", "price": Decimal(10), "quantity": Decimal(2)}])
    run(EXPORT_ORDERS, office)
    return Order.objects.get(pk=order.pk)


def ship(shop: Sandbox, order: Order) -> int:
    track = {"track_number": "1Z999", "title": "United Parcel", "carrier_code": "ups"}
    return int(
        ask(shop, "POST", f"/rest/V1/order/{order.connector_id}/ship", {"items": [], "tracks": [track]})
    )


def test_a_shipment_comes_in_with_what_its_rows_find(
    office: Magento2Seller, exported: Order, back_office: Sandbox
):
    add_mappings(
        office.connector, "from_magento",
        ("shipment", "extension_attributes.source_code", "service"),
        ("shipment", "tracks[0].track_number", "carrier", "append"),
    )  # fmt: skip
    ship(back_office, exported)
    assert run(GET_SHIPMENTS, office).created == 1
    shipment = OrderShipment.objects.get()
    assert (shipment.service, shipment.carrier) == ("default", "United Parcel, 1Z999")
    assert run(GET_SHIPMENTS, office).unchanged == 1


def test_a_known_shipment_follows_its_rows_except_those_for_new_ones(
    office: Magento2Seller, exported: Order, back_office: Sandbox
):
    number = ship(back_office, exported)
    run(GET_SHIPMENTS, office)
    add_mappings(
        office.connector, "from_magento",
        ("shipment", "tracks[-1].track_number", "service"),
        ("shipment", "tracks[-1].track_number", "carrier", "if_new"),
    )  # fmt: skip
    later = {"track_number": "1Z1000", "title": "UPS", "carrier_code": "ups"}
    entity = {**later, "order_id": exported.connector_id, "parent_id": number}
    ask(back_office, "POST", "/rest/V1/shipment/track", {"entity": entity})
    assert run(GET_SHIPMENTS, office).updated == 1
    shipment = OrderShipment.objects.get()
    assert (shipment.service, shipment.carrier) == ("1Z1000", "United Parcel")
    newest = exported.history.first()
    assert newest is not None
    assert newest.message == f"Shipment {number}: tracks 1Z1000; service by a field mapping."


def test_a_row_that_does_not_fit_parks_the_shipment_and_holds_the_mark(
    office: Magento2Seller, exported: Order, back_office: Sandbox
):
    add_mappings(office.connector, "from_magento", ("shipment", "tracks[0].title", "shipped_at"))
    ship(back_office, exported)
    first = run(GET_SHIPMENTS, office)
    assert (first.row.status, first.failed) == (RunStatus.PARTLY, 1)
    mark = mark_of(office.scope, "get_shipments")
    assert mark is not None
    assert mark < first.started_at
    unit = WorkUnit.objects.get(kind="get_shipment")
    assert "tracks[0].title -> shipped_at: what it finds is no date with time" in unit.reason
    assert "Preview mappings" in unit.remedy
    FieldMapping.objects.all().delete()
    assert retry("get_shipment").status == UnitStatus.FINISHED
    assert OrderShipment.objects.count() == 1


@pytest.fixture
def sales(storefront_connector: Magento2Connector) -> Magento2Seller:
    """A row whose orders came from the storefront, with shipments and products."""
    row = make_linked_row(storefront_connector, make_account("Harbour Store", "HRB"))
    run(GET_ORDERS, row)
    Magento2Seller.objects.filter(pk=row.pk).update(create_shipments=True, get_products=True, store_code="")
    return Magento2Seller.objects.select_related("connector").get(pk=row.pk)


@pytest.fixture
def parcel(sales: Magento2Seller) -> OrderShipment:
    order = Order.objects.get(magento__entity_id=TENTS)
    shipment = OrderShipment.objects.create(
        order=order, shipped_at=timezone.now(), carrier="DPD", service="Next day"
    )
    shipment.items.create(order_item=order.items.get(sku="LF-TENT-2"), quantity=1)
    shipment.tracks.create(number="0550")
    return shipment


def test_a_shipment_goes_out_with_what_its_rows_find(
    sales: Magento2Seller, parcel: OrderShipment, storefront: Sandbox
):
    add_mappings(
        sales.connector, "to_magento",
        ("shipment", "join(' ', [carrier, service])", "tracks[0].title"),
        ("shipment", "order.account.code == 'HRB' && items[0].sku == 'LF-TENT-2'", "notify"),
    )  # fmt: skip
    assert run(CREATE_SHIPMENTS, sales).created == 1
    (theirs,) = shipments_of(storefront, TENTS)
    assert theirs["tracks"][0]["title"] == "DPD Next day"
    assert theirs["email_sent"] == 1
    unit = WorkUnit.objects.get(kind="create_shipment")
    assert '"title": "DPD Next day"' in unit.request
    assert "Mageferry shipment" in theirs["comments"][0]["comment"], "it is found again by its comment"


def test_an_answer_that_never_came_ships_nothing_twice_with_mappings_either(
    sales: Magento2Seller, parcel: OrderShipment, storefront: Sandbox
):
    add_mappings(sales.connector, "to_magento", ("shipment", "service", "tracks[0].title"))
    storefront.control.add_fault("lost_reply", method="POST", path=f"/V1/order/{TENTS}/ship", count=1)
    run(CREATE_SHIPMENTS, sales)
    WorkUnit.objects.filter(status=UnitStatus.RETRY).update(not_before=None)
    drain(["create_shipment"])
    assert len(shipments_of(storefront, TENTS)) == 1
    parcel.refresh_from_db()
    assert parcel.magento.shipment_id == shipments_of(storefront, TENTS)[0]["entity_id"]


def test_a_row_that_does_not_fit_parks_the_shipment_before_anything_is_sent(
    sales: Magento2Seller, parcel: OrderShipment, storefront: Sandbox
):
    add_mappings(sales.connector, "to_magento", ("shipment", "carrier", "notify.how"))
    assert run(CREATE_SHIPMENTS, sales).failed == 1
    unit = WorkUnit.objects.get(kind="create_shipment")
    assert "carrier -> notify.how: what it finds can't be put there" in unit.reason
    assert unit.remedy.endswith("Then retry the unit of work.")
    assert storefront.control.count_requests("POST", f"/rest/V1/order/{TENTS}/ship") == 0
    FieldMapping.objects.all().delete()
    assert retry("create_shipment").status == UnitStatus.FINISHED


def test_a_refund_goes_out_with_what_its_rows_find(
    office: Magento2Seller, exported: Order, back_office: Sandbox
):
    add_mappings(
        office.connector, "to_magento",
        ("refund", "order.marketplace.code == 'amz'", "notify"),
        ("refund", "`[]`", "arguments.extension_attributes.return_to_stock_items"),
    )  # fmt: skip
    refund = make_refund(exported, "10.00", {1: 1}, back_to_stock=True)
    assert run(CREATE_RETURN, office).created == 1
    (memo,) = all_credit_memos(back_office)
    assert (memo["grand_total"], memo["email_sent"]) == (10, 1)
    unit = WorkUnit.objects.get(kind="create_return")
    assert '"notify": true' in unit.request
    assert "return_to_stock_items" not in unit.request, "this shop counts its stock by hand"
    refund.refresh_from_db()
    assert refund.magento.return_id == memo["entity_id"]


def test_a_place_that_the_shop_does_not_know_is_refused_in_its_words(
    office: Magento2Seller, exported: Order, back_office: Sandbox
):
    add_mappings(
        office.connector, "to_magento", ("refund", "currency", "arguments.extension_attributes.acme_reason")
    )
    make_refund(exported, "10.00", {1: 1})
    assert run(CREATE_RETURN, office).failed == 1
    unit = WorkUnit.objects.get(kind="create_return")
    assert '"AcmeReason" is not supported' in unit.reason
    assert '"acme_reason": "USD"' in unit.request
    assert all_credit_memos(back_office) == []


def test_a_row_that_does_not_fit_parks_the_refund(
    office: Magento2Seller, exported: Order, back_office: Sandbox
):
    add_mappings(office.connector, "to_magento", ("refund", "currency", "arguments.acme[2]"))
    refund = make_refund(exported, "10.00", {1: 1})
    assert run(CREATE_RETURN, office).failed == 1
    unit = WorkUnit.objects.get(kind="create_return")
    assert "acme[2]: what it finds can't be put there: the list has only 0 entries" in unit.reason
    refund.refresh_from_db()
    assert refund.magento.error == unit.reason
    assert all_credit_memos(back_office) == []
    FieldMapping.objects.all().delete()
    assert retry("create_return").status == UnitStatus.FINISHED
    assert len(all_credit_memos(back_office)) == 1


def test_products_come_in_with_what_their_rows_find(sales: Magento2Seller, storefront: Sandbox):
    add_mappings(
        sales.connector, "from_magento",
        ("product", "custom_attributes[?attribute_code=='color'].value | [0]", "attributes.colour"),
        ("product", "join(' ', [name, sku])", "name", "if_new"),
        ("product", "visibility == `4`", "active"),
        ("product", "weight || `1.5`", "weight", "if_empty"),
    )  # fmt: skip
    first = run(GET_PRODUCTS, sales)
    assert first.failed == 0
    shirt = Product.objects.get(sku="LF-SHIRT-Moss-M")
    assert (shirt.magento.get().attributes, shirt.active) == ({"colour": "21"}, False)
    lamp = Product.objects.get(sku="LF-LAMP")
    assert (lamp.name, lamp.active, lamp.weight) == ("Rechargeable Camp Lamp LF-LAMP", True, Decimal("0.4"))
    reset_mark(sales.scope, "get_products")
    assert run(GET_PRODUCTS, sales).unchanged == first.read


def test_what_is_for_new_products_stays_on_those_that_the_hub_has(sales: Magento2Seller, storefront: Sandbox):
    add_mappings(
        sales.connector, "from_magento",
        ("product", "join(' ', [name, sku])", "name", "if_new"),
        ("product", "name", "attributes.first_name", "if_new"),
        ("product", "name", "attributes.name_now"),
    )  # fmt: skip
    run(GET_PRODUCTS, sales)
    storefront.control.touch_product("LF-LAMP", {"name": "Camp Light", "price": 35})
    assert run(GET_PRODUCTS, sales).updated == 1
    lamp = Product.objects.get(sku="LF-LAMP")
    assert (lamp.name, lamp.price) == ("Rechargeable Camp Lamp LF-LAMP", 35)
    assert lamp.magento.get().attributes == {
        "first_name": "Rechargeable Camp Lamp",
        "name_now": "Camp Light",
    }


def test_a_row_that_does_not_fit_parks_its_product_only(sales: Magento2Seller, storefront: Sandbox):
    add_mappings(
        sales.connector, "from_magento",
        ("product", "custom_attributes[?attribute_code=='size'].attribute_code | [0]", "price"),
    )  # fmt: skip
    first = run(GET_PRODUCTS, sales)
    assert first.row.status == RunStatus.PARTLY
    assert first.created == Product.objects.count() > 10
    assert first.failed == WorkUnit.objects.filter(kind="get_product").count() > 0
    unit = WorkUnit.objects.filter(kind="get_product").first()
    assert unit is not None
    assert "what it finds is no number: 'size'" in unit.reason
    FieldMapping.objects.all().delete()
    try_again(WorkUnit.objects.filter(kind="get_product").values_list("pk", flat=True))
    drain(["get_product"])
    assert not WorkUnit.objects.filter(kind="get_product").exclude(status=UnitStatus.FINISHED).exists()
    assert Product.objects.count() == first.read


def test_only_rows_for_products_make_the_answers_larger(sales: Magento2Seller, storefront: Sandbox):
    run(GET_PRODUCTS, sales)
    asked = [each.query for each in storefront.control.requests() if each.path.endswith("/V1/products")]
    add_mappings(sales.connector, "from_magento", ("product", "name", "attributes.shown"))
    storefront.control.clear_requests()
    # A new row has all products read again.
    assert run(GET_PRODUCTS, sales).read > 10
    again = [each.query for each in storefront.control.requests() if each.path.endswith("/V1/products")]
    assert all("fields=" in query for query in asked)
    assert not any("fields=" in query for query in again)


def test_orders_are_untouched_by_rows_for_other_records(office: Magento2Seller, back_office: Sandbox):
    add_mappings(office.connector, "to_magento", ("shipment", "carrier", "extension_attributes.carrier"))
    make_order(office.account)
    run(EXPORT_ORDERS, office)
    (theirs,) = all_orders(back_office)
    assert "carrier" not in theirs["extension_attributes"]
