"""Quantities at sources, and what can be sold of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.samples import Row, place

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

ITEMS = "/rest/V1/inventory/source-items"
LAMP = {"sku": "LF-LAMP", "source_code": "default", "quantity": 40, "status": 1}


def post(client: Client, *items: dict[str, Any]) -> tuple[int, Any]:
    reply = client.post(ITEMS, {"sourceItems": list(items)})
    return reply.status, reply.json


def quantities(client: Client, sku: str) -> dict[str, float]:
    found = client.list(ITEMS, ("sku", sku, "eq")).json["items"]
    return {item["source_code"]: item["quantity"] for item in found}


def test_quantities_are_set_and_removed(back_office: Client) -> None:
    assert post(back_office, LAMP, {**LAMP, "source_code": "us_online", "quantity": "7.5"}) == (200, [])
    found = quantities(back_office, "LF-LAMP")
    assert (found["default"], found["us_online"]) == (40, 7.5)
    assert post(back_office, {**LAMP, "sku": "lf-lamp", "quantity": -3})[0] == 200
    assert quantities(back_office, "LF-LAMP")["default"] == -3
    assert post(back_office, {**LAMP, "sku": "NOBODY-KNOWS"})[0] == 200
    gone = {"sourceItems": [LAMP, {**LAMP, "sku": "NEVER-THERE"}]}
    assert back_office.post(f"{ITEMS}-delete", gone).json == []
    assert "default" not in quantities(back_office, "LF-LAMP")


def test_one_bad_source_saves_nothing(back_office: Client) -> None:
    before = quantities(back_office, "LF-LAMP")
    refused = post(back_office, LAMP, {**LAMP, "source_code": "nowhere"})
    assert refused == (400, {"message": "Could not save Source Item"})
    assert quantities(back_office, "LF-LAMP") == before


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("sku", "", '"%field" can not be empty.'),
        ("source_code", None, '"%field" can not be empty.'),
        ("quantity", None, '"%field" should be numeric.'),
        ("status", None, '"%field" should be numeric.'),
        ("status", 7, '"%field" should be a known status.'),
    ],
)
def test_what_a_bad_item_is_told(back_office: Client, name: str, value: object, text: str) -> None:
    status, answer = post(back_office, {**LAMP, name: value})
    assert status == 400
    assert answer["errors"] == [{"message": text, "parameters": {"field": name}}]
    assert answer["message"] == f"Validation Failed: {text.replace('%field', name)}"


def test_an_empty_list_is_refused(back_office: Client) -> None:
    assert post(back_office) == (400, {"message": "Input data is empty"})


def test_a_part_of_a_bundle_stays_at_its_one_source(shop: Client) -> None:
    status, answer = post(shop, {**LAMP, "sku": "LF-STOVE", "source_code": "wh_leipzig"})
    assert status == 400
    assert answer["errors"][0]["parameters"][3] == "LF-COOK-KIT"


def test_sources_are_added_and_changed(back_office: Client) -> None:
    made = {"source": {"source_code": "nz_depot", "name": "NZ Depot", "country_id": "NZ", "postcode": "9016"}}
    assert back_office.post("/rest/V1/inventory/sources", made).json == []
    named = {"source": {**made["source"], "name": "Dunedin Depot"}}
    assert back_office.put("/rest/V1/inventory/sources/nz_depot", named).json == []
    read = back_office.get("/rest/V1/inventory/sources/nz_depot").json
    assert (read["name"], read["enabled"]) == ("Dunedin Depot", True)
    bad = back_office.post("/rest/V1/inventory/sources", {"source": {"source_code": "x", "name": "x"}})
    assert [error["parameters"] for error in bad.json["errors"]] == [
        {"field": "country_id"},
        {"field": "postcode"},
    ]


def test_what_is_sold_is_quantity_less_reservations(shop: Client) -> None:
    path = "/rest/V1/inventory/get-product-salable-quantity/LF-TOWEL/1"
    before = shop.get(path).json
    post(shop, {**LAMP, "sku": "LF-TOWEL", "quantity": 1000})
    held = 1000 - shop.get(path).json
    assert held >= 0
    assert before + held == 250
    assert shop.get("/rest/V1/inventory/get-product-salable-quantity/LF-TOWEL/99").json == 0
    assert shop.get("/rest/V1/inventory/get-product-salable-quantity/LF-SHIRT/1").status == 400
    unknown = shop.get("/rest/V1/inventory/get-product-salable-quantity/NOPE/1")
    assert (unknown.status, unknown.headers["Content-Type"]) == (500, "text/plain;charset=UTF-8")


def test_orders_of_a_connector_reserve_nothing_until_they_ship(back_office: Client) -> None:
    path = "/rest/V1/inventory/get-product-salable-quantity/LF-LAMP/2"
    before = back_office.get(path).json
    order = place(back_office, Row("LF-LAMP", 2, 10))
    assert back_office.get(path).json == before
    order.do("ship")
    # The units leave the source and their reservation, which never was, is released.
    assert back_office.get(path).json == before


def test_salability(shop: Client) -> None:
    base = "/rest/V1/inventory"
    assert shop.get(f"{base}/is-product-salable/LF-LAMP/1").json is True
    assert shop.get(f"{base}/is-product-salable/LF-SHIRT/1").json is True
    assert shop.get(f"{base}/is-product-salable/LF-FILTER/1").json is False
    much = shop.get(f"{base}/is-product-salable-for-requested-qty/LF-LAMP/1/99999").json
    assert much["errors"][0]["code"] == "is_correct_qty-max_sale_qty"
    dump = shop.get(f"{base}/dump-stock-index-data/website/base").json
    shown = {row["sku"]: row for row in dump}
    assert shown["LF-SHIRT"] == {"sku": "LF-SHIRT", "qty": 0, "is_salable": True}
    page = shop.get(f"{base}/export-stock-salable-qty/website/base?searchCriteria[pageSize]=2").json
    assert (len(page["items"]), page["total_count"]) == (2, 2)


def test_stock_moves_between_sources(shop: Client) -> None:
    base = "/rest/V1/inventory/bulk-product-source"
    both = {"skus": ["LF-LAMP"], "sourceCodes": ["wh_leipzig", "default"]}
    assert shop.post(f"{base}-assign", both).json == 0
    moved = {"originSource": "default", "destinationSource": "wh_leipzig", "unassignFromOrigin": False}
    assert shop.post(f"{base}-transfer", {"skus": ["LF-LAMP"], **moved}).json is True
    assert quantities(shop, "LF-LAMP") == {"default": 0, "wh_leipzig": 350}
    assert shop.post(f"{base}-unassign", both).json == 2
    assert quantities(shop, "LF-LAMP") == {}
    assert shop.post(f"{base}-assign", {**both, "skus": ["NOPE"]}).status == 500


def test_low_quantities_are_kept_per_source(shop: Client) -> None:
    path = "/rest/V1/inventory/low-quantity-notification"
    row = {"source_code": "default", "sku": "LF-LAMP", "notify_stock_qty": 3}
    assert shop.post(path, {"sourceItemConfigurations": [row]}).json == []
    assert shop.get(f"{path}/default/LF-LAMP").json == row
    assert shop.get(f"{path}/default/LF-TOWEL").json["notify_stock_qty"] == 1


def test_without_inventory_management_its_routes_do_not_exist(back_office: Client) -> None:
    back_office.sandbox.control.set_setting("sandbox/inventory/enabled", "0")
    refused = back_office.list("/rest/V1/inventory/source-items", ("sku", "LF-LAMP", "eq"))
    assert (refused.status, refused.json) == (404, {"message": "Request does not match any route."})
    low = back_office.get("/rest/V1/stockItems/lowStock/?scopeId=0&qty=99999&pageSize=3").json
    assert [each["product_id"] for each in low["items"]] == [1, 2, 3]
    assert low["total_count"] == 23
    assert len(back_office.get("/rest/V1/stockItems/lowStock/?scopeId=0&qty=99999").json["items"]) == 1
    assert back_office.get("/rest/V1/stockItems/lowStock/?scopeId=0&qty=0").json["total_count"] < 23


def test_a_product_is_touched_past_all_checks(back_office: Client) -> None:
    sent = back_office.post("/_sandbox/products/LF-LAMP/touch", {"name": ""})
    assert sent.json["sku"] == "LF-LAMP"
    assert back_office.get("/rest/all/V1/products/LF-LAMP?fields=name").json == {"name": ""}
    assert back_office.post("/_sandbox/products/NONE/touch", {}).status == 400


def test_the_stock_index_misses_a_write_that_spells_the_sku_otherwise(back_office: Client) -> None:
    def indexed() -> int:
        dump = back_office.get("/rest/V1/inventory/dump-stock-index-data/website/base").json
        found: int = next(row["qty"] for row in dump if row["sku"] == "LF-LAMP")
        return found

    assert post(back_office, LAMP) == (200, [])
    before = indexed()
    assert post(back_office, {**LAMP, "sku": "lf-lamp", "quantity": 45}) == (200, [])
    assert (indexed(), quantities(back_office, "LF-LAMP")["default"]) == (before, 45)
    assert post(back_office, {**LAMP, "quantity": 47}) == (200, [])
    assert indexed() == before + 7


def test_which_sources_would_deliver_goes_by_priority(back_office: Client) -> None:
    assert post(back_office, {**LAMP, "quantity": 3}) == (200, [])
    request = {"stockId": 1, "items": [{"sku": "LF-LAMP", "qty": 5}]}
    path = "/rest/V1/inventory/source-selection-algorithm-result"

    found = back_office.post(path, {"inventoryRequest": request, "algorithmCode": "priority"}).json

    first, *others = found["source_selection_items"]
    assert first == {"source_code": "default", "sku": "LF-LAMP", "qty_to_deduct": 3, "qty_available": 3}
    assert sum(item["qty_to_deduct"] for item in others) == (2 if found["shippable"] else 0)
    unknown = back_office.post(path, {"inventoryRequest": request, "algorithmCode": "dice"})
    assert unknown.status == 500
    codes = [
        row["code"] for row in back_office.get("/rest/V1/inventory/source-selection-algorithm-list").json
    ]
    assert codes == ["distance", "priority"]


def test_a_stock_that_sells_somewhere_is_not_deleted(back_office: Client) -> None:
    for number, message in ((1, "Default Stock could not"), (2, "Stock has at least one sale channel")):
        reply = back_office.send("DELETE", f"/rest/V1/inventory/stocks/{number}")
        assert (reply.status, reply.json["message"][: len(message)]) == (400, message)
    assert back_office.send("DELETE", "/rest/V1/inventory/stocks/99").json == []
    sources = back_office.get("/rest/V1/inventory/get-sources-assigned-to-stock-ordered-by-priority/1").json
    assert sources[0]["source_code"] == "default"
