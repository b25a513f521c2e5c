"""Base, special and tier prices: lists of changes, answered with a list of what was wrong with them.

Valid rows are saved even if others are refused, and a product's updated_at does not move.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import orjson

from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import Value, to_int, to_number, to_string
from mageferry.sandbox.products import with_attributes
from mageferry.sandbox.refusals import Refusal
from mageferry.sandbox.resources.product_writes import store_product, store_values, write_values
from mageferry.sandbox.routing import ALL_STORES, Answer, Call, route
from mageferry.sandbox.shop import Shop

BAD_ATTRIBUTE = "Invalid attribute %fieldName = %fieldValue."
ALL_GROUPS = "ALL GROUPS"
ALL_GROUPS_ID = 32000

type Problem = dict[str, Value]


def _problem(field: str, value: Value) -> Problem:
    return {"message": BAD_ATTRIBUTE, "parameters": [field, to_string(value)]}


def find_product(shop: Shop, sku: Value) -> Record | None:
    body = shop.database.value("SELECT body FROM catalog_product_entity WHERE sku = ?", (to_string(sku),))
    return cast("Record", orjson.loads(body)) if isinstance(body, str) else None


def _check_row(shop: Shop, row: Record) -> Problem | None:
    if find_product(shop, row.get("sku")) is None:
        return _problem("SKU", row.get("sku"))
    if row.get("price") is None or to_number(row["price"]) < 0:
        return _problem("Price", row.get("price"))
    store_id = to_int(row.get("store_id"))
    if store_id not in {view["id"] for view in shop.store_views()} | {0}:
        sku = to_string(row.get("sku"))
        return {
            "message": f"Requested store is not found. Row ID: SKU = {sku}, Store ID: {store_id}.",
            "parameters": [sku, str(store_id)],
        }
    return None


def _save_rows(call: Call, save: Callable[[Shop, Record, Record, str], None]) -> Answer:
    """Save the valid rows; the problems of the others."""
    problems: list[Value] = []
    for row in records(call.arguments.get("prices")):
        problem = _check_row(call.shop, row)
        product = find_product(call.shop, row.get("sku"))
        if problem is not None or product is None:
            problems.append(problem)
            continue
        codes = {view["id"]: str(view["code"]) for view in call.shop.store_views() if view["id"]}
        save(call.shop, product, row, codes.get(to_int(row.get("store_id")), ALL_STORES))
        store_product(call.shop, product)
    return problems


def save_base_prices(call: Call) -> Answer:
    return _save_rows(call, _save_base_price)


def _save_base_price(shop: Shop, product: Record, row: Record, store_code: str) -> None:
    write_values(shop, product, {"price": row["price"]}, {}, store_code)


def save_special_prices(call: Call) -> Answer:
    return _save_rows(call, _save_special_price)


def _save_special_price(shop: Shop, product: Record, row: Record, store_code: str) -> None:
    attributes: Record = {
        "special_price": f"{to_number(row['price']):.6f}",
        "special_from_date": row.get("price_from"),
        "special_to_date": row.get("price_to"),
    }
    write_values(shop, product, {}, attributes, store_code)


def delete_special_prices(call: Call) -> Answer:
    removed = dict.fromkeys(("special_price", "special_from_date", "special_to_date"))
    for row in records(call.arguments.get("prices")):
        product = find_product(call.shop, row.get("sku"))
        if product is not None:
            product["custom_attributes"] = with_attributes(product, cast("Record", removed))
            store_product(call.shop, product)
    return []


def list_base_prices(call: Call) -> Answer:
    """The global price of each SKU, then those that single store views have. Raises Refusal (404)."""
    return [entry for product in _requested(call) for entry in _price_rows(call.shop, product)]


def _price_rows(shop: Shop, product: Record) -> list[Value]:
    rows: list[Value] = [_price_row(product["price"], 0, product)]
    values = store_values(shop, product)
    for view in shop.store_views():
        own = values.get(str(view["code"]), {})
        if "price" in own:
            rows.append(_price_row(own["price"], view["id"], product))
    return rows


def _price_row(price: Value, store_id: Value, product: Record) -> Record:
    return {"price": price, "store_id": store_id, "sku": product["sku"]}


def _requested(call: Call) -> list[Record]:
    skus = call.arguments["skus"]
    wanted = [to_string(sku) for sku in skus] if isinstance(skus, list) else []
    found = {sku: find_product(call.shop, sku) for sku in wanted}
    unknown = [sku for sku, product in found.items() if product is None]
    if unknown:
        text = (
            "Requested product doesn't exist: %1"
            if len(unknown) == 1
            else "Requested products don't exist: %1"
        )
        raise Refusal(404, text, [", ".join(unknown)])
    return [product for product in found.values() if product is not None]


def list_special_prices(call: Call) -> Answer:
    rows: list[Value] = []
    for product in _requested(call):
        attributes = {e["attribute_code"]: e["value"] for e in records(product["custom_attributes"])}
        if "special_price" in attributes:
            rows.append(
                {
                    **_price_row(to_number(attributes["special_price"]), 0, product),
                    "price_from": attributes.get("special_from_date"),
                    "price_to": attributes.get("special_to_date"),
                }
            )
    return rows


def save_tier_prices(call: Call) -> Answer:
    """Adds tier prices, or changes those of the same website, group and quantity."""
    problems: list[Value] = []
    for row in records(call.arguments.get("prices")):
        product = find_product(call.shop, row.get("sku"))
        if product is None:
            problems.append(_problem("SKU", row.get("sku")))
        elif row.get("price") is None or to_number(row["price"]) < 0:
            problems.append(_problem("Price", row.get("price")))
        elif row.get("price_type") not in ("fixed", "discount"):
            problems.append(_problem("Price Type", row.get("price_type")))
        else:
            _save_tier_price(call.shop, product, row)
    return problems


def _save_tier_price(shop: Shop, product: Record, row: Record) -> None:
    group = ALL_GROUPS_ID if row.get("customer_group") == ALL_GROUPS else to_int(row.get("customer_group"))
    extension: Record = {"website_id": row.get("website_id")}
    if row["price_type"] == "discount":
        extension["percentage_value"] = row["price"]
    added: Record = {
        "customer_group_id": group,
        "qty": row.get("quantity"),
        "value": row["price"],
        "extension_attributes": extension,
    }
    kept = [
        tier
        for tier in records(product.get("tier_prices"))
        if (tier["customer_group_id"], tier["qty"]) != (group, row.get("quantity"))
        or record(tier["extension_attributes"]).get("website_id") != row.get("website_id")
    ]
    product["tier_prices"] = [*kept, added]
    store_product(shop, product)


_PRODUCTS = "Magento_Catalog::products"
_BASE = "/V1/products/base-prices"
_SPECIAL = "/V1/products/special-price"
_SPECIALS = "prices:*catalog-data-special-price-interface"
_TIERS = "prices:*catalog-data-tier-price-interface"
ROUTES = (
    route("POST", _BASE, _PRODUCTS, save_base_prices, "prices:*catalog-data-base-price-interface"),
    route("POST", f"{_BASE}-information", _PRODUCTS, list_base_prices, "skus:*str"),
    route("POST", _SPECIAL, _PRODUCTS, save_special_prices, _SPECIALS),
    route("POST", f"{_SPECIAL}-information", _PRODUCTS, list_special_prices, "skus:*str"),
    route("POST", f"{_SPECIAL}-delete", _PRODUCTS, delete_special_prices, _SPECIALS),
    route("POST", "/V1/products/tier-prices", _PRODUCTS, save_tier_prices, _TIERS),
)
