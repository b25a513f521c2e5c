"""Products, stock and sources of the demo shops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mageferry.sandbox.demo import MARKETPLACE_SKUS

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client


@pytest.mark.parametrize("spelling", ["LF-MUG%2FENAMEL", "lf-mug%2fenamel", "LF-MUG%2FENAMEL%20"])
def test_a_sku_is_found_in_any_case_and_encoded(shop: Client, spelling: str) -> None:
    assert shop.get(f"/rest/V1/products/{spelling}?fields=sku").json == {"sku": "LF-MUG/ENAMEL"}


def test_a_plus_in_the_path_is_a_blank_and_a_raw_slash_no_sku(shop: Client) -> None:
    assert shop.get("/rest/V1/products/LF-ROPE+20M?fields=sku").json == {"sku": "LF-ROPE 20M"}
    assert shop.get("/rest/V1/products/LF-MUG/ENAMEL").status == 404
    missing = shop.get("/rest/V1/products/NOPE")
    assert (
        missing.json["message"]
        == "The product that was requested doesn't exist. Verify the product and try again."
    )


def test_a_store_view_may_show_another_name(shop: Client) -> None:
    for path, name in (("eu_de/V1", "Campinglampe mit Akku"), ("V1", "Rechargeable Camp Lamp")):
        assert shop.get(f"/rest/{path}/products/LF-LAMP?fields=name").json == {"name": name}
        listed = shop.list(f"/rest/{path}/products", ("sku", "LF-LAMP", "eq"), fields="items[name]").json
        assert listed == {"items": [{"name": name}]}


def test_one_product_shows_its_stock_a_list_does_not(shop: Client) -> None:
    one = shop.get("/rest/V1/products/LF-LAMP").json
    assert one["extension_attributes"]["stock_item"]["qty"] == 250
    listed = shop.list("/rest/V1/products", ("sku", "LF-LAMP", "eq")).json["items"][0]
    assert "stock_item" not in listed["extension_attributes"]


@pytest.mark.parametrize(
    ("field", "value", "condition", "total"),
    [
        ("type_id", "configurable", "eq", 1),
        ("color", "21", "eq", 2),
        ("category_id", "4", "eq", 5),
        ("website_id", "2", "eq", 23),
        ("store_id", "2", "eq", 23),
        ("special_price", "", "notnull", 0),
        ("price", "100", "gt", 5),
        ("name", "%tent%", "like", 2),
    ],
)
def test_filters_on_columns_attributes_and_assignments(
    shop: Client, field: str, value: str, condition: str, total: int
) -> None:
    found = shop.list("/rest/V1/products", (field, value, condition), fields="total_count")
    assert found.json == {"total_count": total}


def test_sources_stocks_and_quantities(back_office: Client) -> None:
    sources = back_office.get("/rest/V1/inventory/sources").json
    assert [source["source_code"] for source in sources["items"]] == ["default", "us_online", "au_online"]
    missing = back_office.get("/rest/V1/inventory/sources/nope")
    assert (missing.status, missing.json["parameters"]) == (404, {"value": "nope"})
    stock = back_office.get("/rest/V1/inventory/stock-resolver/website/australia").json
    assert stock["stock_id"] == 2
    items = back_office.list("/rest/V1/inventory/source-items", ("source_code", "us_online", "eq")).json[
        "items"
    ]
    assert set(MARKETPLACE_SKUS) <= {item["sku"] for item in items}


def test_the_back_office_has_the_marketplaces_views(back_office: Client) -> None:
    views = {view["id"]: view["code"] for view in back_office.get("/rest/V1/store/storeViews").json}
    assert {31: "walmart_us", 32: "amazon_us", 33: "david_jones_au", 34: "zalando"}.items() <= views.items()


def test_the_storefront_has_orders_in_every_status_and_of_every_kind(shop: Client) -> None:
    fields = (
        "items[status,store_id,order_currency_code,discount_amount,items[product_type],total_due,grand_total]"
    )
    orders = shop.list("/rest/V1/orders", fields=fields).json["items"]
    statuses = {order["status"] for order in orders}
    assert {"pending", "processing", "complete", "closed", "canceled", "holded"} <= statuses
    assert {order["order_currency_code"] for order in orders} == {"USD", "EUR"}
    kinds = {item["product_type"] for order in orders for item in order["items"]}
    assert kinds == {"simple", "configurable", "bundle", "virtual"}
    assert any(order["discount_amount"] < 0 for order in orders)


def test_order_amounts_add_up_to_the_cent(shop: Client) -> None:
    for order in shop.list("/rest/V1/orders").json["items"]:
        parts = ("subtotal", "shipping_amount", "tax_amount", "discount_amount")
        assert round(sum(order[part] for part in parts), 2) == order["grand_total"]
        lines = sum(item["row_total_incl_tax"] for item in order["items"])
        assert round(lines + order["shipping_amount"], 2) == order["grand_total"]


def test_a_product_of_a_store_view_can_be_asked_for_by_its_id(shop: Client) -> None:
    views = {view["code"]: view["id"] for view in shop.get("/rest/V1/store/storeViews").json}

    german = shop.get(f"/rest/V1/products/LF-LAMP?storeId={views['eu_de']}&fields=name").json
    assert german == {"name": "Campinglampe mit Akku"}
    assert shop.get("/rest/eu_de/V1/products/LF-LAMP?storeId=0&fields=name").json == {
        "name": "Rechargeable Camp Lamp"
    }
    assert shop.get("/rest/V1/products/LF-LAMP?storeId=77").status == 404
    assert shop.get("/rest/V1/products/LF-LAMP?storeId=abc").status == 400


def test_categories_are_listed_with_their_paths(shop: Client) -> None:
    listed = shop.list("/rest/V1/categories/list", ("level", "1", "gt"), pageSize="1").json

    assert listed["total_count"] == 2
    assert listed["items"][0] | {"created_at": "", "updated_at": ""} == {
        "id": 3,
        "parent_id": 2,
        "name": "Camping",
        "is_active": True,
        "position": 1,
        "level": 2,
        "children": "",
        "created_at": "",
        "updated_at": "",
        "path": "1/2/3",
        "include_in_menu": True,
        "custom_attributes": [
            {"attribute_code": "path", "value": "1/2/3"},
            {"attribute_code": "children_count", "value": "0"},
        ],
    }
    assert shop.list("/rest/V1/categories/list", ("colour", "red", "eq")).status == 400


def test_one_category_knows_how_many_are_below_it(shop: Client) -> None:
    found = shop.get("/rest/V1/categories/1").json
    below = {entry["attribute_code"]: entry["value"] for entry in found["custom_attributes"]}

    assert (found["children"], below["children_count"]) == ("2", "3")
    assert shop.get("/rest/V1/categories/99").status == 404
