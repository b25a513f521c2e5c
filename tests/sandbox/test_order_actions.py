"""Canceling, holding and mailing orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.sandbox.samples import Row, place

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

LAMP = Row("LF-LAMP", 2, 10, tax=2, tax_percent=10)


def act(client: Client, order_id: int, action: str) -> tuple[int, object]:
    reply = client.post(f"/rest/V1/orders/{order_id}/{action}")
    return reply.status, reply.json


def test_an_order_is_canceled_once(back_office: Client) -> None:
    order = place(back_office, LAMP, shipping=5)
    assert act(back_office, order.order_id, "cancel") == (200, True)
    assert act(back_office, order.order_id, "cancel") == (200, False)
    after = order.read()
    assert (after["status"], after["total_canceled"], after["tax_canceled"]) == ("canceled", 27, 2)
    assert after["items"][0]["qty_canceled"] == 2
    assert act(back_office, 999999, "cancel")[0] == 404


def test_what_is_invoiced_is_not_canceled(back_office: Client) -> None:
    order = place(back_office, LAMP)
    order.do("invoice", items=[order.units(0, 1)])
    assert act(back_office, order.order_id, "cancel") == (200, True)
    after = order.read()
    assert (after["status"], after["items"][0]["qty_canceled"]) == ("processing", 1)
    order.do("ship")
    assert order.read()["status"] == "complete"


def test_a_shipped_order_without_an_invoice_can_be_canceled(back_office: Client) -> None:
    order = place(back_office, LAMP)
    order.do("ship")
    assert act(back_office, order.order_id, "cancel") == (200, True)
    assert order.read()["items"][0]["qty_canceled"] == 0


def test_holding_and_going_on(back_office: Client) -> None:
    order = place(back_office, LAMP)
    assert act(back_office, order.order_id, "hold") == (200, True)
    assert order.read()["hold_before_status"] == "pending"
    held = order.ask("ship")
    assert held.json["message"].endswith("when an order has a status of holded")
    assert act(back_office, order.order_id, "cancel") == (200, False)
    assert act(back_office, order.order_id, "hold") == (400, {"message": "A hold action is not available."})
    assert act(back_office, order.order_id, "unhold") == (200, True)
    assert act(back_office, order.order_id, "unhold") == (400, {"message": "You cannot remove the hold."})
    after = order.read()
    assert after["status"] == "pending"
    assert "hold_before_status" not in after


def test_mail_only_notes_that_it_was_sent(back_office: Client) -> None:
    order = place(back_office, LAMP)
    assert act(back_office, order.order_id, "emails") == (200, True)
    assert order.read()["email_sent"] == 1


def test_offline_methods_have_no_transactions(back_office: Client) -> None:
    reply = back_office.list("/rest/V1/transactions", pageSize="5")
    assert (reply.json["items"], reply.json["total_count"]) == ([], 0)


def test_the_demo_orders_have_their_documents(shop: Client) -> None:
    for order in shop.list("/rest/V1/orders", ("status", "complete,closed", "in")).json["items"]:
        own = ("order_id", str(order["entity_id"]), "eq")
        invoices = shop.list("/rest/V1/invoices", own).json["items"]
        assert sum(invoice["grand_total"] for invoice in invoices) == order["total_paid"]
        shipments = shop.list("/rest/V1/shipments", own).json["items"]
        assert bool(shipments) is not bool(order["is_virtual"])
        memos = shop.list("/rest/V1/creditmemos", own).json["items"]
        assert bool(memos) is (order["status"] == "closed")


def test_the_first_save_of_a_whole_order_touches_its_configurable_items(shop: Client) -> None:
    def items() -> dict[str, str]:
        order = shop.get(f"/rest/V1/orders/{order_id}").json
        return {item["product_type"]: item["updated_at"] for item in order["items"]}

    found = shop.list("/rest/V1/orders", ("status", "pending", "eq"), pageSize="100").json["items"]
    order_id = next(
        order["entity_id"]
        for order in found
        if {item["product_type"] for item in order["items"]} >= {"configurable", "simple"}
    )
    before = items()
    comment = {"statusHistory": {"comment": "packed"}}

    assert shop.post(f"/rest/V1/orders/{order_id}/comments", comment).json is True
    first = items()
    assert first["configurable"] > before["configurable"]
    assert first["simple"] == before["simple"]
    shop.sandbox.control.set_clock(datetime.now(UTC) + timedelta(minutes=5))
    assert shop.post(f"/rest/V1/orders/{order_id}/comments", comment).json is True
    assert items() == first
