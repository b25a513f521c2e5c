"""Products, their attributes, attribute sets, categories, and the options of configurable and bundle
products.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import orjson

from mageferry.sandbox.criteria import Filter
from mageferry.sandbox.database import ColumnKind
from mageferry.sandbox.listing import Bound, Listing, Operand, Page, any_of_json
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.orderbook import Record, record
from mageferry.sandbox.php import Value, to_int, to_number
from mageferry.sandbox.products import apply_store_values, stock_item
from mageferry.sandbox.refusals import Refusal, masked, not_found
from mageferry.sandbox.resources.orders import CRITERIA, criteria_of, list_page
from mageferry.sandbox.routing import ALL_STORES, Answer, Call, route
from mageferry.sandbox.shop import Shop
from mageferry.sandbox.stock import DEFAULT_SOURCE
from mageferry.sandbox.tables import ATTRIBUTE_SETS, PRODUCT_ATTRIBUTES, PRODUCTS

NO_PRODUCT = "The product that was requested doesn't exist. Verify the product and try again."
BAD_ATTRIBUTE = 'The "%1" attribute name is invalid. Reset the name and try again.'
_HIDDEN = ("attribute_values", "category_ids", "website_ids", "store_values", "stock_values")
_BACKENDS = {"decimal": ColumnKind.NUMBER, "int": ColumnKind.NUMBER, "datetime": ColumnKind.TIME}


def invalid_attribute(name: str) -> Refusal:
    return Refusal(400, BAD_ATTRIBUTE, [name])


def _filter_category(entry: Filter) -> Bound:
    found, values = any_of_json("category_ids", [part.strip() for part in (entry.value or "").split(",")])
    return (f"NOT {found}" if entry.condition in ("neq", "nin") else found), values


def _filter_website(entry: Filter) -> Bound:
    return any_of_json("website_ids", [to_int(part) for part in (entry.value or "").split(",")])


def product_listing(shop: Shop) -> Listing:
    """How products are listed: flat columns, then EAV attributes by code, then Magento's three special
    filters.
    """

    def filter_store(entry: Filter) -> Bound:
        website = shop.store(entry.value).get("website_id")
        return any_of_json("website_ids", [website])

    def unknown(name: str) -> Refusal:
        known = attribute_backends(shop).get(name)
        # A static attribute without a column is a failed SQL statement, an unknown name an attribute error.
        return masked() if known == "static" or name in _HIDDEN else invalid_attribute(name)

    extra = {
        code: _attribute_operand(code, _BACKENDS.get(backend, ColumnKind.TEXT))
        for code, backend in attribute_backends(shop).items()
        if code not in PRODUCTS.columns and backend != "static" and code.isidentifier()
    }
    return Listing(
        _VISIBLE_PRODUCTS,
        extra=extra,
        unknown_filter=unknown,
        unknown_sort=lambda _: None,
        special={"category_id": _filter_category, "website_id": _filter_website, "store_id": filter_store},
        index_share=1.0,
    )


def _attribute_operand(code: str, kind: ColumnKind) -> Operand:
    value = f"json_extract(attribute_values, '$.\"{code}\"')"
    return Operand(f"CAST({value} AS NUMERIC)" if kind is ColumnKind.NUMBER else value, kind)


_VISIBLE_PRODUCTS = type(PRODUCTS)(
    PRODUCTS.name,
    PRODUCTS.key,
    {name: column for name, column in PRODUCTS.columns.items() if name not in _HIDDEN},
)


def attribute_backends(shop: Shop) -> Mapping[str, str]:
    """Backend type by attribute code."""
    rows = shop.database.rows("SELECT attribute_code, backend_type FROM eav_attribute")
    return {str(code): str(backend) for code, backend in rows}


def list_products(call: Call) -> Answer:
    page = product_listing(call.shop).page(call.shop.database, criteria_of(call))
    return Page([_in_store(call, body) for body in page.bodies], page.total, page.criteria)


def _in_store(call: Call, body: str) -> str:
    has_scopes = call.shop.database.value(
        "SELECT 1 FROM catalog_product_entity WHERE store_values IS NOT NULL LIMIT 1"
    )
    if not has_scopes:
        return body
    product = cast("Record", orjson.loads(body))
    return encode_json(scoped(call.shop, product, call.store_code))


def scoped(shop: Shop, product: Record, store_code: str) -> Record:
    """The product as the store view of that code shows it."""
    stored = shop.database.value(
        "SELECT store_values FROM catalog_product_entity WHERE entity_id = ?", (product.get("id"),)
    )
    return apply_store_values(product, stored, store_code)


def store_code_of(shop: Shop, store_id: Value) -> str:
    """The code of a store view's id, ``all`` for 0. Raises Refusal (404) for an unknown one."""
    return ALL_STORES if to_int(store_id) == 0 else str(shop.store(store_id)["code"])


def load_product(call: Call, sku: str) -> Record:
    """The product of a SKU, whatever its case. Raises Refusal (404)."""
    body = call.shop.database.value(
        "SELECT body FROM catalog_product_entity WHERE sku = ?", (sku.rstrip(" "),)
    )
    if not isinstance(body, str):
        raise not_found(NO_PRODUCT)
    return cast("Record", orjson.loads(body))


def product_stock(call: Call, product: Record) -> Record:
    found = call.shop.database.value(
        "SELECT stock_values FROM catalog_product_entity WHERE entity_id = ?", (product.get("id"),)
    )
    stored = cast("Record", orjson.loads(found)) if isinstance(found, str) else {}
    item = call.shop.warehouse.item(DEFAULT_SOURCE, str(product.get("sku"))) or {"quantity": 0, "status": 0}
    quantity = None if stored.get("without_quantity") else item["quantity"]
    return stock_item(product, quantity, bool(item["status"]) and bool(quantity), stored)


def get_product(call: Call) -> Answer:
    product = load_product(call, call.text("sku"))
    view = call.arguments.get("storeId")
    code = call.store_code if view is None else store_code_of(call.shop, view)
    product = scoped(call.shop, product, code)
    extension = {**record(product.get("extension_attributes")), "stock_item": product_stock(call, product)}
    return {**product, "extension_attributes": extension}


def get_stock_item(call: Call) -> Answer:
    return product_stock(call, load_stocked(call))


def load_stocked(call: Call) -> Record:
    """The product of a stock item's path. Raises Refusal (404) with the stock service's own text."""
    sku = call.text("productSku")
    try:
        return load_product(call, sku)
    except Refusal:
        raise Refusal(404, 'The Product with the "%1" SKU doesn\'t exist.', [sku]) from None


def list_low_stock(call: Call) -> Answer:
    """Stock items up to a quantity, in no order that was asked for; without a page size a single one."""
    size = max(to_int(call.arguments.get("pageSize")), 1)
    page = max(to_int(call.arguments.get("currentPage")), 1)
    # A product without a quantity of its own has NULL there, which no comparison finds.
    low = (
        "FROM catalog_product_entity AS p LEFT JOIN inventory_source_item AS i "
        "ON i.source_code = ? AND i.sku = p.sku "
        "WHERE COALESCE(CAST(json_extract(i.body, '$.quantity') AS REAL), 0) <= ? "
        "AND COALESCE(json_extract(p.stock_values, '$.without_quantity'), 0) = 0"
    )
    bound: list[Value] = [DEFAULT_SOURCE, to_number(call.arguments["qty"])]
    found = call.shop.database.value(f"SELECT COUNT(*) {low}", bound)
    rows = call.shop.database.rows(
        f"SELECT p.body {low} ORDER BY p.entity_id LIMIT ? OFFSET ?", [*bound, size, (page - 1) * size]
    )
    products = [cast("Record", orjson.loads(str(body))) for (body,) in rows]
    return {
        "items": [product_stock(call, product) for product in products],
        "search_criteria": {"limit": [str(page), str(size)]},
        "total_count": to_int(found),
    }


def get_stock_status(call: Call) -> Answer:
    product = load_stocked(call)
    item = product_stock(call, product)
    salable = bool(item["is_in_stock"]) and product.get("status") == 1
    return {
        "product_id": product.get("id"),
        "stock_id": 1,
        "qty": item["qty"],
        "stock_status": int(salable),
        "stock_item": item,
    }


def list_attributes(call: Call) -> Answer:
    return list_page(call, Listing(PRODUCT_ATTRIBUTES))


def get_attribute(call: Call) -> Answer:
    code = call.text("attributeCode")
    body = call.shop.database.value("SELECT body FROM eav_attribute WHERE attribute_code = ?", (code,))
    if not isinstance(body, str):
        raise Refusal(
            404,
            'The attribute with a "%1" attributeCode doesn\'t exist. Verify the attribute and try again.',
            [code],
        )
    attribute = cast("Record", orjson.loads(body))
    if "Magento_PageBuilder" in cast("list[Value]", call.shop.document("modules") or []):
        attribute.setdefault("extension_attributes", {"is_pagebuilder_enabled": False})
    return attribute


def list_attribute_sets(call: Call) -> Answer:
    """Attribute sets of products (entity type 4)."""
    return Listing(ATTRIBUTE_SETS).page(call.shop.database, criteria_of(call), ("entity_type_id = ?", [4]))


def list_media(call: Call) -> Answer:
    return load_product(call, call.text("sku")).get("media_gallery_entries") or []


def list_configurable_children(call: Call) -> Answer:
    """The child products of a configurable one, in the short form of a list."""
    product = load_product(call, call.text("sku"))
    links = record(product.get("extension_attributes")).get("configurable_product_links")
    wanted = links if isinstance(links, list) else []
    bodies = [call.shop.database.body(PRODUCTS, key) for key in wanted]
    return [cast("Record", orjson.loads(body)) for body in bodies if body is not None]


def list_configurable_options(call: Call) -> Answer:
    product = load_product(call, call.text("sku"))
    return record(product.get("extension_attributes")).get("configurable_product_options") or []


def list_product_types(call: Call) -> Answer:
    return [{"name": name, "label": label} for name, label in _PRODUCT_TYPES.items()]


_PRODUCT_TYPES = {
    "simple": "Simple Product",
    "configurable": "Configurable Product",
    "grouped": "Grouped Product",
    "virtual": "Virtual Product",
    "bundle": "Bundle Product",
    "downloadable": "Downloadable Product",
}


_PRODUCTS = "Magento_Catalog::products"
_STOCK = "Magento_CatalogInventory::cataloginventory"
ROUTES = (
    route("GET", "/V1/products", _PRODUCTS, list_products, CRITERIA),
    route(
        "GET",
        "/V1/products/:sku",
        _PRODUCTS,
        get_product,
        "sku:str editMode:bool? storeId:int? forceReload:bool?",
    ),
    route("GET", "/V1/products/types", _PRODUCTS, list_product_types),
    route(
        "GET", "/V1/products/attributes", "Magento_Catalog::attributes_attributes", list_attributes, CRITERIA
    ),
    route(
        "GET",
        "/V1/products/attributes/:attributeCode",
        "Magento_Catalog::attributes_attributes",
        get_attribute,
        "attributeCode:str",
    ),
    route(
        "GET", "/V1/products/attribute-sets/sets/list", "Magento_Catalog::sets", list_attribute_sets, CRITERIA
    ),
    route("GET", "/V1/products/:sku/media", _PRODUCTS, list_media, "sku:str"),
    route(
        "GET",
        "/V1/stockItems/lowStock/",
        _STOCK,
        list_low_stock,
        "scopeId:int qty:float currentPage:int? pageSize:int?",
    ),
    route("GET", "/V1/stockItems/:productSku", _STOCK, get_stock_item, "productSku:str"),
    route("GET", "/V1/stockStatuses/:productSku", _STOCK, get_stock_status, "productSku:str"),
    route(
        "GET", "/V1/configurable-products/:sku/children", "anonymous", list_configurable_children, "sku:str"
    ),
    route(
        "GET", "/V1/configurable-products/:sku/options/all", _PRODUCTS, list_configurable_options, "sku:str"
    ),
)
