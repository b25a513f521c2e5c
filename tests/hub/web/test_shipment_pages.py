"""A person enters a shipment: from the order's page, beginning with what is left."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from mageferry.hub.connectors.models import Direction, OrderShipmentMagento
from mageferry.hub.trade.models import Order, OrderShipment
from tests.hub.builders import make_account, make_connector, make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    lines = [
        {"sku": "MUG-1", "price": Decimal(5), "quantity": Decimal(3)},
        {"sku": "LAMP-1", "price": Decimal(9), "quantity": Decimal(1)},
    ]
    return make_order(make_account(), lines)


def rows(prefix: str, *entries: dict[str, Any]) -> dict[str, Any]:
    """The fields of an inline as a browser posts them."""
    posted: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(entries), f"{prefix}-INITIAL_FORMS": 0}
    for index, entry in enumerate(entries):
        posted |= {f"{prefix}-{index}-{name}": value for name, value in entry.items()}
    return posted


def form(order: Order, items: list[dict[str, Any]], *tracks: dict[str, Any]) -> dict[str, Any]:
    return {
        "order": order.pk, "shipped_at_0": "2026-11-20", "shipped_at_1": "10:00:00", "carrier": "UPS Ground",
        **rows("items", *items), **rows("tracks", *tracks),
    }  # fmt: skip


def test_the_order_leads_to_a_form_that_proposes_what_is_left(admin_client: Client, order: Order):
    mug, lamp = order.items.all()
    earlier = OrderShipment.objects.create(order=order, shipped_at=order.placed_at)
    earlier.items.create(order_item=mug, quantity=1)
    button = reverse("admin:trade_order_add_shipment_here", args=(order.pk,))
    page = admin_client.get(button, follow=True)
    forms = page.context["inline_admin_formsets"][0].formset.extra_forms
    assert [(each.initial["order_item"], each.initial["quantity"]) for each in forms] == [
        (mug.pk, 2),
        (lamp.pk, 1),
    ]
    make_order(make_account(), marketplace_order_id="another")
    assert set(forms[0].fields["order_item"].queryset) == {mug, lamp}


def test_a_proposal_is_taken_and_an_emptied_row_left_out(admin_client: Client, order: Order):
    mug, lamp = order.items.all()
    items = [{"order_item": mug.pk, "quantity": "3"}, {"order_item": lamp.pk, "quantity": ""}]
    answer = admin_client.post(
        reverse("admin:trade_ordershipment_add"), form(order, items, {"number": "1Z1", "title": ""})
    )
    assert answer.status_code == 302, answer.context["errors"]
    shipment = OrderShipment.objects.get()
    assert [(item.order_item, item.quantity) for item in shipment.items.all()] == [(mug, 3)]
    assert shipment.tracks.get().number == "1Z1"
    page = admin_client.get(reverse("admin:trade_order_change", args=(order.pk,))).content.decode()
    assert "3 x MUG-1" in page
    assert "1Z1" in page


def test_items_of_another_order_and_quantities_of_nothing_are_refused(admin_client: Client, order: Order):
    stranger = make_order(make_account(), marketplace_order_id="another").items.get()
    own = order.items.get(sku="MUG-1")
    for row in ({"order_item": stranger.pk, "quantity": "1"}, {"order_item": own.pk, "quantity": "-1"}):
        answer = admin_client.post(reverse("admin:trade_ordershipment_add"), form(order, [row]))
        assert answer.status_code == 200
    assert not OrderShipment.objects.exists()


def test_what_is_in_magento_is_shown_and_stays_as_it_is(admin_client: Client, order: Order):
    shipment = OrderShipment.objects.create(order=order, shipped_at=order.placed_at)
    shipment.items.create(order_item=order.items.get(sku="MUG-1"), quantity=1)
    OrderShipmentMagento.objects.create(
        order_shipment=shipment,
        magento2_connector=make_connector(),
        direction=Direction.EXPORTED,
        shipment_id=4711,
    )
    assert "4711" in admin_client.get(reverse("admin:trade_order_change", args=(order.pk,))).content.decode()
    assert "4711" in admin_client.get(reverse("admin:trade_ordershipment_changelist")).content.decode()
    page = admin_client.get(reverse("admin:trade_ordershipment_change", args=(shipment.pk,)))
    assert [each.has_change_permission for each in page.context["inline_admin_formsets"]] == [False, False]


@pytest.mark.parametrize("address", ["?order=x", "?order=999999", "?order=99999999999999999999", ""])
def test_an_address_without_an_order_proposes_nothing(admin_client: Client, address: str):
    page = admin_client.get(reverse("admin:trade_ordershipment_add") + address)
    assert page.status_code == 200
    assert page.context["inline_admin_formsets"][0].formset.extra_forms == []


def test_the_button_asks_for_permission(order: Order):
    clerk = Client()
    user = User.objects.create_user("clerk", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_order"))
    clerk.force_login(user)
    button = reverse("admin:trade_order_add_shipment_here", args=(order.pk,))
    assert clerk.get(button).status_code == 403
    assert clerk.post(reverse("admin:trade_ordershipment_add"), form(order, [])).status_code == 403
    assert Client().get(button).status_code == 302


@pytest.mark.parametrize("courier_map", ['["ups"]', '{"UPS": 1}', '{"UPS": ""}'])
def test_a_courier_map_is_checked(admin_client: Client, courier_map: str):
    connector = make_connector()
    page = admin_client.get(reverse("admin:connectors_magento2connector_change", args=(connector.pk,)))
    assert "carrier_code" in page.content.decode()
    values = {**page.context["adminform"].form.initial, "courier_map": courier_map, "password": ""}
    posted = {name: value for name, value in values.items() if value is not None and name != "courier_map"}
    answer = admin_client.post(
        reverse("admin:connectors_magento2connector_change", args=(connector.pk,)),
        {**posted, "courier_map": courier_map, **rows("sellers")},
    )
    assert "Write a map of carriers to carrier codes" in answer.content.decode()
