"""The example marketplace, end to end: its orders go on to Magento, tracking and refunds come back to it, each once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.connectors.models import (
    Magento2Connector,
    Magento2Seller,
    OrderShipmentMagento,
    OrdersMagento,
)
from mageferry.hub.flows import runner
from mageferry.hub.flows.export_orders import EXPORT_ORDERS
from mageferry.hub.flows.get_shipments import GET_SHIPMENTS
from mageferry.hub.pipelines.clients import close_clients
from mageferry.hub.routes.models import IdMapEntry, StoredTest
from mageferry.hub.routes.stored_tests import run_test
from mageferry.hub.trade.models import Account, Order
from mageferry.hub.trade.refunds import RefundEntry, enter_refund
from mageferry.sandbox import Sandbox
from mageferry.sandbox.examples import Marketplace
from tests.hub.builders import make_export_row
from tests.hub.examples.running import read, run, set_up, statuses, work_it_off
from tests.hub.plain_shop import ask
from tests.sandbox.examples_client import Seller

TRACK = {"track_number": "1Z1", "title": "UPS", "carrier_code": "ups"}


@pytest.fixture
def market(transactional_db: None) -> Iterator[Marketplace]:
    with Marketplace() as market:
        set_up(
            "marketplace",
            "quayside",
            base_uri=market.url,
            own_authentication__token_url=f"{market.url}/oauth/token",
            own_authentication__client_secret=market.client_secret,
        )
        yield market
        close_clients()


@pytest.fixture
def row(market: Marketplace, back_office_connector: Magento2Connector) -> Magento2Seller:
    """Quayside's orders go to a store of Magento."""
    row = make_export_row(back_office_connector, Account.objects.get(code="QM"))
    Magento2Seller.objects.filter(pk=row.pk).update(get_shipments=True)
    return row


def run_flow(flow: Any, row: Magento2Seller) -> None:
    done = runner.run_flow(flow, Magento2Seller.objects.select_related("connector", "account").get(pk=row.pk))
    assert done.failed == 0, done.row.error


def ship_in_magento(order: Order, shop: Sandbox, tracks: list[dict[str, str]]) -> None:
    entity_id = OrdersMagento.objects.get(order=order).entity_id
    ask(shop, "POST", f"/rest/V1/order/{entity_id}/ship", {"tracks": tracks})


def shipments_of(seller: Seller, order: Order) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = seller.get(f"/v2/orders/{order.marketplace_order_id}/shipments").json[
        "shipments"
    ]
    return found


def a_shipped_order(row: Magento2Seller, shop: Sandbox) -> Order:
    """An order of the marketplace that is in Magento and was shipped there, as the hub knows."""
    run("quayside-orders")
    run_flow(EXPORT_ORDERS, row)
    order = Order.objects.filter(connector_id__isnull=False).earliest("pk")
    ship_in_magento(order, shop, [TRACK])
    run_flow(GET_SHIPMENTS, row)
    return order


def test_orders_reach_magento_and_their_tracking_comes_back(
    market: Marketplace, row: Magento2Seller, back_office: Sandbox
) -> None:
    market.control.add_orders(60, seed=7)
    assert run("quayside-orders")["finished"] == 72, "two pages of them"
    assert read("quayside-orders") == 0, "nothing has changed"
    order = a_shipped_order(row, back_office)
    assert run("quayside-shipments") == {"finished": 1}
    (told,) = shipments_of(Seller(market), order)
    assert (told["carrier"], told["tracking_numbers"]) == ("UPS", ["1Z1"])
    seller = Seller(market)
    assert seller.get(f"/v2/orders/{order.marketplace_order_id}").json["state"] == "shipped"
    run("quayside-orders")
    order.refresh_from_db()
    assert (order.status, order.remote_status) == ("shipped", "shipped")
    assert read("quayside-shipments") == 0


def test_a_shipment_is_told_when_its_tracking_number_is_there_and_only_once(
    market: Marketplace, row: Magento2Seller, back_office: Sandbox
) -> None:
    run("quayside-orders")
    run_flow(EXPORT_ORDERS, row)
    order = Order.objects.filter(connector_id__isnull=False).earliest("pk")
    ship_in_magento(order, back_office, [])
    run_flow(GET_SHIPMENTS, row)
    assert run("quayside-shipments") == {"skipped": 1}
    magento = OrdersMagento.objects.get(order=order)
    shipment = OrderShipmentMagento.objects.get(order_shipment__order=order)
    ids = {"order_id": magento.entity_id, "parent_id": shipment.shipment_id}
    for number in ("1Z1", "1Z2"):
        ask(
            back_office,
            "POST",
            "/rest/V1/shipment/track",
            {"entity": {**TRACK, **ids, "track_number": number}},
        )
        run_flow(GET_SHIPMENTS, row)
        run("quayside-shipments")
    assert [each["tracking_numbers"] for each in shipments_of(Seller(market), order)] == [["1Z1"]]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("reset_after", {}),
        ("lost_reply", {"seconds": 2}),
        ("too_many_requests", {"retry_after": "0"}),
        ("maintenance", {"retry_after": "0"}),
        ("truncated", {}),
    ],
)
def test_a_shipment_is_told_once_whatever_becomes_of_the_reply(
    market: Marketplace, row: Magento2Seller, back_office: Sandbox, kind: str, more: dict[str, Any]
) -> None:
    order = a_shipped_order(row, back_office)
    fault = market.control.add_fault(kind, method="POST", path="/shipments", count=1, **more)
    read("quayside-shipments")
    work_it_off()
    assert fault.hits == 1
    assert statuses("quayside-shipments") == {"finished": 1}
    assert len(shipments_of(Seller(market), order)) == 1


def test_tokens_that_are_taken_back_or_run_out_are_got_anew(market: Marketplace) -> None:
    market.control.set_token_seconds(1)
    run("quayside-orders")
    market.control.revoke_tokens()
    market.control.add_orders(3, seed=2)
    assert run("quayside-orders") == {"finished": 3}


def test_a_limit_on_requests_is_kept_to(market: Marketplace) -> None:
    market.control.add_orders(120, seed=3)
    market.control.set_limit(2, 1)
    assert run("quayside-orders")["finished"] == 132


def test_refunds_are_told_by_a_chain_once(
    market: Marketplace, row: Magento2Seller, back_office: Sandbox
) -> None:
    order = a_shipped_order(row, back_office)
    enter_refund(order.pk, RefundEntry(Decimal(5), transaction_id="R-1"))
    market.control.add_fault("reset_after", method="POST", path="/refunds", count=1)
    read("quayside-refunds")
    work_it_off()
    told = Seller(market).get(f"/v2/orders/{order.marketplace_order_id}/refunds").json["refunds"]
    assert [(each["amount"], each["reason"]) for each in told] == [
        ({"value": "5.00", "currency": "EUR"}, "R-1")
    ]
    assert IdMapEntry.objects.get(map="quayside-refunds").remote_id == told[0]["id"]
    assert read("quayside-refunds") == 0


def test_what_is_not_paid_is_not_refunded(market: Marketplace, row: Magento2Seller) -> None:
    market.control.add_orders(1, state="awaiting_payment")
    run("quayside-orders")
    order = Order.objects.filter(remote_status="awaiting_payment").latest("pk")
    enter_refund(order.pk, RefundEntry(Decimal(1), transaction_id="R-2"))
    assert run("quayside-refunds") == {"failed": 1}


def test_its_stored_tests_pass(market: Marketplace) -> None:
    assert [run_test(each).passed for each in StoredTest.objects.all()] == [True]
