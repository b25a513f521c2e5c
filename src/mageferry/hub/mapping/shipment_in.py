"""A Magento shipment, read into the hub's terms. Pure: no database, no network."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mageferry.hub.mapping.amounts import ZERO
from mageferry.hub.mapping.field_mappings import Assignment
from mageferry.hub.mapping.fields import Fields, Texts, UnusableRecord
from mageferry.hub.trade.models import OrderItem


@dataclass(frozen=True, slots=True)
class TrackRecord:
    number: str
    title: str
    carrier_code: str


@dataclass(frozen=True, slots=True)
class ShippedItem:
    """A row of a shipment; `order_item_id` is the order's row: an item's own, a configurable's or a bundle's."""

    order_item_id: int
    sku: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class ShipmentRecord:
    shipment_id: int
    number: str
    order_id: int
    remote_updated_at: dt.datetime | None
    shipped_at: dt.datetime
    items: tuple[ShippedItem, ...]
    tracks: tuple[TrackRecord, ...]
    mapped: tuple[Assignment, ...] = ()


def order_id_of(raw: Any) -> int:
    """The entity_id of a shipment's order. Raises UnusableRecord."""
    if not isinstance(raw, dict):
        raise UnusableRecord(
            "The shop sent something that isn't a shipment.", "Look at the shop's answer in the request log."
        )
    return Fields(raw, _subject(raw)).id("order_id")


def read_shipment(raw: Mapping[str, Any]) -> ShipmentRecord:
    """A row of GET /V1/shipments. Raises UnusableRecord saying which field of which shipment can't be used."""
    order_id = order_id_of(raw)
    subject = _subject(raw)
    shipment = Fields(raw, subject)
    items = [_item(row, subject) for row in _rows(raw, "items", subject)]
    items = [item for item in items if item.quantity > 0]
    if not items:
        raise UnusableRecord(f"{subject} has no items.")
    return ShipmentRecord(
        shipment.id("entity_id"),
        _number_of(raw),
        order_id,
        shipment.moment("updated_at") if raw.get("updated_at") else None,
        shipment.moment("created_at"),
        tuple(items),
        tuple(
            track for track in (_track(row, subject) for row in _rows(raw, "tracks", subject)) if track.number
        ),
    )


def _number_of(raw: Mapping[str, Any]) -> str:
    return str(raw.get("increment_id") or raw.get("entity_id") or "without a number")


def _subject(raw: Mapping[str, Any]) -> str:
    return f"Shipment {_number_of(raw)}"


def _rows(raw: Mapping[str, Any], name: str, subject: str) -> list[Mapping[str, Any]]:
    rows = raw.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnusableRecord(f"{subject} has {name} that can't be read.")
    return rows


def _item(row: Mapping[str, Any], subject: str) -> ShippedItem:
    item = Fields(row, subject, "item ", "sku")
    (sku,) = item.texts(_ITEM_TEXTS)
    (quantity,) = item.amounts(("qty",))
    return ShippedItem(item.id("order_item_id"), sku, quantity)


_ITEM_TEXTS = Texts({"sku": 255})
_TRACK_TEXTS = Texts({"track_number": 255, "title": 255, "carrier_code": 32})


def _track(row: Mapping[str, Any], subject: str) -> TrackRecord:
    number, title, code = Fields(row, subject, "track ").texts(_TRACK_TEXTS)
    return TrackRecord(number.strip(), title.strip(), code.strip())


def match_shipped(record: ShipmentRecord, items: Sequence[OrderItem]) -> dict[int, Decimal]:
    """How many of which hub item (by its pk) a shipment holds. `items` come with their `magento` loaded.

    By Magento's item_id; a bundle's row stands for its components; else by an SKU that the order has once.
    Raises UnusableRecord for a row that is none of the order's.
    """
    found: dict[int, Decimal] = {}
    for shipped in record.items:
        matched = _own(shipped, items) or _components(shipped, items) or _by_sku(shipped, items)
        if not matched:
            raise UnusableRecord(
                f"Shipment {record.shipment_id} holds {shipped.sku or 'an item'} (item {shipped.order_item_id}), "
                "which isn't an item of its order in the hub.",
                "Compare the items of the order in the hub and in Magento, then retry or skip this record.",
            )
        for item, quantity in matched:
            # Nobody ships more of an item than was ordered.
            found[item.pk] = min(found.get(item.pk, ZERO) + quantity, item.quantity)
    return found


def _own(shipped: ShippedItem, items: Iterable[OrderItem]) -> list[tuple[OrderItem, Decimal]]:
    return [
        (item, shipped.quantity)
        for item in _in_magento(items)
        if item.magento.item_id == shipped.order_item_id
    ]


def _components(shipped: ShippedItem, items: Sequence[OrderItem]) -> list[tuple[OrderItem, Decimal]]:
    parts = [item for item in _in_magento(items) if item.magento.parent_item_id == shipped.order_item_id]
    bundles = {item.sku: item.quantity for item in items if item.product_type == "bundle"}
    return [
        (part, shipped.quantity * part.quantity / bundles.get(part.bundle_sku, Decimal(1))) for part in parts
    ]


def _by_sku(shipped: ShippedItem, items: Sequence[OrderItem]) -> list[tuple[OrderItem, Decimal]]:
    same = [item for item in items if item.sku == shipped.sku and item.product_type != "bundle"]
    return [(same[0], shipped.quantity)] if len(same) == 1 else []


def _in_magento(items: Iterable[OrderItem]) -> list[OrderItem]:
    return [item for item in items if hasattr(item, "magento")]
