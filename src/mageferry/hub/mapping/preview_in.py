"""Records of a shop as the hub would take them over: what the connector's mappings make of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.mapping.comparison import NoPreview, Preview, compare
from mageferry.hub.mapping.field_mappings import FieldMappings, put_value
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.order_in import read_order
from mageferry.hub.mapping.order_mappings import map_record
from mageferry.hub.mapping.order_records import OrderRecord
from mageferry.hub.mapping.product_in import ENABLED, ProductRecord, read_product
from mageferry.hub.mapping.product_mappings import map_product
from mageferry.hub.mapping.rules import FROM_MAGENTO
from mageferry.hub.mapping.shipment_in import read_shipment
from mageferry.hub.mapping.shipment_mappings import shipment_values
from mageferry.magento import Magento, MagentoError, SearchCriteria

type Search = Callable[[Magento, SearchCriteria], list[Any]]


def preview_order_in(connector: Magento2Connector, number: str, mappings: FieldMappings) -> Preview:
    """An order, with its items, addresses and payment."""
    raw = _ask(connector, "order", number, lambda shop, criteria: shop.orders.search(criteria))
    title = f"Order {raw.get('increment_id')} (entity {raw.get('entity_id')}) of {connector}, as a new order of the hub"
    try:
        before = read_order(raw, connector.status_map)
    except UnusableRecord as error:
        return _unusable(title, error)
    after = deepcopy(before)
    problems = map_record(raw, after, mappings)
    return compare(title, _order_tree(before), _order_tree(after), problems)


def _order_tree(record: OrderRecord) -> dict[str, Any]:
    # What is kept for orders that the hub has is no field.
    return dataclasses.asdict(dataclasses.replace(record, mapped=()))


def preview_shipment_in(connector: Magento2Connector, number: str, mappings: FieldMappings) -> Preview:
    """A shipment: its fields that can be mapped."""
    raw = _ask(connector, "shipment", number, lambda shop, criteria: shop.shipments.search(criteria))
    title = (
        f"Shipment {raw.get('increment_id')} (entity {raw.get('entity_id')}) of {connector}, as a new shipment of the "
        "hub"
    )
    try:
        before = shipment_values(read_shipment(raw), connector.courier_map)
    except UnusableRecord as error:
        return _unusable(title, error)
    after, problems = dict(before), list[str]()
    for assignment in mappings.assignments(FROM_MAGENTO, "shipment", raw, problems):
        put_value(after, assignment, problems)
    return compare(title, before, after, problems)


def preview_product_in(connector: Magento2Connector, number: str, mappings: FieldMappings) -> Preview:
    """A product, with its default values."""
    raw = _ask(
        connector, "product", number,
        lambda shop, criteria: shop.products.search(criteria, store_code="all"),
        "sku",
    )  # fmt: skip
    title = f"Product {raw.get('sku')} (entity {raw.get('id')}) of {connector}, as a new product of the hub"
    try:
        before = read_product(raw, connector.product_attributes)
    except UnusableRecord as error:
        return _unusable(title, error)
    after, problems = map_product(raw, before, mappings)
    return compare(title, _product_tree(before), _product_tree(after), problems)


def _product_tree(record: ProductRecord) -> dict[str, Any]:
    names = ("sku", "name", "product_type", "price", "weight", "attributes")
    return {**{name: getattr(record, name) for name in names}, "active": record.status == ENABLED}


def _unusable(title: str, error: UnusableRecord) -> Preview:
    return Preview(title, (), (f"{error.reason} {error.remedy}",))


def _ask(
    connector: Magento2Connector, what: str, number: str, search: Search, field: str = "increment_id"
) -> Mapping[str, Any]:
    """The record of this number or id; the newest without one. Raises NoPreview."""
    try:
        with open_shop(connector) as shop:
            raw = _find(lambda criteria: search(shop, criteria.page_size(1)), number, field)
    except MagentoError as error:
        raise NoPreview(f"{error.message} {error.remedy}".strip()) from None
    if raw is None:
        raise NoPreview(f"The shop has no {what} {number}." if number else f"The shop has no {what}s yet.")
    return raw


def _find(search: Callable[[SearchCriteria], list[Any]], number: str, field: str) -> Mapping[str, Any] | None:
    found: list[Mapping[str, Any]]
    if not number:
        found = search(SearchCriteria().sort("entity_id", "DESC"))
    else:
        found = search(SearchCriteria().where(field, "eq", number))
        # Magento casts: "000000015" would be entity 15.
        if not found and number.isascii() and number.isdigit() and number[0] != "0" and len(number) <= 18:
            found = search(SearchCriteria().where("entity_id", "eq", number))
    return found[0] if found else None
