"""Stock and products that an ERP tells of."""

from decimal import Decimal

import pytest

from mageferry.hub.exchange import Outcome, RefusedEntity, UnknownSubject, plan_entity, store_entity
from mageferry.hub.trade.models import Location, LocationQuantity, Product
from tests.hub.builders import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf() -> Location:
    Product.objects.create(sku="LAMP-1")
    return Location.objects.create(name="Main warehouse", code="MAIN")


def test_stock_is_kept_per_product_and_location(shelf: Location):
    entity = {"sku": "lamp-1", "location": "main", "quantity": "12.5"}
    outcomes = [
        store_entity("stock", each, make_account()).outcome
        for each in (entity, entity, {**entity, "quantity": 3})
    ]
    assert outcomes == [Outcome.CREATED, Outcome.UNCHANGED, Outcome.UPDATED]
    there = LocationQuantity.objects.get()
    assert (there.quantity, there.location, there.origin) == (3, shelf, "exchange AMZ")


def test_stock_that_was_sold_before_it_came_is_none(shelf: Location):
    store_entity("stock", {"sku": "LAMP-1", "location": "Main warehouse", "quantity": -4}, None)
    assert LocationQuantity.objects.get().quantity == 0


@pytest.mark.parametrize(
    ("entity", "what"),
    [({"sku": "TENT", "location": "MAIN"}, "product"), ({"sku": "LAMP-1", "location": "ATTIC"}, "location")],
)  # fmt: skip
def test_stock_of_what_the_hub_does_not_have_waits(shelf: Location, entity: dict[str, object], what: str):
    with pytest.raises(UnknownSubject) as unknown:
        plan_entity("stock", {**entity, "quantity": 1}, None)
    assert unknown.value.what == what


def test_a_product_changes_by_what_is_told_of_it():
    assert (
        store_entity("product", {"sku": "Lamp-1", "name": "Lamp", "price": 14.99}, None).outcome
        == Outcome.CREATED
    )
    assert store_entity("product", {"sku": "LAMP-1", "weight": "0.4"}, None).outcome == Outcome.UPDATED
    assert (
        plan_entity("product", {"sku": "LAMP-1", "weight": 0.4, "active": True}, None).outcome
        == Outcome.UNCHANGED
    )
    product = Product.objects.get()
    assert (product.sku, product.name, product.price, product.weight) == (
        "Lamp-1",
        "Lamp",
        Decimal("14.99"),
        Decimal("0.4"),
    )


def test_what_a_person_edited_stays():
    product = Product.objects.create(sku="LAMP-1", name="Our lamp", edited_fields=["name"])
    assert store_entity("product", {"sku": "LAMP-1", "name": "Lamp"}, None).outcome == Outcome.UNCHANGED
    product.refresh_from_db()
    assert product.name == "Our lamp"


def test_a_sku_that_could_be_two_products_is_refused():
    for sku in ("lamp-1", "Lamp-1"):
        Product.objects.create(sku=sku)
    with pytest.raises(RefusedEntity, match="could be any of the products 'lamp-1', 'Lamp-1'"):
        plan_entity("product", {"sku": "LAMP-1", "name": "Lamp"}, None)
    assert store_entity("product", {"sku": "Lamp-1", "name": "Lamp"}, None).outcome == Outcome.UPDATED
