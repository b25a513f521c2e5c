"""What can be sold: quantities less what orders reserve."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

import orjson

from mageferry.sandbox.money import ZERO, amount, shown
from mageferry.sandbox.orderbook import Record, record
from mageferry.sandbox.php import Value, to_string
from mageferry.sandbox.products import COMPOSITES, bundle_parts
from mageferry.sandbox.refusals import Crash, Refusal
from mageferry.sandbox.resources.orders import criteria_of
from mageferry.sandbox.resources.prices import find_product
from mageferry.sandbox.routing import Answer, Call, route
from mageferry.sandbox.shop import Shop

MAX_SALE_QUANTITY = 10000
STOCKED = ("simple", "virtual", "downloadable")
"""The types whose products lie at a source themselves."""


def salable_quantity(shop: Shop, sku: str, stock_id: int) -> Decimal:
    """What can still be sold of a SKU: quantity less what orders reserve."""
    quantity = shop.warehouse.quantity(stock_id, sku)
    return ZERO if quantity is None else quantity - shop.warehouse.reserved(stock_id, sku)


def is_salable(shop: Shop, product: Record, stock_id: int) -> bool:
    """Whether a product can be sold; a composite when one of its parts can."""
    if product.get("status") != 1:
        return False
    if product.get("type_id") not in COMPOSITES:
        return salable_quantity(shop, to_string(product["sku"]), stock_id) > 0
    extension = record(product.get("extension_attributes"))
    links = extension.get("configurable_product_links")
    ids = links if isinstance(links, list) else []
    bodies = [
        shop.database.value("SELECT sku FROM catalog_product_entity WHERE entity_id = ?", (i,)) for i in ids
    ]
    parts = [to_string(sku) for sku in (*bodies, *bundle_parts(product))]
    return any(salable_quantity(shop, sku, stock_id) > 0 for sku in parts)


def get_salable_quantity(call: Call) -> Answer:
    product = find_product(call.shop, call.text("sku"))
    if product is None:
        raise Crash("TypeError: the type of an unknown SKU is null")
    if product.get("type_id") in COMPOSITES:
        raise Refusal(400, "Can't check requested quantity for products without Source Items support.")
    return shown(max(salable_quantity(call.shop, call.text("sku"), call.number("stockId")), ZERO))


def get_is_salable(call: Call) -> Answer:
    product = find_product(call.shop, call.text("sku"))
    return product is not None and is_salable(call.shop, product, call.number("stockId"))


def get_is_salable_for(call: Call) -> Answer:
    """Whether a quantity can be sold, and why not."""
    sku, stock_id = call.text("sku"), call.number("stockId")
    wanted = amount(call.arguments, "requestedQty")
    errors: list[Value] = []
    if wanted > MAX_SALE_QUANTITY:
        text = "The requested qty exceeds the maximum qty allowed in shopping cart"
        errors.append({"code": "is_correct_qty-max_sale_qty", "message": text})
    elif salable_quantity(call.shop, sku, stock_id) < wanted:
        text = "The requested qty is not available"
        errors.append({"code": "is_salable_with_reservations-not_enough_qty", "message": text})
    return {"salable": not errors, "errors": errors}


def dump_stock(call: Call) -> Answer:
    """The stock index of a website: every enabled product that is at one of its sources."""
    stock_id = call.shop.warehouse.stock_of_website(call.text("salesChannelCode"))
    rows: list[Value] = []
    for product in _sold_products(call.shop):
        sku = to_string(product["sku"])
        if product.get("type_id") not in (*STOCKED, *COMPOSITES):
            continue
        quantity = call.shop.warehouse.indexed_quantity(stock_id, sku)
        composite = product.get("type_id") in COMPOSITES
        if composite or quantity is not None:
            held = ZERO if composite or quantity is None else quantity
            salable = is_salable(call.shop, product, stock_id) if composite else held > 0
            rows.append({"sku": sku, "qty": shown(held), "is_salable": salable})
    return rows


def _sold_products(shop: Shop) -> list[Record]:
    rows = shop.database.rows("SELECT body FROM catalog_product_entity WHERE status = 1 ORDER BY entity_id")
    return [cast("Record", orjson.loads(str(body))) for (body,) in rows]


def export_salable_quantities(call: Call) -> Answer:
    """Salable quantities, page by page; the count is that of the page."""
    stock_id = call.shop.warehouse.stock_of_website(call.text("salesChannelCode"))
    criteria = criteria_of(call)
    items: list[Value] = []
    for product in _sold_products(call.shop):
        sku = to_string(product["sku"])
        if product.get("type_id") not in STOCKED or call.shop.warehouse.quantity(stock_id, sku) is None:
            continue
        left = salable_quantity(call.shop, sku, stock_id)
        items.append({"sku": sku, "qty": shown(left), "is_salable": left > 0})
    size = criteria.page_size or len(items)
    start = (max(criteria.current_page or 1, 1) - 1) * size
    page = items[start : start + size]
    return {"items": page, "search_criteria": criteria.echo, "total_count": len(page)}


_STOCK = "Magento_InventoryApi::stock"
_INVENTORY = "/V1/inventory"
ROUTES = (
    route(
        "GET",
        f"{_INVENTORY}/get-product-salable-quantity/:sku/:stockId",
        _STOCK,
        get_salable_quantity,
        "sku:str stockId:int",
    ),
    route(
        "GET", f"{_INVENTORY}/is-product-salable/:sku/:stockId", _STOCK, get_is_salable, "sku:str stockId:int"
    ),
    route(
        "GET",
        f"{_INVENTORY}/is-product-salable-for-requested-qty/:sku/:stockId/:requestedQty",
        _STOCK,
        get_is_salable_for,
        "sku:str stockId:int requestedQty:float",
    ),
    route(
        "GET",
        f"{_INVENTORY}/dump-stock-index-data/:salesChannelType/:salesChannelCode",
        _STOCK,
        dump_stock,
        "salesChannelType:str salesChannelCode:str",
    ),
    route(
        "GET",
        f"{_INVENTORY}/export-stock-salable-qty/:salesChannelType/:salesChannelCode",
        _STOCK,
        export_salable_quantities,
        "salesChannelType:str salesChannelCode:str searchCriteria:framework-search-criteria-interface",
    ),
)
