"""Get products, against a sandbox shop over HTTP."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller, ProductMagento
from mageferry.hub.connectors.product_values import give_back
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows import runner
from mageferry.hub.flows.get_products import GET_PRODUCTS
from mageferry.hub.flows.product_import import store_products
from mageferry.hub.mapping.product_in import ProductRecord, read_product
from mageferry.hub.trade.models import Product
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.ledger import skip, try_again
from mageferry.hub.work.marks import mark_of, reset_mark
from mageferry.hub.work.models import RunStatus, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_connector, make_order

GOODS = 23


@pytest.fixture
def row(storefront_connector: Magento2Connector) -> Magento2Seller:
    """A row that reads the default values."""
    return make_products_row(storefront_connector, "")


def make_products_row(connector: Magento2Connector, store_code: str, store_id: int = 1) -> Magento2Seller:
    return Magento2Seller.objects.create(
        connector=connector, store_id=store_id, store_code=store_code, get_products=True
    )


def get_products(row: Magento2Seller) -> Run:
    return runner.run_flow(GET_PRODUCTS, Magento2Seller.objects.select_related("connector").get(pk=row.pk))


def side(sku: str, store_code: str = "") -> ProductMagento:
    return ProductMagento.objects.get(product__sku=sku, store_code=store_code)


def test_the_first_run_reads_all_products(row: Magento2Seller):
    run = get_products(row)
    assert run.row.status == RunStatus.FINISHED
    assert (run.read, run.created, Product.objects.count()) == (GOODS, GOODS, GOODS)
    lamp = Product.objects.get(sku="LF-LAMP")
    assert (lamp.name, lamp.product_type, lamp.active) == ("Rechargeable Camp Lamp", "simple", True)
    assert (lamp.price, lamp.weight) == (Decimal("32.5"), Decimal("0.4"))
    assert side("LF-LAMP").entity_id == 9
    assert side("LF-LAMP").leads
    assert "All products were read." in run.notes


def test_the_next_run_reads_what_changed(row: Magento2Seller, storefront: Sandbox):
    get_products(row)
    storefront.control.touch_product("LF-LAMP", {"price": 35, "status": 2})
    run = get_products(row)
    assert (run.read, run.created, run.updated) == (1, 0, 1)
    lamp = Product.objects.get(sku="LF-LAMP")
    assert (lamp.price, lamp.active) == (35, False)
    assert mark_of(row.scope, "get_products") == run.started_at


def test_after_some_days_all_are_read_again(row: Magento2Seller):
    first = get_products(row)
    assert get_products(row).read == 0
    reset_mark(row.scope, "get_products_full")
    again = get_products(row)
    assert (again.read, again.unchanged) == (first.read, first.read)


def test_chosen_attributes_are_kept_others_are_not(row: Magento2Seller):
    row.connector.product_attributes = ["color", "size", "visibility"]
    row.connector.save()
    get_products(row)
    assert side("LF-SHIRT-Moss-M").attributes == {"color": "21", "size": "31", "visibility": 1}
    assert side("LF-LAMP").attributes == {"visibility": 4}


def test_an_attribute_that_no_product_has_is_named(row: Magento2Seller):
    Magento2Connector.objects.update(product_attributes=["color", "colour"])
    assert "Attributes that no product has: colour." in get_products(row).notes


def test_each_store_code_keeps_its_own_values_and_the_default_ones_lead(
    storefront_connector: Magento2Connector,
):
    german = make_products_row(storefront_connector, "eu_de", 2)
    get_products(german)
    assert Product.objects.get(sku="LF-LAMP").name == "Campinglampe mit Akku"
    plain = make_products_row(storefront_connector, "")
    get_products(plain)
    assert Product.objects.get(sku="LF-LAMP").name == "Rechargeable Camp Lamp"
    reset_mark(german.scope, "get_products")
    run = get_products(german)
    assert run.unchanged == GOODS
    assert Product.objects.get(sku="LF-LAMP").name == "Rechargeable Camp Lamp"
    assert side("LF-LAMP", "eu_de").name == "Campinglampe mit Akku"
    assert [side("LF-LAMP", code).leads for code in ("eu_de", "")] == [False, True]
    assert Product.objects.count() == GOODS


def test_what_a_person_edited_stays_until_it_is_given_back(row: Magento2Seller, storefront: Sandbox):
    get_products(row)
    lamp = Product.objects.get(sku="LF-LAMP")
    lamp.name = "Our lamp"
    lamp.keep_edited(["name"])
    lamp.save()
    storefront.control.touch_product("LF-LAMP", {"name": "Lamp, new edition", "price": 40})
    get_products(row)
    lamp.refresh_from_db()
    assert (lamp.name, lamp.price) == ("Our lamp", 40)
    assert side("LF-LAMP").name == "Lamp, new edition"
    assert give_back(Product.objects.all()) == 1
    lamp.refresh_from_db()
    assert (lamp.name, lamp.edited_fields) == ("Lamp, new edition", [])


def test_a_product_that_the_hub_had_already_is_found_whatever_its_case(row: Magento2Seller):
    ours = Product.objects.create(sku="lf-lamp")
    get_products(row)
    assert Product.objects.count() == GOODS
    assert side("lf-lamp").sku == "LF-LAMP"
    ours.refresh_from_db()
    assert ours.name == "Rechargeable Camp Lamp"


def test_a_broken_product_fails_alone_and_holds_the_mark(row: Magento2Seller, storefront: Sandbox):
    storefront.control.touch_product("LF-LAMP", {"price": "a lot"})
    run = get_products(row)
    assert run.row.status == RunStatus.PARTLY
    assert (run.failed, run.created) == (1, GOODS - 1)
    unit = WorkUnit.objects.get(kind="get_product")
    assert unit.subject == f"{row.connector.name} product 9"
    assert "price is not a number" in unit.reason
    mark = mark_of(row.scope, "get_products")
    assert mark is not None
    assert mark < run.started_at
    storefront.control.touch_product("LF-LAMP", {"price": 30})
    try_again([unit.pk])
    drain(["get_product"])
    unit.refresh_from_db()
    assert unit.status == UnitStatus.FINISHED
    assert side("LF-LAMP").price == 30


def test_a_skipped_product_lets_the_mark_pass(row: Magento2Seller, storefront: Sandbox):
    storefront.control.touch_product("LF-LAMP", {"price": "a lot"})
    get_products(row)
    skip([WorkUnit.objects.get(kind="get_product").pk], "Not ours.")
    run = get_products(row)
    assert run.failed == 0
    assert mark_of(row.scope, "get_products") == run.started_at


def test_a_page_that_fails_leaves_the_mark_and_the_rest_comes_with_the_next_run(
    row: Magento2Seller, storefront: Sandbox
):
    Magento2Connector.objects.update(page_size=5, concurrency=1)
    storefront.control.add_fault("maintenance", skip=2, path="/V1/products")
    run = get_products(row)
    assert run.row.status == RunStatus.FAILED
    assert mark_of(row.scope, "get_products") is None
    assert Product.objects.count() == 10
    storefront.control.clear_faults()
    assert get_products(row).created == GOODS - 10


def test_skus_of_orders_that_are_no_product_are_named(row: Magento2Seller):
    lines: list[dict[str, Any]] = [
        {"sku": sku, "price": Decimal(5), "quantity": Decimal(1)} for sku in ("LF-LAMP", "GHOST-1", "GHOST-2")
    ]
    make_order(make_account(), lines)
    run = get_products(row)
    assert "SKUs of order items that are no product: 2 (GHOST-1, GHOST-2)." in run.notes


def test_two_shops_share_products_and_the_first_one_leads(
    storefront_connector: Magento2Connector, back_office_connector: Magento2Connector, back_office: Sandbox
):
    first = make_products_row(storefront_connector, "")
    second = make_products_row(back_office_connector, "", 31)
    with open_shop(back_office_connector) as shop:
        shop.products.save({"sku": "LF-LAMP", "name": "Back office lamp"})
    get_products(first)
    get_products(second)
    assert Product.objects.get(sku="LF-LAMP").name == "Rechargeable Camp Lamp"
    assert ProductMagento.objects.filter(product__sku="LF-LAMP").count() == 2
    assert Product.objects.count() == GOODS


def record(entity_id: int, sku: str, **changes: Any) -> ProductRecord:
    raw = {
        "id": entity_id,
        "sku": sku,
        "name": sku,
        "type_id": "simple",
        "status": 1,
        "price": 5,
        "updated_at": "2026-11-20 08:00:00",
    }
    return read_product(raw | changes)


@pytest.fixture
def connector(db: None) -> Magento2Connector:
    return make_connector()


def test_two_products_that_differ_only_in_case_are_one_and_a_refusal(connector: Magento2Connector):
    stored = store_products(connector, "", [record(1, "Mug"), record(2, "MUG "), record(3, "Cup")])
    assert stored.created == 2
    ((_, reason, remedy),) = stored.refused
    assert "has the SKU twice: 'MUG' (product 2) and 'Mug' (product 1)" in reason
    assert "Rename or delete" in remedy
    later = store_products(connector, "", [record(2, "MUG ")])
    assert [each.entity_id for each, *_ in later.refused] == [2]
    assert Product.objects.count() == 2


def test_a_sku_that_several_products_of_the_hub_share_is_refused(connector: Magento2Connector):
    for sku in ("mug", "Mug"):
        Product.objects.create(sku=sku)
    stored = store_products(connector, "", [record(1, "MUG"), record(2, "mug")])
    assert (stored.created, len(stored.refused)) == (1, 1)
    assert "could be any of the hub's products 'mug', 'Mug'" in stored.refused[0][1]


def test_a_product_made_anew_keeps_its_row_under_the_new_id(connector: Magento2Connector):
    store_products(connector, "", [record(1, "MUG")])
    stored = store_products(connector, "", [record(8, "MUG")])
    assert (stored.updated, stored.refused) == (1, [])
    assert ProductMagento.objects.get().entity_id == 8


def test_a_product_with_a_new_sku_goes_to_another_product_of_the_hub(connector: Magento2Connector):
    store_products(connector, "", [record(1, "MUG", name="Enamel mug")])
    stored = store_products(connector, "", [record(1, "CUP", name="Enamel mug")])
    assert stored.updated == 1
    assert ProductMagento.objects.get().product.sku == "CUP"
    assert ProductMagento.objects.get().leads
    assert set(Product.objects.values_list("sku", flat=True)) == {"MUG", "CUP"}


def test_a_product_may_take_the_sku_of_one_that_is_gone(connector: Magento2Connector):
    store_products(connector, "", [record(1, "MUG"), record(2, "CUP")])
    stored = store_products(connector, "", [record(2, "MUG")])
    assert stored.updated == 1
    assert ProductMagento.objects.get().entity_id == 2
    assert ProductMagento.objects.get().product.sku == "MUG"


def test_a_row_of_a_first_version_without_a_key_is_found_by_its_sku(connector: Magento2Connector):
    Product.objects.bulk_create([Product(sku="MUG")])
    assert Product.objects.get().sku_key == ""
    assert store_products(connector, "", [record(1, "MUG")]).created == 1
    assert Product.objects.count() == 1


def test_the_same_record_again_is_no_change(connector: Magento2Connector):
    first = record(1, "MUG")
    store_products(connector, "", [first])
    assert store_products(connector, "", [first]).unchanged == 1
    assert ProductMagento.objects.get().remote_updated_at == dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)
