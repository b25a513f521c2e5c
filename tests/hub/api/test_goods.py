"""Products and stock through the API."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from mageferry.hub.connectors.models import ProductMagento
from mageferry.hub.trade.models import Location, LocationQuantity, Product
from tests.hub.builders import make_account, make_connector, make_order, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def goods() -> Product:
    """A lamp with 5 in the US, and a mug that a person edited."""
    lamp = Product.objects.create(sku="LAMP", name="Lamp", price=Decimal("30.5"))
    Product.objects.create(sku="MUG", name="Our mug", edited_fields=["name"], active=False)
    place = Location.objects.create(name="US warehouse", code="US")
    LocationQuantity.objects.create(product=lamp, location=place, quantity=5, origin="magento2:1/us")
    ProductMagento.objects.create(
        product=lamp, magento2_connector=make_connector(), entity_id=9, sku="LAMP", status=1, leads=True
    )
    return lamp


def get(client: Client, path: str) -> Any:
    answer = client.get(f"/api/{path}", headers=token_of("view_product"))
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("", ["LAMP", "MUG"]),
        ("?sku=lamp", ["LAMP"]),
        ("?active=true", ["LAMP"]),
        ("?edited=true", ["MUG"]),
        ("?edited=false", ["LAMP"]),
        ("?limit=1&offset=1", ["MUG"]),
    ],
)
def test_products_are_listed_and_filtered(client: Client, goods: Product, query: str, skus: list[str]):
    assert [each["sku"] for each in get(client, f"products{query}")["items"]] == skus


def test_one_product_has_its_stock_and_what_the_shops_say(client: Client, goods: Product):
    whole = get(client, f"products/{goods.pk}")
    assert (whole["sku"], whole["price"]) == ("LAMP", "30.5000")
    assert [(each["location"], each["quantity"]) for each in whole["quantities"]] == [("US", "5.0000")]
    assert [(each["connector"], each["entity_id"], each["leads"]) for each in whole["magento"]] == [
        ("Shop", 9, True)
    ]


@pytest.mark.parametrize(
    ("query", "count"), [("", 1), ("?location=us", 1), ("?location=eu", 0), ("?sku=lamp", 1)]
)
def test_stock_is_listed_and_filtered(client: Client, goods: Product, query: str, count: int):
    found = get(client, f"stock{query}")
    assert found["count"] == count
    assert [each["origin"] for each in found["items"]] == ["magento2:1/us"] * count


def test_skus_of_orders_without_a_product_are_listed(client: Client, goods: Product):
    lines: list[dict[str, Any]] = [
        {"sku": sku, "price": Decimal(5), "quantity": Decimal(1)} for sku in ("LAMP", "GHOST", "GHOST")
    ]
    make_order(make_account(), lines)
    assert get(client, "products/unknown-skus")["items"] == ["GHOST"]


@pytest.mark.parametrize("path", ["products", "products/1", "products/unknown-skus", "stock"])
def test_strangers_and_clerks_see_nothing(client: Client, path: str):
    assert client.get(f"/api/{path}").status_code == 401
    assert client.get(f"/api/{path}", headers=token_of("view_order")).status_code == 403
