"""Which sources of a stock would deliver a request, as Magento proposes it for a shipment."""

from __future__ import annotations

from decimal import Decimal

from mageferry.sandbox.money import ZERO, amount, shown
from mageferry.sandbox.orderbook import Record, records
from mageferry.sandbox.php import Value, is_empty, to_int, to_string
from mageferry.sandbox.refusals import masked
from mageferry.sandbox.routing import Answer, Call, route

PRIORITY = "priority"
ALGORITHMS: tuple[Record, ...] = (
    {
        "code": "distance",
        "title": "Distance Priority",
        "description": "Algorithm which provides Source Selections based on shipping address distance from the "
        "source",
    },
    {
        "code": PRIORITY,
        "title": "Source Priority",
        "description": "Algorithm which provides Source Selections based on predefined priority of Source",
    },
)


def list_algorithms(call: Call) -> Answer:
    return [*ALGORITHMS]


def select_sources(call: Call) -> Answer:
    """Walks the stock's sources by priority and takes from each what it has. Raises Refusal (500) for an
    algorithm that is not there; distances would need a provider that a sandbox has not.
    """
    if call.text("algorithmCode") != PRIORITY:
        raise masked()
    request = call.record("inventoryRequest")
    wanted: dict[str, Decimal] = {}
    for item in records(request.get("items")):
        sku = to_string(item.get("sku"))
        wanted[sku] = wanted.get(sku, ZERO) + amount(item, "qty")
    proposals: list[Value] = []
    for code in call.shop.warehouse.sources(to_int(request.get("stock_id"))):
        for sku, left in wanted.items():
            held = call.shop.warehouse.item(code, sku)
            if held is None or is_empty(held.get("status")):
                continue
            available = amount(held, "quantity")
            taken = min(available, left)
            wanted[sku] = left - taken
            proposals.append(
                {
                    "source_code": code,
                    "sku": sku,
                    "qty_to_deduct": shown(taken),
                    "qty_available": shown(available),
                }
            )
    return {"source_selection_items": proposals, "shippable": not any(wanted.values())}


def list_prioritised_sources(call: Call) -> Answer:
    """The sources of a stock, the preferred one first."""
    found = [call.shop.warehouse.source(code) for code in call.shop.warehouse.sources(call.number("stockId"))]
    return [source for source in found if source is not None]


_API = "Magento_InventoryApi::"
_SELECTION = "Magento_InventorySourceSelectionApi::source_selection"
ROUTES = (
    route("GET", "/V1/inventory/source-selection-algorithm-list", _SELECTION, list_algorithms),
    route(
        "POST",
        "/V1/inventory/source-selection-algorithm-result",
        _SELECTION,
        select_sources,
        "inventoryRequest:inventory-source-selection-api-data-inventory-request-interface algorithmCode:str",
    ),
    route(
        "GET",
        "/V1/inventory/get-sources-assigned-to-stock-ordered-by-priority/:stockId",
        f"{_API}source",
        list_prioritised_sources,
        "stockId:int",
    ),
)
