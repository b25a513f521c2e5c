"""A marketplace's orders go on to Magento as entities, and what Magento ships and refunds comes back as entities."""

from collections.abc import Iterator
from typing import Any

import pytest

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.exchange import Outcome, Position, changes, store_entity
from mageferry.hub.flows import runner
from mageferry.hub.flows.create_return import CREATE_RETURN
from mageferry.hub.flows.export_orders import EXPORT_ORDERS
from mageferry.hub.flows.get_shipments import GET_SHIPMENTS
from mageferry.hub.trade.models import Order
from mageferry.sandbox import Sandbox
from mageferry.sandbox.examples import Marketplace
from tests.hub.builders import make_account, make_export_row
from tests.hub.plain_shop import ask
from tests.sandbox.examples_client import Seller

_STATES = {"awaiting_payment": "pending", "ready_to_ship": "rfs"}


@pytest.fixture
def seller() -> Iterator[Seller]:
    with Marketplace() as market:
        yield Seller(market)


@pytest.fixture
def row(back_office_connector: Magento2Connector) -> Magento2Seller:
    row = make_export_row(back_office_connector, make_account("Quayside", "QM"))
    Magento2Seller.objects.filter(pk=row.pk).update(get_shipments=True, create_return=True)
    return row


def run(flow: Any, row: Magento2Seller) -> None:
    done = runner.run_flow(flow, Magento2Seller.objects.select_related("connector", "account").get(pk=row.pk))
    assert done.failed == 0


def entity_of(order: dict[str, Any]) -> dict[str, Any]:
    """An order of Quayside Market as the hub takes it in; what a route's transformer does."""
    first, _, last = order["buyer"]["name"].partition(" ")
    return {
        "marketplace_order_id": order["id"],
        "status": _STATES.get(order["state"], order["state"]),
        "remote_status": order["state"],
        "placed_at": order["created_at"],
        "updated_at": order["updated_at"],
        "currency": order["currency"],
        "subtotal": order["totals"]["items"],
        "shipping_amount": order["totals"]["shipping"],
        "tax_amount": order["totals"]["tax"],
        "discount_amount": order["totals"]["discount"],
        "grand_total": order["totals"]["grand_total"],
        "customer_email": order["buyer"]["email"],
        "customer_firstname": first,
        "customer_lastname": last,
        "shipping_service": order["shipping"]["service"],
        "items": [
            {
                "marketplace_item_id": line["line_id"], "sku": line["sku"], "name": line["title"],
                "quantity": line["quantity"], "price": line["unit_price"], "tax_amount": line["tax"],
                "tax_percent": line["tax_rate"], "discount_amount": line["discount"],
            }
            for line in order["lines"]
        ],
        "billing_address": address_of(order["billing_address"]),
        "shipping_address": address_of(order["shipping_address"]),
        "payment": {"method": "wallet", "transaction_id": order["payment"]["transaction"]},
    }  # fmt: skip


def address_of(address: dict[str, Any]) -> dict[str, Any]:
    first, _, last = address["name"].partition(" ")
    return {
        "firstname": first, "lastname": last, "street": address["street"], "city": address["city"],
        "postcode": address["zip"], "region_code": address["state"], "country_id": address["country"],
        "telephone": address["phone"],
    }  # fmt: skip


def test_orders_go_to_magento_and_its_news_come_back(
    seller: Seller, row: Magento2Seller, back_office: Sandbox
):
    assert row.account is not None
    orders = seller.get("/v2/orders?limit=3").json["orders"]
    for _ in range(2):
        outcomes = [store_entity("order", entity_of(order), row.account).outcome for order in orders]
    assert outcomes == [Outcome.UNCHANGED] * 3
    run(EXPORT_ORDERS, row)
    assert Order.objects.filter(connector_id__isnull=False, error="").count() == 3

    order = Order.objects.select_related("magento").get(marketplace_order_id=orders[0]["id"])
    track = {"track_number": "1Z1", "title": "UPS", "carrier_code": "ups"}
    ask(back_office, "POST", f"/rest/V1/order/{order.magento.entity_id}/ship", {"tracks": [track]})
    run(GET_SHIPMENTS, row)
    page = changes("shipment", row.account, None)
    (shipment,) = page.entities
    sent = {
        "carrier": shipment["carrier"],
        "tracking_numbers": [each["number"] for each in shipment["tracks"]],
        "lines": [
            {"line_id": each["marketplace_item_id"], "quantity": each["quantity"]}
            for each in shipment["items"]
        ],
    }
    told = seller.post(
        f"/v2/orders/{shipment['marketplace_order_id']}/shipments", sent, f"ship-{shipment['id']}"
    )
    assert (told.status, told.json["tracking_numbers"]) == (201, ["1Z1"])
    assert seller.get(f"/v2/orders/{orders[0]['id']}").json["state"] == "shipped"

    ids = {"order_id": order.magento.entity_id, "parent_id": shipment["magento_shipment_id"]}
    late = {**track, **ids, "track_number": "1Z2"}
    ask(back_office, "POST", "/rest/V1/shipment/track", {"entity": late})
    run(GET_SHIPMENTS, row)
    (again,) = changes("shipment", row.account, page.position).entities
    assert [each["number"] for each in again["tracks"]] == ["1Z1", "1Z2"]


def test_a_refund_of_the_marketplace_becomes_a_credit_memo(
    seller: Seller, row: Magento2Seller, back_office: Sandbox
):
    assert row.account is not None
    order = seller.get("/v2/orders?limit=1").json["orders"][0]
    store_entity("order", entity_of(order), row.account)
    run(EXPORT_ORDERS, row)
    position: Position = changes("refund", row.account, None).position
    refund = {
        "marketplace_order_id": order["id"],
        "transaction_id": "R1",
        "amount": "5.00",
        "currency": "EUR",
    }
    store_entity("refund", refund, row.account)
    page = changes("refund", row.account, position)
    assert [each["return_created"] for each in page.entities] == [False]
    run(CREATE_RETURN, row)
    page = changes("refund", row.account, page.position)
    assert [(each["return_created"], each["amount"]) for each in page.entities] == [(True, 5)]
    assert page.entities[0]["return_id"] is not None
    (status,) = changes("order_status", row.account, None).entities
    assert (status["total_refunded"], status["magento"][0]["increment_id"]) == (5, f"QM-{order['id']}")
