"""Pages of products and stock: what a person edits is noted, and given back by a button."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from mageferry.hub.connectors.models import ProductMagento
from mageferry.hub.trade.models import Location, LocationQuantity, Product
from tests.hub.builders import make_connector

pytestmark = pytest.mark.django_db


@pytest.fixture
def lamp() -> Product:
    """A product as Get Products stored it, with stock at one location."""
    product = Product.objects.create(sku="LAMP", name="Lamp", product_type="simple", price=Decimal(30))
    ProductMagento.objects.create(
        product=product, magento2_connector=make_connector(), entity_id=9, sku="LAMP", name="Lamp", status=1,
        product_type="simple", price=Decimal(30), leads=True, attributes={"color": "21"},
    )  # fmt: skip
    place = Location.objects.create(name="US warehouse", code="US")
    LocationQuantity.objects.create(product=product, location=place, quantity=5, origin="magento2:1/us")
    return product


def form_of(product: Product, **changes: Any) -> dict[str, Any]:
    """What the browser sends for the product's page."""
    quantity = product.quantities.get()
    values = {
        "sku": product.sku, "name": product.name, "product_type": product.product_type, "active": "on",
        "price": "30", "weight": "",
        "quantities-TOTAL_FORMS": 1, "quantities-INITIAL_FORMS": 1, "quantities-0-id": quantity.pk,
        "quantities-0-product": product.pk, "quantities-0-location": quantity.location_id,
        "quantities-0-quantity": "5", "magento-TOTAL_FORMS": 0, "magento-INITIAL_FORMS": 0,
    }  # fmt: skip
    return values | changes


def page_of(product: Product) -> str:
    return reverse("admin:trade_product_change", args=(product.pk,))


def test_a_saved_page_notes_what_was_changed_and_only_that(admin_client: Client, lamp: Product):
    answer = admin_client.post(page_of(lamp), form_of(lamp))
    assert answer.status_code == 302
    lamp.refresh_from_db()
    assert lamp.edited_fields == []
    admin_client.post(page_of(lamp), form_of(lamp, name="Our lamp"))
    admin_client.post(page_of(lamp), form_of(lamp, name="Our lamp", price="31"))
    lamp.refresh_from_db()
    assert lamp.edited_fields == ["name", "price"]
    shown = admin_client.get(page_of(lamp)).content.decode()
    assert "name, price" in shown
    assert "Give the edited fields back to Magento" in shown
    assert LocationQuantity.objects.get().origin == "magento2:1/us"


def test_the_button_gives_the_fields_back(admin_client: Client, lamp: Product):
    admin_client.post(page_of(lamp), form_of(lamp, name="Our lamp"))
    button = reverse("admin:trade_product_give_this_back_to_shop", args=(lamp.pk,))
    shown = admin_client.get(button, follow=True).content.decode()
    assert "The product has the shop&#x27;s values again." in shown
    lamp.refresh_from_db()
    assert (lamp.name, lamp.edited_fields) == ("Lamp", [])


def test_the_action_of_the_list_gives_back_what_is_chosen(admin_client: Client, lamp: Product):
    admin_client.post(page_of(lamp), form_of(lamp, name="Our lamp"))
    products = reverse("admin:trade_product_changelist")
    assert "LAMP" in admin_client.get(f"{products}?edited=yes").content.decode()
    admin_client.post(products, {"action": "give_back_to_shop", "_selected_action": [lamp.pk]})
    lamp.refresh_from_db()
    assert lamp.name == "Lamp"
    assert not Product.objects.exclude(edited_fields=[]).exists()


def test_a_quantity_that_a_person_entered_is_the_persons(admin_client: Client, lamp: Product):
    admin_client.post(page_of(lamp), form_of(lamp, **{"quantities-0-quantity": "8"}))
    quantity = LocationQuantity.objects.get()
    assert (quantity.quantity, quantity.origin) == (8, "")


@pytest.mark.parametrize("query", ["", "?stock=some", "?location__id__exact=1", "?q=LAMP"])
def test_stock_is_listed_and_filtered(admin_client: Client, lamp: Product, query: str):
    query = query.replace("=1", f"={LocationQuantity.objects.get().location_id}")
    page = admin_client.get(reverse("admin:trade_locationquantity_changelist") + query).content.decode()
    assert "US warehouse" in page
    assert "magento2:1/us" in page


def test_an_empty_shelf_is_found(admin_client: Client, lamp: Product):
    LocationQuantity.objects.update(quantity=0)
    stock = reverse("admin:trade_locationquantity_changelist")
    counts = [
        admin_client.get(f"{stock}?stock={each}").context["cl"].result_count for each in ("some", "none")
    ]
    assert counts == [0, 1]


def test_the_shops_side_is_shown_and_not_edited(admin_client: Client, lamp: Product):
    side = ProductMagento.objects.get()
    page = admin_client.get(reverse("admin:connectors_productmagento_changelist") + "?q=9").content.decode()
    assert "LAMP" in page
    change = reverse("admin:connectors_productmagento_change", args=(side.pk,))
    assert admin_client.post(change, {"name": "Other"}).status_code == 403
    delete = reverse("admin:connectors_productmagento_delete", args=(side.pk,))
    admin_client.post(delete, {"post": "yes"})
    assert not ProductMagento.objects.exists()


def test_who_may_only_look_has_no_button(client: Client, lamp: Product):
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_product"))
    client.force_login(clerk)
    Product.objects.update(edited_fields=["name"], name="Ours")
    assert "Ours" in client.get(page_of(lamp)).content.decode()
    client.get(reverse("admin:trade_product_give_this_back_to_shop", args=(lamp.pk,)))
    lamp.refresh_from_db()
    assert lamp.name == "Ours"


def test_attribute_codes_of_a_connector_are_checked(admin_client: Client):
    connector = make_connector()
    connector.product_attributes = ["Color!"]
    with pytest.raises(Exception, match="attribute codes"):
        connector.clean()
