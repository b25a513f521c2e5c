"""Shipments over the REST API: told once, taken once."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from mageferry.hub.connectors.models import Direction, OrderShipmentMagento
from mageferry.hub.security.models import ApiToken
from mageferry.hub.trade.models import Order, OrderShipment, OrderStatus
from tests.hub.builders import make_account, make_connector, make_order

pytestmark = pytest.mark.django_db
BODY = {
    "remote_id": "3PL-7", "shipped_at": "2026-11-20T10:00:00+01:00", "carrier": "UPS Ground",
    "items": [{"sku": "MUG-1", "quantity": 2}, {"position": 3, "quantity": "1"}],
    "tracks": [{"number": " 1Z999 ", "title": "UPS"}],
}  # fmt: skip


@pytest.fixture
def order() -> Order:
    skus = ("MUG-1", "LAMP-1", "LAMP-1")
    lines = [{"sku": sku, "price": Decimal(5), "quantity": Decimal(3)} for sku in skus]
    return make_order(make_account(), lines)


@pytest.fixture
def header() -> dict[str, str]:
    return token_of("view_order", "add_ordershipment")


def token_of(*permissions: str) -> dict[str, str]:
    """The header of a program whose user has these permissions."""
    user, _ = User.objects.get_or_create(username="-".join(permissions) or "nobody")
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    _, secret = ApiToken.issue(user.pk, f"tests {ApiToken.objects.count()}")
    return {"authorization": f"Bearer {secret.reveal()}"}


def post(client: Client, order: Order, header: dict[str, str], **changes: Any) -> Any:
    return client.post(
        f"/api/orders/{order.pk}/shipments",
        {**BODY, **changes},
        content_type="application/json",
        headers=header,
    )


def test_a_shipment_is_taken_over_and_shown(client: Client, order: Order, header: dict[str, str]):
    answer = post(client, order, header)
    assert answer.status_code == 201
    made = OrderShipment.objects.get()
    OrderShipmentMagento.objects.create(
        order_shipment=made, magento2_connector=make_connector(), direction=Direction.EXPORTED, shipment_id=42
    )
    (shown,) = client.get(f"/api/orders/{order.pk}/shipments", headers=header).json()
    assert shown == {
        "id": made.pk, "remote_id": "3PL-7", "shipped_at": "2026-11-20T09:00:00Z", "carrier": "UPS Ground",
        "service": "", "magento_id": 42,
        "items": [
            {"position": 1, "sku": "MUG-1", "quantity": "2.0000"},
            {"position": 3, "sku": "LAMP-1", "quantity": "1.0000"},
        ],
        "tracks": [{"number": "1Z999", "title": "UPS", "carrier_code": ""}],
    }  # fmt: skip


def test_the_same_one_again_changes_nothing(client: Client, order: Order, header: dict[str, str]):
    first = post(client, order, header)
    again = post(client, order, header)
    assert (again.status_code, again.json()) == (200, first.json())
    assert OrderShipment.objects.count() == 1
    other = post(client, order, header, items=[{"sku": "MUG-1", "quantity": 1}])
    assert other.status_code == 409
    assert "an id of its own" in other.json()["message"]
    # Another order may use the same id.
    assert post(client, make_order(order.account, [{"sku": "MUG-1", "price": Decimal(5), "quantity": Decimal(9)}]),
                header, items=[{"sku": "MUG-1", "quantity": 1}]).status_code == 201  # fmt: skip


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([{"sku": "MUG-1", "quantity": 4}], "4 x MUG-1 to ship, 3 left of 3"),
        ([{"sku": "MUG-1", "quantity": 2}, {"position": 1, "quantity": 2}], "4 x MUG-1 to ship, 3 left"),
        ([{"sku": "LAMP-1", "quantity": 1}], "more than once: name the position"),
        ([{"sku": "TENT", "quantity": 1}], "the order has no SKU 'TENT'"),
        ([{"position": 9, "quantity": 1}], "the order has no position 9"),
        ([{"position": 1, "sku": "LAMP-1", "quantity": 1}], "the order has no position 1"),
    ],
)
def test_what_does_not_fit_the_order_is_named(
    client: Client, order: Order, header: dict[str, str], items: list[dict[str, Any]], words: str
):
    answer = post(client, order, header, items=items)
    assert answer.status_code == 400
    assert words in answer.json()["message"]
    assert not OrderShipment.objects.exists()


def test_what_is_left_counts_earlier_shipments(client: Client, order: Order, header: dict[str, str]):
    assert post(client, order, header).status_code == 201
    answer = post(client, order, header, remote_id="3PL-8")
    assert "2 x MUG-1 to ship, 1 left of 3" in answer.json()["message"]


def test_a_cancelled_order_is_not_shipped(client: Client, order: Order, header: dict[str, str]):
    Order.objects.update(status=OrderStatus.CANCELLED)
    assert "is cancelled" in post(client, order, header).json()["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"remote_id": " "}, {"remote_id": "x" * 65}, {"items": []}, {"items": [{"sku": "MUG-1", "quantity": 0}]},
        {"items": [{"sku": "MUG-1", "quantity": "NaN"}]}, {"items": [{"sku": "MUG-1", "quantity": "1.00001"}]},
        {"items": [{"sku": "MUG-1", "qty": 1}]}, {"shipped_at": "2026-11-20T10:00:00"}, {"carrier": "a\x00b"},
        {"tracks": [{"number": ""}]}, {"tracking": "1Z"},
    ],
)  # fmt: skip
def test_nonsense_is_refused_naming_the_field(
    client: Client, order: Order, header: dict[str, str], changes: dict[str, Any]
):
    answer = post(client, order, header, **changes)
    assert answer.status_code == 422
    assert next(iter(changes)) in str(answer.json()["detail"])
    assert not OrderShipment.objects.exists()


def test_shipping_asks_for_its_own_permission(client: Client, order: Order):
    assert client.post(f"/api/orders/{order.pk}/shipments").status_code == 401
    assert post(client, order, token_of()).status_code == 403
    assert post(client, order, token_of("view_order")).status_code == 403
    assert client.get(f"/api/orders/{order.pk}/shipments", headers=token_of()).status_code == 403
    assert client.get("/api/orders/999999/shipments", headers=token_of("view_order")).status_code == 404
    assert not OrderShipment.objects.exists()
