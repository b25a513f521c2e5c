"""Multi-source inventory: sources, stocks, their links, and the quantities per source."""

from __future__ import annotations

import dataclasses
from typing import cast

import orjson

from mageferry.sandbox.criteria import read_criteria
from mageferry.sandbox.listing import Listing
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.refusals import Refusal
from mageferry.sandbox.resources.orders import CRITERIA, list_page
from mageferry.sandbox.routing import NOTHING, Answer, Call, Rendered, route
from mageferry.sandbox.stock import DEFAULT_STOCK
from mageferry.sandbox.tables import SOURCE_ITEMS, SOURCES, STOCK_LINKS, STOCKS

OPTIONAL_CRITERIA = CRITERIA + "?"


def _list_optional(call: Call, listing: Listing) -> Answer:
    """Sources and stocks may be listed without searchCriteria."""
    if "searchCriteria" in call.arguments:
        return list_page(call, listing)
    return listing.page(call.shop.database, dataclasses.replace(read_criteria(None), page_size=None))


def list_source_items(call: Call) -> Answer:
    return list_page(call, Listing(SOURCE_ITEMS))


def list_sources(call: Call) -> Answer:
    return _list_optional(call, Listing(SOURCES))


def get_source(call: Call) -> Answer:
    code = call.text("sourceCode")
    source = call.shop.warehouse.source(code)
    if source is None:
        raise Refusal(404, 'Source with code "%value" does not exist.', {"value": code})
    return source


def list_stocks(call: Call) -> Answer:
    return _list_optional(call, Listing(STOCKS))


def get_stock(call: Call) -> Answer:
    key = call.number("stockId")
    body = call.shop.database.body(STOCKS, key)
    if body is None:
        raise Refusal(404, 'Stock with id "%value" does not exist.', {"value": key})
    return Rendered(body)


def delete_stock(call: Call) -> Answer:
    """Removes a stock that sells nowhere; nothing happens for an unknown one. Raises Refusal (400)."""
    key = call.number("stockId")
    if key == DEFAULT_STOCK:
        raise Refusal(400, "Default Stock could not be deleted.")
    body = call.shop.database.body(STOCKS, key)
    if body is None:
        return NOTHING
    channels = record(record(orjson.loads(body)).get("extension_attributes")).get("sales_channels")
    if channels:
        raise Refusal(400, "Stock has at least one sale channel and could not be deleted.")
    with call.shop.database.transaction():
        call.shop.database.execute("DELETE FROM inventory_stock WHERE stock_id = ?", (key,))
        call.shop.database.execute("DELETE FROM inventory_source_stock_link WHERE stock_id = ?", (key,))
    return NOTHING


def list_stock_links(call: Call) -> Answer:
    return list_page(call, Listing(STOCK_LINKS))


def resolve_stock(call: Call) -> Answer:
    """The stock that serves a sales channel, such as a website."""
    for stock in _stocks(call):
        for channel in records(record(stock.get("extension_attributes")).get("sales_channels")):
            if channel.get("type") == call.text("type") and channel.get("code") == call.text("code"):
                return stock
    raise Refusal(404, "No linked stock found")


def _stocks(call: Call) -> list[Record]:
    rows = call.shop.database.rows("SELECT body FROM inventory_stock ORDER BY stock_id")
    return [cast("Record", orjson.loads(str(body))) for (body,) in rows]


_API = "Magento_InventoryApi::"
ROUTES = (
    route("GET", "/V1/inventory/source-items", f"{_API}source", list_source_items, CRITERIA),
    route("GET", "/V1/inventory/sources", f"{_API}source", list_sources, OPTIONAL_CRITERIA),
    route("GET", "/V1/inventory/sources/:sourceCode", f"{_API}source", get_source, "sourceCode:str"),
    route("GET", "/V1/inventory/stocks", f"{_API}stock", list_stocks, OPTIONAL_CRITERIA),
    route("GET", "/V1/inventory/stocks/:stockId", f"{_API}stock", get_stock, "stockId:int"),
    route("DELETE", "/V1/inventory/stocks/:stockId", f"{_API}stock", delete_stock, "stockId:int"),
    route(
        "GET",
        "/V1/inventory/stock-source-links",
        f"{_API}stock_source_link",
        list_stock_links,
        CRITERIA,
    ),
    route(
        "GET",
        "/V1/inventory/stock-resolver/:type/:code",
        "Magento_InventorySalesApi::stock",
        resolve_stock,
        "type:str code:str",
    ),
)
