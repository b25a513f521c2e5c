"""The custom shop: what it does in its own way, and what it no longer does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mageferry.sandbox import Sandbox
from tests.sandbox.conftest import Client
from tests.sandbox.test_orders import ADDRESS, entity


@pytest.fixture
def custom() -> Iterator[Client]:
    with Sandbox("storefront", custom_shop=True) as shop:
        yield Client(shop)


def acme_order(**extension: Any) -> dict[str, Any]:
    shipping = {"method": "acme_locker", "address": ADDRESS}
    assignments = [{"shipping": shipping}]
    whole = entity(store_id=1, extension_attributes={"shipping_assignments": assignments, **extension})
    order: dict[str, Any] = whole["entity"]
    return order


def test_orders_are_created_by_the_module_only(custom: Client) -> None:
    standard = custom.put("/rest/V1/orders/create", {"entity": acme_order()})
    # What is left is the call for addresses, PUT /V1/orders/:parent_id.
    assert (standard.status, "int" in standard.json["message"]) == (400, True)
    assert custom.post("/rest/V1/orders", {"entity": acme_order()}).status == 404
    made = custom.post("/rest/V1/acme/orders", {"order": acme_order(acme_channel="web")}).json["order"]
    stored = custom.get(f"/rest/V1/orders/{made['entity_id']}").json
    assert stored["extension_attributes"]["acme_channel"] == "web"
    assert stored["extension_attributes"]["shipping_assignments"][0]["shipping"]["method"] == "acme_locker"


def test_it_wants_its_channel_and_its_way_of_shipping(custom: Client) -> None:
    reply = custom.post("/rest/V1/acme/orders", {"order": acme_order()})
    assert (reply.status, "acme_channel" in reply.json["message"]) == (400, True)
    reply = custom.post("/rest/V1/acme/orders", {"order": entity(store_id=1)["entity"]})
    assert (reply.status, "shipping method" in reply.json["message"]) == (400, True)


def test_its_orders_carry_attributes_and_statuses_of_its_own(custom: Client) -> None:
    orders = custom.get("/rest/V1/orders?searchCriteria=").json["items"]
    assert {order["extension_attributes"]["acme_channel"] for order in orders} == {"web", "kiosk", "phone"}
    states = {order["status"]: order["state"] for order in orders}
    assert states["acme_packed"] == "processing"
    assert "processing" not in states


def test_a_page_has_at_most_fifty_records_also_after_a_reset(custom: Client) -> None:
    custom.sandbox.control.reset()
    reply = custom.get("/rest/V1/orders?searchCriteria[pageSize]=51")
    assert reply.json == {"message": "Maximum SearchCriteria pageSize is %max", "parameters": {"max": 50}}
    assert custom.get("/rest/V1/orders?searchCriteria[pageSize]=50").status == 200
