"""Changing quantities at sources, and the sources themselves."""

from __future__ import annotations

from typing import cast

import orjson

from mageferry.sandbox.money import amount, shown
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import is_empty, to_string
from mageferry.sandbox.products import bundle_parts
from mageferry.sandbox.refusals import Crash, Fault, Refusal
from mageferry.sandbox.resources.prices import find_product
from mageferry.sandbox.routing import NOTHING, Answer, Call, route

NOT_SAVED = "Could not save Source Item"
NUMERIC = '"%field" should be numeric.'
EMPTY = '"%field" can not be empty.'
UNKNOWN_STATUS = '"%field" should be a known status.'
NOT_IN_BUNDLE = (
    'Not able to assign "%1" to product "%2", as it is part of bundle product <a href="%3">"%4"</a> with '
    'shipment type "Ship Together" and has multiple sources or different source as other bundle selections.'
)


def save_source_items(call: Call) -> Answer:
    """Sets quantities, all of the list or none. Raises Refusal (400)."""
    items = records(call.arguments["sourceItems"])
    if not items:
        raise Refusal(400, "Input data is empty")
    faults = [fault for item in items for fault in _faults(item)]
    faults = faults or [fault for item in items for fault in _bundle_faults(call, item)]
    if faults:
        raise Refusal(400, f"Validation Failed: {faults[0].text()}", errors=faults)
    if not all(call.shop.warehouse.has_source(to_string(item["source_code"])) for item in items):
        raise Refusal(400, NOT_SAVED)
    with call.shop.database.transaction():
        for item in items:
            fields = ("sku", "source_code", "quantity", "status")
            call.shop.warehouse.save({name: item[name] for name in fields})
    return NOTHING


def _faults(item: Record) -> list[Fault]:
    """What is wrong with one source item, in the order in which Magento's validators look."""
    faults = [
        Fault(EMPTY, {"field": name})
        for name in ("sku", "source_code")
        if not to_string(item.get(name)).strip()
    ]
    faults += [Fault(NUMERIC, {"field": name}) for name in ("quantity", "status") if item.get(name) is None]
    if item.get("status") not in (None, 0, 1):
        faults.append(Fault(UNKNOWN_STATUS, {"field": "status"}))
    return faults


def _bundle_faults(call: Call, item: Record) -> list[Fault]:
    """A part of a bundle that ships together must be at the one source that all its parts are at."""
    sku, code = to_string(item["sku"]), to_string(item["source_code"])
    faults: list[Fault] = []
    rows = call.shop.database.rows("SELECT body FROM catalog_product_entity WHERE type_id = 'bundle'")
    for (body,) in rows:
        bundle = cast("Record", orjson.loads(str(body)))
        parts = bundle_parts(bundle)
        if sku.lower() not in parts or _ships_separately(bundle):
            continue
        if {source for part in parts for source in call.shop.warehouse.sources_of(part)} - {code}:
            link = f"{call.base_url}/catalog/product/edit/id/{bundle['id']}/"
            faults.append(Fault(NOT_IN_BUNDLE, [item["source_code"], item["sku"], link, bundle["sku"]]))
    return faults


def _ships_separately(bundle: Record) -> bool:
    attributes = {e.get("attribute_code"): e.get("value") for e in records(bundle.get("custom_attributes"))}
    return str(attributes.get("shipment_type")) == "1"


def delete_source_items(call: Call) -> Answer:
    items = records(call.arguments["sourceItems"])
    if not items:
        raise Refusal(400, "Input data is empty")
    for item in items:
        call.shop.warehouse.remove(to_string(item.get("source_code")), to_string(item.get("sku")))
    return NOTHING


def _texts(call: Call, name: str) -> list[str]:
    value = call.arguments[name]
    return [to_string(entry) for entry in value] if isinstance(value, list) else []


def _known_skus(call: Call) -> list[str]:
    """The SKUs asked for. Raises Crash for an unknown one, as Magento's look-up of product types does."""
    skus = _texts(call, "skus")
    if any(find_product(call.shop, sku) is None for sku in skus):
        raise Crash("NoSuchEntityException: a SKU is unknown")
    return skus


def assign_sources(call: Call) -> Answer:
    """How many assignments were new."""
    count = 0
    for sku in _known_skus(call):
        for code in _texts(call, "sourceCodes"):
            if call.shop.warehouse.item(code, sku) is None:
                call.shop.warehouse.save({"sku": sku, "source_code": code, "quantity": 0, "status": 0})
                count += 1
    return count


def unassign_sources(call: Call) -> Answer:
    """How many assignments were removed."""
    count = 0
    for sku in _known_skus(call):
        for code in _texts(call, "sourceCodes"):
            count += call.shop.warehouse.item(code, sku) is not None
            call.shop.warehouse.remove(code, sku)
    return count


def transfer_sources(call: Call) -> Answer:
    """Moves everything from one source to another."""
    origin, destination = call.text("originSource"), call.text("destinationSource")
    for sku in _known_skus(call):
        item = call.shop.warehouse.item(origin, sku)
        if item is None:
            continue
        there = call.shop.warehouse.item(destination, sku) or {"quantity": 0, "status": item["status"]}
        total = shown(amount(item, "quantity") + amount(there, "quantity"))
        call.shop.warehouse.save({**there, "sku": sku, "source_code": destination, "quantity": total})
        if call.arguments["unassignFromOrigin"] is True:
            call.shop.warehouse.remove(origin, sku)
        else:
            call.shop.warehouse.save({**item, "quantity": 0, "status": 0})
    return True


def save_source(call: Call) -> Answer:
    """Creates a source, or changes the fields that were sent of a known one. Raises Refusal (400)."""
    sent = {name: value for name, value in call.record("source").items() if not is_empty(value)}
    code = call.arguments.get("sourceCode") or sent.get("source_code")
    faults = [
        Fault(EMPTY, {"field": name})
        for name, value in (("source_code", code), ("name", sent.get("name")))
        if is_empty(value)
    ]
    faults += [
        Fault(EMPTY, {"field": name}) for name in ("country_id", "postcode") if is_empty(sent.get(name))
    ]
    if faults:
        raise Refusal(400, f"Validation Failed: {faults[0].text()}", errors=faults)
    call.shop.warehouse.save_source({**sent, "source_code": code})
    return NOTHING


def save_notifications(call: Call) -> Answer:
    """From which quantity on a source's stock of a SKU counts as low."""
    stored = dict(record(call.shop.document("low_quantity")))
    for row in records(call.arguments["sourceItemConfigurations"]):
        key = f"{row.get('source_code')}/{to_string(row.get('sku')).lower()}"
        fields = ("source_code", "sku", "notify_stock_qty")
        stored[key] = {name: row.get(name) for name in fields}
    call.shop.set_document("low_quantity", stored)
    return NOTHING


def get_notification(call: Call) -> Answer:
    """The quantity set for a source and SKU, else the shop's default of 1."""
    code, sku = call.text("sourceCode"), call.text("sku")
    found = record(call.shop.document("low_quantity")).get(f"{code}/{sku.lower()}")
    return found or {"source_code": code, "sku": sku, "notify_stock_qty": 1}


_SOURCE = "Magento_InventoryApi::source"
_ITEMS = "sourceItems:*inventory-api-data-source-item-interface"
_INVENTORY = "/V1/inventory"
ROUTES = (
    route("POST", f"{_INVENTORY}/source-items", _SOURCE, save_source_items, _ITEMS),
    route("POST", f"{_INVENTORY}/source-items-delete", _SOURCE, delete_source_items, _ITEMS),
    route(
        "POST",
        f"{_INVENTORY}/sources",
        _SOURCE,
        save_source,
        "source:inventory-api-data-source-interface",
    ),
    route(
        "PUT",
        f"{_INVENTORY}/sources/:sourceCode",
        _SOURCE,
        save_source,
        "sourceCode:str source:inventory-api-data-source-interface",
    ),
    route(
        "POST",
        f"{_INVENTORY}/bulk-product-source-assign",
        _SOURCE,
        assign_sources,
        "skus:*str sourceCodes:*str",
    ),
    route(
        "POST",
        f"{_INVENTORY}/bulk-product-source-unassign",
        _SOURCE,
        unassign_sources,
        "skus:*str sourceCodes:*str",
    ),
    route(
        "POST",
        f"{_INVENTORY}/bulk-product-source-transfer",
        _SOURCE,
        transfer_sources,
        "skus:*str originSource:str destinationSource:str unassignFromOrigin:bool",
    ),
    route(
        "POST",
        f"{_INVENTORY}/low-quantity-notification",
        _SOURCE,
        save_notifications,
        "sourceItemConfigurations:*inventory-low-quantity-notification-api-data-source-item-configuration-interface",
    ),
    route(
        "GET",
        f"{_INVENTORY}/low-quantity-notification/:sourceCode/:sku",
        _SOURCE,
        get_notification,
        "sourceCode:str sku:str",
    ),
)
