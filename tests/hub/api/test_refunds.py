"""Refunds through the REST API: entered once by their transaction id, checked as on the page."""

from typing import Any

import pytest
from django.test import Client

from mageferry.hub.connectors.models import OrderPaymentMagento2
from mageferry.hub.trade.models import Order, OrderPayment, OrderRefund
from tests.hub.api.test_api import token_of
from tests.hub.builders import make_account, make_order, make_refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    """Two mugs of 12.50 with tax and 4.95 shipping: 32.01."""
    return make_order(make_account())


def ask(client: Client, order: Order, header: dict[str, str], **body: Any) -> tuple[int, Any]:
    body = {"transaction_id": "R-1", "amount": "13.53", "items": [{"position": 1, "quantity": 1}]} | body
    answer = client.post(
        f"/api/orders/{order.pk}/refunds", body, content_type="application/json", headers=header
    )
    return answer.status_code, answer.json()


def test_a_refund_is_entered_once_however_often_it_is_asked_for(client: Client, order: Order):
    header = token_of("add_orderrefund")
    status, made = ask(client, order, header)
    assert (status, made["amount"], made["currency"], made["return_created"]) == (
        201,
        "13.5300",
        "USD",
        False,
    )
    assert made["items"] == [{"position": 1, "sku": "MUG-1", "quantity": "1.0000", "back_to_stock": False}]
    status, again = ask(client, order, header)
    assert (status, again["id"]) == (200, made["id"])
    refund = OrderRefund.objects.get()
    assert (refund.payment_type, refund.transaction_id) == ("refund", "R-1")
    status, refusal = ask(client, order, header, amount="13.00")
    assert (status, "is another one" in refusal["message"]) == (409, True)


def test_refunds_show_their_return_id_and_what_parked_them(client: Client, order: Order):
    done, parked = make_refund(order, "5.00"), make_refund(order, "6.00", {1: 1})
    OrderPaymentMagento2.objects.create(order_payment=done, return_created=True, return_id=41)
    OrderPaymentMagento2.objects.create(order_payment=parked, error="Closed.", remedy="Skip it.")
    shown = client.get(f"/api/orders/{order.pk}/refunds", headers=token_of("view_order")).json()
    assert [(each["return_created"], each["return_id"], each["error"]) for each in shown] == [
        (True, 41, ""),
        (False, None, "Closed."),
    ]
    assert [len(each["items"]) for each in shown] == [0, 1]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"amount": "40.00"}, "at most 32.01 USD"),
        ({"shipping_amount": "5.00"}, "shipping part must be from 0 to 4.95"),
        ({"items": [{"position": 1, "quantity": 3}]}, "at most 2 can be given back"),
        ({"items": [{"position": 9, "quantity": 1}]}, "items[0]: the order has no position 9"),
        ({"items": [{"position": 1, "quantity": 1}] * 2}, "named twice"),
        ({"amount": "0"}, "greater than 0"),
        ({"transaction_id": ""}, "at least 1 character"),
    ],
)
def test_what_cannot_be_given_back_is_refused_in_words(
    client: Client, order: Order, body: dict[str, Any], words: str
):
    status, refusal = ask(client, order, token_of("add_orderrefund"), **body)
    assert status == 422
    assert words in str(refusal)
    assert not OrderRefund.objects.exists()


def test_what_is_promised_already_cannot_be_given_back_again(client: Client, order: Order):
    header = token_of("add_orderrefund")
    assert ask(client, order, header, items=[{"position": 1, "quantity": 2}])[0] == 201
    status, refusal = ask(client, order, header, transaction_id="R-2")
    assert (status, "at most 0 can be given back" in refusal["message"]) == (422, True)


def test_only_who_may_refund_does(client: Client, order: Order):
    assert ask(client, order, {})[0] == 401
    assert ask(client, order, token_of("view_order"))[0] == 403
    assert client.get(f"/api/orders/{order.pk}/refunds").status_code == 401
    assert not OrderPayment.objects.filter(payment_type="refund").exists()


def test_an_order_that_is_not_there_is_not_found(client: Client, order: Order):
    header = token_of("add_orderrefund")
    Order.objects.all().delete()
    assert ask(client, order, header) == (404, {"message": f"There is no order {order.pk}."})
