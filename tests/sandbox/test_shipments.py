"""Shipping orders: what is shipped, from where, and every way it is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.samples import Row, place

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

LAMP = Row("LF-LAMP", 3, 10)
MUG = Row("LF-MUG/ENAMEL", 2, 5)
NOT_SAVED = "Could not save a shipment, see error log for details"
NO_PRODUCTS = "You can't create a shipment without products."
TRACK = {"track_number": "DJ100", "title": "Courier Post", "carrier_code": "custom"}


def read(client: Client, number: int) -> Any:
    return client.get(f"/rest/V1/shipment/{number}").json


def stock(client: Client, sku: str, source_code: str = "au_online") -> float:
    found = client.list(
        "/rest/V1/inventory/source-items", ("sku", sku, "eq"), ("source_code", source_code, "eq")
    )
    return float(found.json["items"][0]["quantity"])


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": None}])
def test_nothing_named_ships_everything(back_office: Client, body: dict[str, Any]) -> None:
    order = place(back_office, LAMP, MUG)
    shipment = read(back_office, order.do("ship", **body))
    assert [(item["sku"], item["qty"]) for item in shipment["items"]] == [
        ("LF-LAMP", 3),
        ("LF-MUG/ENAMEL", 2),
    ]
    assert shipment["total_qty"] == 5


def test_too_many_units_are_cut_to_what_is_left(back_office: Client) -> None:
    order = place(back_office, LAMP)
    order.do("ship", items=[order.units(0, 1)])
    shipment = read(back_office, order.do("ship", items=[order.units(0, 99), order.units(0, 50)]))
    assert shipment["items"][0]["qty"] == 2


def test_a_shipment_takes_from_the_source_of_the_store(back_office: Client) -> None:
    order = place(back_office, LAMP)
    before = stock(back_office, "LF-LAMP")
    shipment = read(back_office, order.do("ship", items=[order.units(0, 2)]))
    assert shipment["extension_attributes"] == {"source_code": "au_online"}
    assert stock(back_office, "LF-LAMP") == before - 2
    named = {"extension_attributes": {"source_code": "us_online"}}
    other = read(back_office, order.do("ship", arguments=named))
    assert other["extension_attributes"] == {"source_code": "us_online"}


def test_tracks_come_with_a_shipment_or_later(back_office: Client) -> None:
    order = place(back_office, LAMP)
    number = order.do("ship", items=[order.units(0, 1)], tracks=[TRACK])
    added = {"entity": {**TRACK, "order_id": order.order_id, "parent_id": number, "track_number": "DJ101"}}
    reply = back_office.post("/rest/V1/shipment/track", added)
    assert reply.json["parent_id"] == number
    shown = read(back_office, number)["tracks"]
    assert [track["track_number"] for track in shown] == ["DJ100", "DJ101"]
    assert back_office.send("DELETE", f"/rest/V1/shipment/track/{shown[0]['entity_id']}").json is True
    assert back_office.send("DELETE", "/rest/V1/shipment/track/99999").json is True
    assert [track["track_number"] for track in read(back_office, number)["tracks"]] == ["DJ101"]
    foreign = {"entity": {**TRACK, "order_id": order.order_id + 1, "parent_id": number}}
    assert back_office.post("/rest/V1/shipment/track", foreign).status == 400


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"tracks": [{"track_number": "1"}]}, NOT_SAVED),
        ({"arguments": {"extension_attributes": {"source_code": "nowhere"}}}, NOT_SAVED),
        ({"comment": "text instead of an object"}, NOT_SAVED),
        ({"tracks": [{**TRACK, "track_number": ""}]}, "Please enter a tracking number."),
        ({"items": [{"order_item_id": 999999, "qty": 1}]}, NO_PRODUCTS),
    ],
)
def test_what_refuses_a_shipment(back_office: Client, body: dict[str, Any], text: str) -> None:
    order = place(back_office, LAMP)
    before = stock(back_office, "LF-LAMP")
    reply = order.ask("ship", **body)
    assert (reply.status, reply.json["message"].rsplit("\n")[-1]) == (400, text)
    assert stock(back_office, "LF-LAMP") == before
    assert order.read()["items"][0]["qty_shipped"] == 0


@pytest.mark.parametrize("quantity", [0, -1, 0.5])
def test_no_whole_unit_is_no_product(back_office: Client, quantity: float) -> None:
    order = place(back_office, LAMP)
    reply = order.ask("ship", items=[order.units(0, quantity)])
    assert reply.json == {"message": f"Shipment Document Validation Error(s):\n{NO_PRODUCTS}"}


def test_more_than_a_source_has_is_refused_and_uses_up_an_id(back_office: Client) -> None:
    order = place(back_office, Row("LF-LAMP", 100_000, 1), MUG)
    first = order.do("ship", items=[order.units(1, 1)])
    assert order.ask("ship", items=[order.units(0, 100_000)]).json == {"message": NOT_SAVED}
    assert order.do("ship", items=[order.units(1, 1)]) == first + 2


def test_the_order_follows_its_shipments(back_office: Client) -> None:
    order = place(back_office, LAMP)
    order.do("ship", items=[order.units(0, 1)])
    assert order.read()["status"] == "processing"
    order.do("invoice")
    assert order.read()["status"] == "processing"
    order.do("ship")
    assert order.read()["status"] == "complete"
    refused = order.ask("ship")
    assert refused.json["message"] == (
        "Shipment Document Validation Error(s):\n"
        f"The order does not allow a shipment to be created.\n{NO_PRODUCTS}"
    )


def test_a_partial_shipment_leaves_updated_at_of_an_order_in_processing(back_office: Client) -> None:
    order = place(back_office, LAMP, paid=True)
    control = back_office.sandbox.control
    control.touch_order(order.order_id, {})
    before = order.read()["updated_at"]
    back_office.post("/_sandbox/clock", {"now": "2031-05-01T00:00:00Z"})
    fresh = back_office.sign_in(back_office.sandbox.username, back_office.sandbox.password).json
    sent = {"items": [order.units(0, 1)]}
    path = f"/rest/V1/order/{order.order_id}/ship"
    assert back_office.send("POST", path, sent, token=fresh).status == 200
    stored = back_office.sandbox.shop.orders.load(order.order_id)
    assert stored is not None
    assert stored["updated_at"] == before


def test_a_bundle_ships_as_a_whole_and_its_parts_leave_the_stock(shop: Client) -> None:
    bundle = next(
        order
        for order in shop.list("/rest/V1/orders", ("status", "pending,processing", "in")).json["items"]
        if any(item["product_type"] == "bundle" and not item["qty_shipped"] for item in order["items"])
    )
    parent = next(item for item in bundle["items"] if item["product_type"] == "bundle")
    sent = {"items": [{"order_item_id": parent["item_id"], "qty": 1}]}
    reply = shop.post(f"/rest/V1/order/{bundle['entity_id']}/ship", sent)
    assert [item["sku"] for item in read(shop, int(reply.json))["items"]] == [parent["sku"]]
    after = shop.get(f"/rest/V1/orders/{bundle['entity_id']}").json["items"]
    parts = [item for item in after if item.get("parent_item_id") == parent["item_id"]]
    assert all(part["qty_shipped"] == part["qty_ordered"] for part in parts)
    child = {"items": [{"order_item_id": parts[0]["item_id"], "qty": 1}]}
    assert shop.post(f"/rest/V1/order/{bundle['entity_id']}/ship", child).status == 400


def test_a_bundle_that_ships_separately_goes_by_its_parts_whatever_is_said_of_itself(shop: Client) -> None:
    attributes = [{"attribute_code": "shipment_type", "value": "1"}]
    shop.put("/rest/all/V1/products/LF-COOK-KIT", {"product": {"custom_attributes": attributes}})
    bundle = next(
        order
        for order in shop.list("/rest/V1/orders", ("status", "processing", "eq")).json["items"]
        if any(item["product_type"] == "bundle" and not item["qty_shipped"] for item in order["items"])
    )
    parent = next(item for item in bundle["items"] if item["product_type"] == "bundle")
    part = next(item for item in bundle["items"] if item.get("parent_item_id") == parent["item_id"])
    sent = {"items": [{"order_item_id": item["item_id"], "qty": 1} for item in (parent, part)]}
    reply = shop.post(f"/rest/V1/order/{bundle['entity_id']}/ship", sent)
    assert [item["sku"] for item in read(shop, int(reply.json))["items"]] == [part["sku"]]


def test_of_full_shipments_at_once_one_succeeds(back_office: Client) -> None:
    order = place(back_office, LAMP)
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: order.ask("ship"), range(4)))
    assert sorted(reply.status for reply in replies) == [200, 400, 400, 400]
    assert order.read()["items"][0]["qty_shipped"] == 3


def test_the_plain_shipment_service_never_saves(back_office: Client) -> None:
    order = place(back_office, LAMP)
    sent = {"entity": {"order_id": order.order_id, "items": [order.units(0, 1)]}}
    reply = back_office.post("/rest/V1/shipment", sent)
    assert (reply.status, reply.json) == (400, {"message": "The shipment couldn't be saved."})


def test_a_marker_in_a_comment_is_found_again(back_office: Client) -> None:
    order = place(back_office, LAMP)
    order.do("ship", comment={"comment": "unit-17"}, notify=False, appendComment=False)
    found = back_office.list("/rest/V1/shipments", ("order_id", str(order.order_id), "eq")).json
    assert [entry["comment"] for entry in found["items"][0]["comments"]] == ["unit-17"]
    assert order.read()["status_histories"] == []
    assert back_office.list("/rest/V1/shipments", ("comment", "unit-17", "eq")).status == 500
