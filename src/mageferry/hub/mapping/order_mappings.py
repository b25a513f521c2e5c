"""Field mappings of orders: from a Magento's order into the hub's, and from the hub's into the entity that is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.mapping.field_mappings import (
    REMEDY,
    Assignment,
    FieldMappings,
    put_in_place,
    put_value,
    wanted,
)
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.order_amounts import UnsendableOrder
from mageferry.hub.mapping.order_document import order_document
from mageferry.hub.mapping.order_in import read_order
from mageferry.hub.mapping.order_out import external_item_id, prune
from mageferry.hub.mapping.order_records import AddressRecord, ItemRecord, Mapped, OrderRecord
from mageferry.hub.mapping.rules import FROM_MAGENTO, TO_MAGENTO
from mageferry.hub.trade.models import Order


def read_mapped_order(
    raw: Mapping[str, Any], status_map: Mapping[str, str], mappings: FieldMappings
) -> OrderRecord:
    """A row of GET /V1/orders as an OrderRecord, with the connector's mappings. Raises UnusableRecord."""
    record = read_order(raw, status_map)
    if mappings.touch(FROM_MAGENTO):
        problems = map_record(raw, record, mappings)
        if problems:
            raise UnusableRecord(f"Order {record.increment_id}: {'; '.join(problems)}.", REMEDY)
    return record


def map_record(raw: Mapping[str, Any], record: OrderRecord, mappings: FieldMappings) -> list[str]:
    """Fill a record as for a new order, and keep with it what holds for one that the hub has; every problem."""
    problems: list[str] = []
    mapped: list[Mapped] = []
    for kind, key, holder, document in _sources(raw, record):
        found = mappings.assignments(FROM_MAGENTO, kind, document, problems)
        for assignment in found:
            put_value(holder, assignment, problems)
        if lasting := tuple(wanted(found, is_new=False)):
            mapped.append(Mapped(kind, key, lasting))
    record.mapped = tuple(mapped)
    return problems


def _sources(
    raw: Mapping[str, Any], record: OrderRecord
) -> Iterator[tuple[str, int | str, Any, Mapping[str, Any]]]:
    """Each record of an order with the JSON that its mappings read; the order is reachable from its parts."""
    yield "order", "", record, raw
    rows = [each for each in raw.get("items") or [] if isinstance(each, dict)]
    for item in record.items:
        yield "order_item", item.item_id, item, {**_item_source(rows, item), "order": raw}
    for address in record.addresses:
        yield "order_address", address.kind, address, {**_address_source(raw, address), "order": raw}
    payment = raw.get("payment")
    if record.payment is not None and isinstance(payment, dict):
        yield "order_payment", "", record.payment, {**payment, "order": raw}


def _item_source(rows: list[dict[str, Any]], item: ItemRecord) -> dict[str, Any]:
    """The item's JSON with its children: a configurable's line has the child's SKU and the parent's money."""
    own = next((row for row in rows if str(row.get("item_id")) == str(item.item_id)), {})
    children = [row for row in rows if str(row.get("parent_item_id")) == str(item.item_id)]
    return {**own, "children": children}


def _address_source(raw: Mapping[str, Any], address: AddressRecord) -> dict[str, Any]:
    source: Any = raw.get("billing_address")
    if address.kind == "shipping":
        source = raw.get("extension_attributes")
        for step in ("shipping_assignments", 0, "shipping", "address"):
            source = source[step]
    return {**source, "kind": address.kind}


def map_entity(
    entity: dict[str, Any], order: Order, row: Magento2Seller, mappings: FieldMappings
) -> dict[str, Any]:
    """The entity to send with the connector's mappings. Raises UnsendableOrder naming every row that doesn't fit."""
    if not mappings.touch(TO_MAGENTO):
        return entity
    problems = fill_entity(entity, order, row, mappings)
    if problems:
        raise UnsendableOrder(problems)
    pruned: dict[str, Any] = prune(entity)
    return pruned


def fill_entity(
    entity: dict[str, Any], order: Order, row: Magento2Seller, mappings: FieldMappings
) -> list[str]:
    """Fill an entity in place; every problem."""
    problems: list[str] = []
    document = order_document(order, row)
    items = {
        external_item_id(item): each for item, each in zip(order.items.all(), document["items"], strict=True)
    }
    parts: list[tuple[str, dict[str, Any], Mapping[str, Any]]] = [("order", entity, document)]
    for entry in entity.get("items", []):
        source = items.get(entry.get("ext_order_item_id"), {})
        parts.append(("order_item", entry, {**source, "order": document}))
    for kind, entry in _addresses(entity):
        parts.append(("order_address", entry, {**document[kind], "order": document}))
    if isinstance(entity.get("payment"), dict):
        parts.append(("order_payment", entity["payment"], {**document["payment"], "order": document}))
    for record, entry, source in parts:
        found: tuple[Assignment, ...] = mappings.assignments(TO_MAGENTO, record, source, problems)
        for assignment in found:
            put_in_place(entry, assignment, problems)
    return problems


def _addresses(entity: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(entity.get("billing_address"), dict):
        yield "billing_address", entity["billing_address"]
    for assignment in entity.get("extension_attributes", {}).get("shipping_assignments", []):
        address = assignment.get("shipping", {}).get("address")
        if isinstance(address, dict):
            yield "shipping_address", address
