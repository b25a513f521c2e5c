"""Refunding orders: amounts to the cent, maxima, and what happens to the stock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.samples import Row, place
from tests.sandbox.test_shipments import stock

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

LAMP = Row("LF-LAMP", 3, 10.99, tax=3.29, tax_percent=10)
MUG = Row("LF-MUG/ENAMEL", 1, 5)
HEAD = "Creditmemo Document Validation Error(s):\n"


def read(client: Client, number: int) -> Any:
    return client.get(f"/rest/V1/creditmemo/{number}").json


def test_partial_refunds_sum_to_the_full_one(back_office: Client) -> None:
    order = place(back_office, LAMP, MUG, shipping=7.5)
    order.do("invoice")
    order.do("ship")
    totals = []
    for _ in range(3):
        number = order.do("refund", items=[order.units(0, 1)], arguments={"shipping_amount": 2.5})
        totals.append(read(back_office, number)["grand_total"])
    assert totals == [14.59, 14.59, 14.58]
    order.do("refund")
    after = order.read()
    assert after["total_refunded"] == after["grand_total"] == 48.76
    assert (after["state"], after["status"]) == ("closed", "closed")


def test_shipping_left_out_is_everything_left(back_office: Client) -> None:
    order = place(back_office, LAMP, shipping=7.5)
    order.do("invoice")
    memo = read(back_office, order.do("refund", items=[order.units(0, 1)]))
    assert memo["shipping_amount"] == 7.5
    other = read(back_office, order.do("refund", items=[order.units(0, 1)]))
    assert other["shipping_amount"] == 0
    refused = order.ask("refund", items=[order.units(0, 1)], arguments={"shipping_amount": 1})
    assert refused.json == {
        "message": "Maximum shipping amount allowed to refund is: %1",
        "parameters": ["A$0.00"],
    }


def test_adjustments_change_the_total(back_office: Client) -> None:
    order = place(back_office, LAMP)
    order.do("invoice")
    arguments = {"shipping_amount": 0, "adjustment_positive": 2, "adjustment_negative": 0.5}
    memo = read(back_office, order.do("refund", items=[order.units(0, 1)], arguments=arguments))
    assert (memo["adjustment"], memo["grand_total"]) == (1.5, 13.59)
    assert order.read()["adjustment_negative"] == 0.5


def test_money_alone_can_be_refunded(back_office: Client) -> None:
    order = place(back_office, MUG)
    order.do("invoice")
    arguments = {"shipping_amount": 0, "adjustment_positive": 1.25}
    memo = read(back_office, order.do("refund", items=[order.units(0, 0)], arguments=arguments))
    assert (memo["grand_total"], memo["items"]) == (1.25, [])


def test_what_refuses_a_refund(back_office: Client) -> None:
    order = place(back_office, MUG)
    unpaid = order.ask("refund", items=[order.units(0, 1)])
    assert unpaid.json["message"] == (
        f"{HEAD}The quantity to refund must not be greater than the unrefunded quantity."
    )
    order.do("invoice")
    many = order.ask("refund", items=[order.units(0, 9)])
    assert many.json["message"] == 'We found an invalid quantity to refund item "%1".'
    much = order.ask("refund", arguments={"adjustment_positive": 100})
    assert much.json["message"] == f"{HEAD}The most money available to refund is 5."
    order.do("refund")
    closed = order.ask("refund", items=[{"order_item_id": 999999, "qty": 1}])
    assert closed.json["message"] == (
        f"{HEAD}A creditmemo can not be created when an order has a status of closed\n"
        "The creditmemo contains product item that is not part of the original order."
    )


def test_an_order_marked_as_paid_is_refunded_without_an_invoice(back_office: Client) -> None:
    order = place(back_office, LAMP, MUG, shipping=7.5, paid=True)
    order.do("ship")
    order.do("refund", items=[order.units(0, 2)], arguments={"shipping_amount": 0})
    order.do("refund")
    after = order.read()
    assert (after["status"], after["total_refunded"]) == ("closed", 48.76)
    assert back_office.list("/rest/V1/invoices", ("order_id", str(order.order_id), "eq")).json["items"] == []


def test_the_history_names_the_amount_in_the_base_currency(back_office: Client) -> None:
    order = place(back_office, MUG)
    order.do("invoice")
    order.do("refund")
    entry = order.read()["status_histories"][0]
    assert (entry["comment"], entry["status"]) == ("We refunded A$5.00 offline.", "closed")
    assert order.read()["customer_note_notify"] == 0


@pytest.mark.parametrize(("returned", "back"), [(True, 2), (False, 0)])
def test_shipped_units_return_to_stock_when_told(back_office: Client, returned: bool, back: int) -> None:
    order = place(back_office, LAMP, paid=True)
    order.do("ship")
    before = stock(back_office, "LF-LAMP")
    wanted = [order.items[0]] if returned else []
    arguments = {"shipping_amount": 0, "extension_attributes": {"return_to_stock_items": wanted}}
    order.do("refund", items=[order.units(0, 2)], arguments=arguments)
    assert stock(back_office, "LF-LAMP") == before + back


def test_units_that_were_never_shipped_are_written_off(back_office: Client) -> None:
    order = place(back_office, LAMP, paid=True)
    before = stock(back_office, "LF-LAMP")
    order.do("refund", items=[order.units(0, 2)], arguments={"shipping_amount": 0})
    assert stock(back_office, "LF-LAMP") == before - 2


def test_offline_invoices_cannot_be_refunded_by_themselves(back_office: Client) -> None:
    order = place(back_office, MUG)
    number = order.do("invoice")
    reply = back_office.post(f"/rest/V1/invoice/{number}/refund", {"isOnline": True})
    assert reply.json == {"message": f"{HEAD}We can't create creditmemo for the invoice."}


def test_a_credit_memo_cannot_be_canceled(back_office: Client) -> None:
    assert back_office.put("/rest/V1/creditmemo/1").json == {"message": "You can not cancel Credit Memo"}
