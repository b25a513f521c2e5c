"""Entering refunds on the pages, and what the order's page shows of them."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from mageferry.hub.connectors.models import OrderPaymentMagento2
from mageferry.hub.trade.models import Order, OrderRefund
from tests.hub.builders import make_account, make_order, make_refund

pytestmark = pytest.mark.django_db
ADD = "admin:trade_orderrefund_add"
CHANGE = "admin:trade_orderrefund_change"


@pytest.fixture
def order() -> Order:
    return make_order(make_account())


def form(order: Order, *items: tuple[int, str], **changes: str) -> dict[str, Any]:
    values = {
        "order": str(order.pk), "amount": "13.53", "shipping_amount": "0", "transaction_id": "R-1",
        "refund_items-TOTAL_FORMS": str(len(items)), "refund_items-INITIAL_FORMS": "0",
    }  # fmt: skip
    for number, (pk, quantity) in enumerate(items):
        values |= {f"refund_items-{number}-order_item": str(pk), f"refund_items-{number}-quantity": quantity}
    return {**values, **changes}


def test_a_person_adds_a_refund_with_items_from_the_orders_page(admin_client: Client, order: Order):
    page = admin_client.get(reverse("admin:trade_order_change", args=(order.pk,)))
    assert "Add refund" in page.content.decode()
    button = admin_client.get(reverse("admin:trade_order_add_refund", args=(order.pk,)))
    assert button["location"] == f"{reverse(ADD)}?order={order.pk}"
    stranger = make_order(
        make_account("Own", "OWN"), [{"sku": "HAT", "price": Decimal(1), "quantity": Decimal(1)}]
    )
    entry = admin_client.get(button["location"]).content.decode()
    assert "MUG-1" in entry
    assert "HAT" not in entry
    item = order.items.get()
    answer = admin_client.post(reverse(ADD), form(order, (item.pk, "1")))
    assert answer.status_code == 302, answer.content.decode()
    refund = OrderRefund.objects.get()
    assert (refund.amount, refund.currency, refund.payment_type) == (Decimal("13.53"), "USD", "refund")
    assert [(each.order_item, each.quantity) for each in refund.refund_items.all()] == [(item, 1)]
    assert stranger.payments.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": "40"}, "at most 32.01 USD"),
        ({"amount": "0"}, "more than 0"),
        ({"shipping_amount": "9"}, "shipping part must be from 0 to 4.95"),
        ({"refund_items-0-quantity": "3"}, "at most 2 can be given back"),
    ],
)
def test_what_cannot_be_given_back_is_said_on_the_page(
    admin_client: Client, order: Order, changes: dict[str, str], words: str
):
    answer = admin_client.post(reverse(ADD), form(order, (order.items.get().pk, "1"), **changes))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not OrderRefund.objects.exists()


def test_an_item_of_another_order_is_refused(admin_client: Client, order: Order):
    other = make_order(make_account()).items.get()
    answer = admin_client.post(reverse(ADD), form(order, (other.pk, "1")))
    assert answer.status_code == 200
    assert not OrderRefund.objects.exists()


def test_the_orders_page_shows_refunds_with_items_return_id_and_error(admin_client: Client, order: Order):
    done, parked = make_refund(order, "5.00", {1: 1}), make_refund(order, "6.00")
    OrderPaymentMagento2.objects.create(order_payment=done, return_created=True, return_id=4711)
    OrderPaymentMagento2.objects.create(order_payment=parked, error="It is closed.", remedy="Skip it.")
    for page in (
        reverse("admin:trade_order_change", args=(order.pk,)),
        reverse("admin:trade_orderrefund_changelist"),
    ):
        text = admin_client.get(page).content.decode()
        for words in ("4711", "1 x MUG-1", "money only", "not created yet", "It is closed. Skip it."):
            assert words in text, (page, words)


def test_changing_a_parked_refund_lets_it_go_on(admin_client: Client, order: Order):
    parked = make_refund(order, "60.00")
    there = OrderPaymentMagento2.objects.create(order_payment=parked, error="Too much.", remedy="Less.")
    admin_client.post(reverse(CHANGE, args=(parked.pk,)), form(order, amount="6.00"))
    there.refresh_from_db()
    assert (OrderRefund.objects.get().amount, there.error) == (Decimal("6.00"), "")


def test_a_refund_that_is_in_the_shop_stays_as_it_is(admin_client: Client, order: Order):
    done = make_refund(order, "5.00", {1: 1})
    OrderPaymentMagento2.objects.create(order_payment=done, return_created=True, return_id=41)
    page = reverse(CHANGE, args=(done.pk,))
    assert admin_client.get(page).status_code == 200
    assert admin_client.post(page, form(order, amount="1.00")).status_code == 403
    assert admin_client.post(reverse("admin:trade_orderrefund_delete", args=(done.pk,))).status_code == 403
    assert OrderRefund.objects.get().amount == 5


def test_who_may_only_look_cannot_add_a_refund(client: Client, order: Order):
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=("view_order", "view_orderrefund")))
    client.force_login(clerk)
    page = client.get(reverse("admin:trade_order_change", args=(order.pk,)))
    assert "Add refund" not in page.content.decode()
    assert client.post(reverse(ADD), form(order)).status_code == 403
    assert client.get(reverse("admin:trade_order_add_refund", args=(order.pk,))).status_code == 403
    assert not OrderRefund.objects.exists()
