"""Invoicing orders: amounts to the cent, and what refuses an invoice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sandbox.samples import Row, place

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

LAMP = Row("LF-LAMP", 3, 10.99, tax=3.29, tax_percent=10)
MUG = Row("LF-MUG/ENAMEL", 1, 5)


def read(client: Client, number: int) -> Any:
    return client.get(f"/rest/V1/invoices/{number}").json


def test_partial_invoices_sum_to_the_order(back_office: Client) -> None:
    order = place(back_office, LAMP, MUG, shipping=7.5)
    first = read(back_office, order.do("invoice", items=[order.units(0, 1)]))
    second = read(back_office, order.do("invoice", items=[order.units(0, 1)]))
    third = read(back_office, order.do("invoice"))
    assert (first["subtotal"], first["tax_amount"], first["shipping_amount"]) == (10.99, 1.1, 7.5)
    assert "shipping_amount" not in second
    assert [entry["grand_total"] for entry in (first, second, third)] == [19.59, 12.09, 17.08]
    read_back = order.read()
    assert read_back["total_invoiced"] == read_back["total_paid"] == read_back["grand_total"] == 48.76
    assert (read_back["tax_invoiced"], read_back["total_due"]) == (3.29, 0)


def test_an_invoice_starts_the_order_and_moves_its_updated_at(back_office: Client) -> None:
    order = place(back_office, MUG)
    back_office.sandbox.control.touch_order(order.order_id, {})
    before = order.read()["updated_at"]
    back_office.post("/_sandbox/clock", {"now": "2031-05-01T00:00:00Z"})
    fresh = back_office.sign_in(back_office.sandbox.username, back_office.sandbox.password).json
    reply = back_office.send("POST", f"/rest/V1/order/{order.order_id}/invoice", {}, token=fresh)
    assert reply.status == 200
    after = back_office.sandbox.shop.orders.load(order.order_id)
    assert after is not None
    assert (after["state"], after["status"]) == ("processing", "processing")
    assert before != after["updated_at"] == "2031-05-01 00:00:00"


def test_a_discount_is_shared_between_invoices(back_office: Client) -> None:
    order = place(back_office, Row("LF-LAMP", 3, 10, discount=1))
    totals = [
        read(back_office, order.do("invoice", items=[order.units(0, 1)]))["discount_amount"] for _ in range(3)
    ]
    assert totals == [-0.33, -0.34, -0.33]
    assert order.read()["discount_invoiced"] == -1


def test_what_refuses_an_invoice(back_office: Client) -> None:
    order = place(back_office, LAMP)
    unknown = order.ask("invoice", items=[{"order_item_id": 999999, "qty": 1}])
    assert unknown.json["message"] == (
        "Invoice Document Validation Error(s):\n"
        "The invoice can't be created without products. Add products and try again."
    )
    many = order.ask("invoice", items=[order.units(0, 50)])
    assert (many.status, many.json["parameters"]) == (400, ["Thing LF-LAMP"])
    order.do("invoice")
    again = order.ask("invoice")
    assert again.json["message"].endswith("try again.\nThe order does not allow an invoice to be created.")
    assert back_office.post("/rest/V1/order/999999/invoice", {}).status == 404


def test_offline_methods_can_neither_capture_nor_void(back_office: Client) -> None:
    order = place(back_office, MUG)
    number = order.do("invoice", capture=True)
    assert back_office.post(f"/rest/V1/invoices/{number}/capture").status == 400
    assert back_office.post(f"/rest/V1/invoices/{number}/void").status == 400
    assert back_office.post("/rest/V1/invoices/99999/capture").status == 404


def test_a_comment_comes_with_its_invoice(back_office: Client) -> None:
    order = place(back_office, MUG)
    number = order.do("invoice", comment={"comment": "paid in cash", "is_visible_on_front": 1})
    assert [entry["comment"] for entry in read(back_office, number)["comments"]] == ["paid in cash"]
    added = {"entity": {"parent_id": number, "comment": "later", "is_customer_notified": 0}}
    assert back_office.post("/rest/V1/invoices/comments", added).status == 200
    listed = back_office.get(f"/rest/V1/invoices/{number}/comments").json
    assert [entry["comment"] for entry in listed["items"]] == ["paid in cash", "later"]
    assert order.read()["status_histories"] == []
