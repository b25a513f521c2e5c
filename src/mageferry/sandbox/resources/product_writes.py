"""Creating, changing and deleting products.

``/rest/all`` writes the global values. Any other path, also the plain ``/rest/V1``, writes those of one
store view, or of its whole website for attributes of website scope; a new product gets global values
either way.
"""

from __future__ import annotations

import re
import unicodedata
from typing import cast

import orjson

from mageferry.sandbox.media import encode_json
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import Value, is_empty, to_int, to_number, to_string
from mageferry.sandbox.products import COMPOSITES, STOCK_ITEM_SEQUENCE, product_row, with_attributes
from mageferry.sandbox.refusals import Crash, Refusal
from mageferry.sandbox.resources.catalog import load_product, load_stocked, product_stock, scoped
from mageferry.sandbox.routing import ALL_STORES, Answer, Call, route
from mageferry.sandbox.shop import Shop
from mageferry.sandbox.stock import DEFAULT_SOURCE
from mageferry.sandbox.tables import ATTRIBUTE_SETS, PRODUCTS

BAD_DATA = "Invalid product data: %1"
NO_SET = "Invalid attribute set entity type"
EMPTY_ATTRIBUTE = 'The "%1" attribute value is empty. Set the attribute and try again.'
SKU_LENGTH = 64
_SCOPED_FIELDS = ("name", "price", "status", "visibility")
_DEFAULT_ATTRIBUTES: Record = {
    "options_container": "container2",
    "msrp_display_actual_price_type": "0",
    "url_key": None,
    "required_options": "0",
    "has_options": "0",
    "tax_class_id": "2",
}
_LINK_FIELDS = ("product_links", "tier_prices")


def create_product(call: Call) -> Answer:
    """``POST /V1/products``: a known SKU is updated. Raises Refusal, and Crash without a SKU."""
    sent = _sent(call)
    if sent.get("sku") is None:
        raise Crash("TypeError: the SKU must be a string")
    return _save(call, sent, with_links=False)


def put_product(call: Call) -> Answer:
    """``PUT /V1/products/:sku``: the SKU of the path wins; an unknown one is created."""
    sent = _sent(call)
    renamed = sent.get("sku") != call.text("sku")
    return _save(call, {**sent, "sku": call.text("sku")}, with_links=renamed)


def _sent(call: Call) -> Record:
    return {name: value for name, value in call.record("product").items() if value is not None}


def _save(call: Call, sent: Record, *, with_links: bool) -> Answer:
    body = call.shop.database.value(
        "SELECT body FROM catalog_product_entity WHERE sku = ?", (to_string(sent["sku"]).rstrip(" "),)
    )
    known = cast("Record", orjson.loads(body)) if isinstance(body, str) else None
    product = _create(call, sent) if known is None else _update(call, known, sent)
    shown = scoped(call.shop, product, call.store_code)
    hidden = () if with_links or call.deferred else _LINK_FIELDS
    extension = {**record(shown.get("extension_attributes")), "stock_item": product_stock(call, product)}
    return {
        **{name: value for name, value in shown.items() if name not in hidden},
        "extension_attributes": extension,
    }


def _create(call: Call, sent: Record) -> Record:
    _check_new(call, sent)
    now = call.shop.clock.text()
    own_key: Record = {"url_key": url_key(to_string(sent["name"]))}
    attributes: Record = {**_DEFAULT_ATTRIBUTES, **own_key, **_attributes(call.shop, sent)}
    _check_url_key(call.shop, attributes["url_key"], "")
    extension = record(sent.get("extension_attributes"))
    links = records(extension.get("category_links"))
    attributes["category_ids"] = [to_string(link.get("category_id")) for link in links]
    websites = extension.get("website_ids") or _default_websites(call)
    product: Record = {
        "id": call.shop.database.next_id(PRODUCTS.name),
        "sku": sent["sku"],
        "name": sent["name"],
        "attribute_set_id": sent["attribute_set_id"],
        "price": sent.get("price", 0),
        "status": sent.get("status", 1),
        "visibility": sent.get("visibility", 4),
        "type_id": sent.get("type_id", "simple"),
        "created_at": now,
        "updated_at": now,
        **({"weight": sent["weight"]} if "weight" in sent else {}),
        "extension_attributes": {"website_ids": websites, **({"category_links": [*links]} if links else {})},
        "product_links": [],
        "options": [],
        "media_gallery_entries": [],
        "tier_prices": [],
        "custom_attributes": [
            {"attribute_code": code, "value": value}
            for code, value in attributes.items()
            if value is not None
        ],
    }
    store_product(call.shop, product)
    _save_stock(call, product, record(extension.get("stock_item")), new=True)
    return product


def _default_websites(call: Call) -> list[Value]:
    """The website of the store view that the product is made in; all of them for ``/rest/all``."""
    own = call.shop.store_by_code(call.store_code).get("website_id")
    return [own] if own else [site["id"] for site in records(call.shop.document("websites")) if site["id"]]


def _check_new(call: Call, sent: Record) -> None:
    if call.shop.database.body(ATTRIBUTE_SETS, to_int(sent.get("attribute_set_id"))) is None:
        raise Refusal(400, BAD_DATA, [NO_SET])
    if len(to_string(sent["sku"])) > SKU_LENGTH:
        raise Refusal(400, "SKU length should be %1 characters maximum.", [SKU_LENGTH])
    if is_empty(sent.get("name")):
        raise Refusal(400, EMPTY_ATTRIBUTE, ["Product Name"])
    if sent.get("price") is None and sent.get("type_id") not in COMPOSITES:
        raise Refusal(400, EMPTY_ATTRIBUTE, ["Price"])
    _check_price(sent)


def _check_price(sent: Record) -> None:
    if to_number(sent.get("price")) < 0:
        raise Refusal(400, "Please enter a number 0 or greater in this field.")


def url_key(name: str) -> str:
    """A product's URL key from its name: ASCII letters and digits joined by dashes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _check_url_key(shop: Shop, key: Value, sku: str) -> None:
    taken = shop.database.value(
        "SELECT 1 FROM catalog_product_entity WHERE json_extract(attribute_values, '$.url_key') = ? "
        "AND sku != ?",
        (key, sku),
    )
    if taken:
        raise Refusal(400, "URL key for specified store already exists.")


def _attributes(shop: Shop, sent: Record) -> Record:
    """The custom attributes that were sent; one that the shop does not have is dropped without a word."""
    rows = shop.database.rows("SELECT attribute_code FROM eav_attribute")
    known = {str(code) for (code,) in rows}
    return {
        to_string(entry.get("attribute_code")): entry.get("value")
        for entry in records(sent.get("custom_attributes"))
        if to_string(entry.get("attribute_code")) in known
    }


def _update(call: Call, product: Record, sent: Record) -> Record:
    _check_price(sent)
    if "name" in sent and is_empty(sent["name"]):
        raise Refusal(400, EMPTY_ATTRIBUTE, ["Product Name"])
    attributes = _attributes(call.shop, sent)
    if "url_key" in attributes:
        _check_url_key(call.shop, attributes["url_key"], to_string(product["sku"]))
    fields = {name: sent[name] for name in (*_SCOPED_FIELDS, "weight", "attribute_set_id") if name in sent}
    write_values(call.shop, product, fields, attributes, call.store_code)
    extension = record(sent.get("extension_attributes"))
    own = record(product.get("extension_attributes"))
    own |= {name: value for name, value in extension.items() if name != "stock_item" and value is not None}
    product["extension_attributes"] = own
    if "category_links" in extension:
        ids: list[Value] = [to_string(link.get("category_id")) for link in records(own["category_links"])]
        product["custom_attributes"] = with_attributes(product, {"category_ids": ids})
    product["updated_at"] = call.shop.clock.text()
    store_product(call.shop, product)
    _save_stock(call, product, record(extension.get("stock_item")), new=False)
    return product


def write_values(shop: Shop, product: Record, fields: Record, attributes: Record, store_code: str) -> None:
    """Change a product's values in the scope of a store code; the caller stores the product itself."""
    if store_code == ALL_STORES:
        product.update(fields)
        product["custom_attributes"] = with_attributes(product, attributes)
        return
    scopes = {str(code): str(scope) for code, scope in _scopes(shop)}
    per_store = store_values(shop, product)
    for name, value in fields.items():
        codes = _codes_in_scope(shop, scopes.get(name, "global"), store_code)
        if not codes:
            product[name] = value
        for code in codes:
            per_store.setdefault(code, {})[name] = value
    for name, value in attributes.items():
        codes = _codes_in_scope(shop, scopes.get(name, "global"), store_code)
        if not codes:
            product["custom_attributes"] = with_attributes(product, {name: value})
        for code in codes:
            own = per_store.setdefault(code, {})
            own["custom_attributes"] = {**record(own.get("custom_attributes")), name: value}
    shop.set_store_values(to_string(product["sku"]), cast("Record", per_store))


def _scopes(shop: Shop) -> list[tuple[Value, ...]]:
    return shop.database.rows("SELECT attribute_code, json_extract(body, '$.scope') FROM eav_attribute")


def _codes_in_scope(shop: Shop, scope: str, store_code: str) -> list[str]:
    """The store views that a value written for one of them is for; none for a global attribute."""
    if scope == "global":
        return []
    website = shop.store_by_code(store_code).get("website_id")
    if scope == "website":
        return [str(view["code"]) for view in shop.store_views() if view.get("website_id") == website]
    return [store_code]


def store_values(shop: Shop, product: Record) -> dict[str, Record]:
    """Values of single store views by their codes."""
    found = shop.database.value(
        "SELECT store_values FROM catalog_product_entity WHERE entity_id = ?", (product["id"],)
    )
    return cast("dict[str, Record]", orjson.loads(found)) if isinstance(found, str) else {}


def store_product(shop: Shop, product: Record) -> None:
    """Store the global values; those of store views and of the stock item stay as they are."""
    hidden = shop.database.rows(
        "SELECT store_values, stock_values FROM catalog_product_entity WHERE entity_id = ?", (product["id"],)
    )
    values, stock = hidden[0] if hidden else (None, None)
    row = {**product_row(product), "store_values": values, "stock_values": stock}
    shop.database.save(PRODUCTS, row, encode_json(product))


def touch_product(shop: Shop, sku: str, changes: Record) -> Record:
    """Change a product past all checks, as an import into Magento's tables does. Raises ValueError."""
    body = shop.database.value("SELECT body FROM catalog_product_entity WHERE sku = ?", (sku,))
    if not isinstance(body, str):
        raise ValueError(f"the shop has no product {sku!r}")
    product = cast("Record", orjson.loads(body)) | changes
    product["updated_at"] = shop.clock.text()
    store_product(shop, product)
    return product


def _save_stock(call: Call, product: Record, sent: Record, *, new: bool) -> None:
    """What saving a product does to its legacy stock item and its default source."""
    shop = call.shop
    item_id = shop.database.next_id(STOCK_ITEM_SEQUENCE)
    before = product_stock(call, product)
    stored: Record = {"item_id": item_id if new else before["item_id"]}
    if product.get("type_id") not in COMPOSITES:
        quantity = sent.get("qty")
        if quantity is not None or new:
            put_quantity(shop, to_string(product["sku"]), quantity or 0, sent.get("is_in_stock") is True)
        stored["without_quantity"] = quantity is None and (new or before["qty"] is None)
        low = not new and to_number(quantity if quantity is not None else before["qty"]) < 1
        stored["low_stock_date"] = shop.clock.text() if low else None
    shop.database.execute(
        "UPDATE catalog_product_entity SET stock_values = ? WHERE entity_id = ?",
        (encode_json(stored), product["id"]),
    )


def put_quantity(shop: Shop, sku: str, quantity: Value, in_stock: bool) -> None:
    item: Record = {"sku": sku, "source_code": DEFAULT_SOURCE, "quantity": quantity, "status": int(in_stock)}
    shop.warehouse.save(item)


def delete_product(call: Call) -> Value:
    product = load_product(call, call.text("sku"))
    call.shop.database.execute("DELETE FROM catalog_product_entity WHERE entity_id = ?", (product["id"],))
    return True


def put_stock_item(call: Call) -> Value:
    """``PUT /V1/products/:productSku/stockItems/:itemId``: the item id of the path is not looked at."""
    product = load_stocked(call)
    sent = call.record("stockItem")
    before = product_stock(call, product)
    quantity = sent.get("qty") if sent.get("qty") is not None else before["qty"]
    in_stock = sent.get("is_in_stock") if sent.get("is_in_stock") is not None else before["is_in_stock"]
    if product.get("type_id") not in COMPOSITES:
        put_quantity(call.shop, to_string(product["sku"]), quantity or 0, in_stock is True)
    stored: Record = {"item_id": before["item_id"]}
    call.shop.database.execute(
        "UPDATE catalog_product_entity SET stock_values = ? WHERE entity_id = ?",
        (encode_json(stored), product["id"]),
    )
    return before["item_id"]


_PRODUCTS = "Magento_Catalog::products"
_PRODUCT = "product:catalog-data-product-interface saveOptions:bool?"
ROUTES = (
    route("POST", "/V1/products", _PRODUCTS, create_product, _PRODUCT),
    route("PUT", "/V1/products/:sku", _PRODUCTS, put_product, f"sku:str {_PRODUCT}"),
    route("DELETE", "/V1/products/:sku", _PRODUCTS, delete_product, "sku:str"),
    route(
        "PUT",
        "/V1/products/:productSku/stockItems/:itemId",
        _PRODUCTS,
        put_stock_item,
        "productSku:str itemId:int stockItem:catalog-inventory-data-stock-item-interface",
    ),
)
