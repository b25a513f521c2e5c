"""Creating, changing and deleting products, their prices and images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mageferry.sandbox.resources.product_writes import url_key

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def body(sku: str, **changes: Any) -> dict[str, Any]:
    product = {"sku": sku, "name": f"Thing {sku}", "attribute_set_id": 4, "price": 12.5, **changes}
    return {"product": {name: value for name, value in product.items() if value is not None}}


def prices(client: Client, sku: str, *codes: str) -> list[float]:
    return [client.get(f"/rest/{code}/V1/products/{sku}?fields=price").json["price"] for code in codes]


def test_a_new_product_gets_defaults(shop: Client) -> None:
    made = shop.post("/rest/V1/products", body("NEW 1/A")).json
    shown = (made["status"], made["visibility"], made["type_id"])
    assert shown == (1, 4, "simple")
    extension = made["extension_attributes"]
    assert extension["website_ids"] == [1]
    assert (extension["stock_item"]["qty"], extension["stock_item"]["is_in_stock"]) == (None, False)
    assert {"attribute_code": "url_key", "value": "thing-new-1-a"} in made["custom_attributes"]
    assert "tier_prices" not in made
    assert shop.get("/rest/V1/products/new%201%2Fa?fields=sku").json == {"sku": "NEW 1/A"}


def test_a_product_for_all_stores_is_on_every_website(shop: Client) -> None:
    made = shop.post("/rest/all/V1/products", body("WIDE")).json
    assert made["extension_attributes"]["website_ids"] == [1, 2]


@pytest.mark.parametrize(
    ("changes", "message", "parameters"),
    [
        (
            {"attribute_set_id": None},
            "Invalid product data: %1",
            ["Invalid attribute set entity type"],
        ),
        (
            {"name": None},
            'The "%1" attribute value is empty. Set the attribute and try again.',
            ["Product Name"],
        ),
        ({"price": -1}, "Please enter a number 0 or greater in this field.", None),
        ({"name": "Steel Bottle 1 l"}, "URL key for specified store already exists.", None),
    ],
)
def test_what_refuses_a_new_product(
    shop: Client, changes: dict[str, Any], message: str, parameters: list[str] | None
) -> None:
    reply = shop.post("/rest/V1/products", body("BAD", **changes))
    assert (reply.status, reply.json["message"], reply.json.get("parameters")) == (400, message, parameters)
    assert shop.get("/rest/V1/products/BAD").status == 404


def test_a_product_without_a_sku_crashes(shop: Client) -> None:
    sent = body("X")
    del sent["product"]["sku"]
    reply = shop.post("/rest/V1/products", sent)
    assert (reply.status, reply.headers["Content-Type"]) == (500, "text/plain;charset=UTF-8")


def test_a_plain_path_writes_the_default_store_view(shop: Client) -> None:
    shop.post("/rest/all/V1/products", body("SCOPED"))
    changed = shop.put("/rest/V1/products/SCOPED", {"product": {"price": 11}}).json
    assert (changed["price"], changed["tier_prices"]) == (11, [])
    assert prices(shop, "SCOPED", "all", "default", "eu_de") == [12.5, 11, 12.5]
    shop.put("/rest/eu_de/V1/products/SCOPED", {"product": {"price": 9, "name": "Ding"}})
    assert prices(shop, "SCOPED", "all", "eu_de", "eu_fr") == [12.5, 9, 9]
    assert shop.get("/rest/eu_fr/V1/products/SCOPED?fields=name").json == {"name": "Thing SCOPED"}
    shop.put("/rest/all/V1/products/SCOPED", {"product": {"price": 10}})
    assert prices(shop, "SCOPED", "all", "default") == [10, 11]


def test_an_unknown_attribute_is_dropped_and_the_sku_of_the_path_wins(shop: Client) -> None:
    shop.post("/rest/V1/products", body("KEPT"))
    sent = {"sku": "OTHER", "custom_attributes": [{"attribute_code": "nonsense", "value": "1"}]}
    changed = shop.put("/rest/V1/products/KEPT", {"product": sent}).json
    assert changed["sku"] == "KEPT"
    assert "nonsense" not in {entry["attribute_code"] for entry in changed["custom_attributes"]}
    assert shop.get("/rest/V1/products/OTHER").status == 404


def test_stock_comes_with_a_product_or_by_itself(shop: Client) -> None:
    stock = {"extension_attributes": {"stock_item": {"qty": 7, "is_in_stock": True}}}
    shop.post("/rest/V1/products", body("STOCKED", **stock))
    assert shop.get("/rest/V1/stockItems/STOCKED").json["qty"] == 7
    sent = {"stockItem": {"qty": 3, "is_in_stock": True}}
    number = shop.get("/rest/V1/stockItems/STOCKED").json["item_id"]
    assert shop.put("/rest/V1/products/STOCKED/stockItems/1", sent).json == number
    found = shop.list("/rest/V1/inventory/source-items", ("sku", "STOCKED", "eq")).json["items"]
    assert [(item["source_code"], item["quantity"]) for item in found] == [("default", 3)]
    unknown = shop.put("/rest/V1/products/NOPE/stockItems/1", sent)
    assert (unknown.status, unknown.json["parameters"]) == (404, ["NOPE"])


def test_a_product_is_deleted_once(shop: Client) -> None:
    shop.post("/rest/V1/products", body("GONE"))
    assert shop.send("DELETE", "/rest/V1/products/GONE").json is True
    assert shop.send("DELETE", "/rest/V1/products/GONE").status == 404


def test_valid_prices_are_saved_and_the_others_named(shop: Client) -> None:
    before = shop.get("/rest/V1/products/LF-LAMP?fields=updated_at").json
    rows = [
        {"price": 30, "store_id": 0, "sku": "LF-LAMP"},
        {"price": 1, "store_id": 0, "sku": "NOPE"},
        {"price": -5, "store_id": 0, "sku": "LF-STOVE"},
        {"price": 5, "store_id": 77, "sku": "LF-STOVE"},
        {"price": 28, "store_id": 2, "sku": "LF-LAMP"},
    ]
    problems = shop.post("/rest/V1/products/base-prices", {"prices": rows}).json
    assert [problem["parameters"] for problem in problems] == [
        ["SKU", "NOPE"],
        ["Price", "-5"],
        ["LF-STOVE", "77"],
    ]
    asked = shop.post("/rest/V1/products/base-prices-information", {"skus": ["LF-LAMP"]}).json
    assert [(row["store_id"], row["price"]) for row in asked] == [(0, 30), (2, 28), (3, 28)]
    assert shop.get("/rest/V1/products/LF-LAMP?fields=updated_at").json == before
    unknown = shop.post("/rest/V1/products/base-prices-information", {"skus": ["NOPE"]})
    assert (unknown.status, unknown.json["parameters"]) == (404, ["NOPE"])


def test_special_and_tier_prices(shop: Client) -> None:
    special = {"price": 9.5, "store_id": 0, "sku": "LF-LAMP", "price_from": "2026-01-01 00:00:00"}
    special["price_to"] = "2027-01-01 00:00:00"
    assert shop.post("/rest/V1/products/special-price", {"prices": [special]}).json == []
    read = shop.post("/rest/V1/products/special-price-information", {"skus": ["LF-LAMP"]}).json
    assert (read[0]["price"], read[0]["price_to"]) == (9.5, "2027-01-01 00:00:00")
    tier = {"price": 8, "price_type": "fixed", "website_id": 0, "sku": "LF-LAMP", "quantity": 10}
    tier["customer_group"] = "ALL GROUPS"
    for price in (8, 7):
        assert shop.post("/rest/V1/products/tier-prices", {"prices": [{**tier, "price": price}]}).json == []
    shown = shop.get("/rest/V1/products/LF-LAMP").json["tier_prices"]
    assert [(entry["qty"], entry["value"]) for entry in shown] == [(10, 7)]
    assert shop.post("/rest/V1/products/special-price-delete", {"prices": [special]}).json == []
    assert shop.post("/rest/V1/products/special-price-information", {"skus": ["LF-LAMP"]}).json == []


def test_images(shop: Client) -> None:
    entry: dict[str, Any] = {"media_type": "image", "label": "a", "position": 1, "disabled": False}
    entry["types"] = ["image"]
    content = {"base64_encoded_data": PIXEL, "type": "image/png", "name": "a.png"}
    reply = shop.post("/rest/V1/products/LF-LAMP/media", {"entry": {**entry, "content": content}})
    assert reply.json == "1"
    assert shop.get("/rest/V1/products/LF-LAMP/media").json[0]["file"] == "/a/_/a.png"
    for data, message in (
        ("###", "The image content must be valid base64 encoded data."),
        ("aGVsbG8=", "The image MIME type is not valid or not supported."),
    ):
        sent = {"entry": {**entry, "content": {**content, "base64_encoded_data": data}}}
        assert shop.post("/rest/V1/products/LF-LAMP/media", sent).json == {"message": message}


@pytest.mark.parametrize(
    ("name", "key"), [("Gas Stove (2 l)", "gas-stove-2-l"), ("Café Crème", "cafe-creme"), ("!", "")]
)
def test_url_keys(name: str, key: str) -> None:
    assert url_key(name) == key
