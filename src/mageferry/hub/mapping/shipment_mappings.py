"""Field mappings of shipments: from a Magento's into the hub's, and from the hub's into what ships an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.mapping.bodies import RETRY_REMEDY, map_body
from mageferry.hub.mapping.carriers import carrier_for
from mageferry.hub.mapping.field_mappings import REMEDY, FieldMappings, put_value, wanted
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.order_document import shipment_document
from mageferry.hub.mapping.rules import FROM_MAGENTO
from mageferry.hub.mapping.shipment_in import ShipmentRecord, TrackRecord, read_shipment
from mageferry.hub.mapping.shipment_out import UnsendableShipment
from mageferry.hub.trade.models import OrderShipment

RECORD: Final = "shipment"


def read_mapped_shipment(raw: Mapping[str, Any], mappings: FieldMappings) -> ShipmentRecord:
    """A row of GET /V1/shipments with what the connector's mappings find in it. Raises UnusableRecord."""
    record = read_shipment(raw)
    problems: list[str] = []
    found = mappings.assignments(FROM_MAGENTO, RECORD, raw, problems)
    if problems:
        raise _unusable(record, problems)
    return replace(record, mapped=found) if found else record


def shipment_values(record: ShipmentRecord, courier_map: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the hub's shipment without any mapping; those that can be mapped."""
    return {
        "carrier": carrier_of(record.tracks, courier_map),
        "service": "",
        "shipped_at": record.shipped_at,
    }


def carrier_of(tracks: Sequence[TrackRecord], courier_map: Mapping[str, str]) -> str:
    """The carrier of a shipment with these tracks: that of the first."""
    return carrier_for(tracks[0].carrier_code, tracks[0].title, courier_map)[:100] if tracks else ""


def fill_shipment(shipment: OrderShipment, record: ShipmentRecord, *, is_new: bool) -> list[str]:
    """Fill the mapped fields of the hub's shipment; the names of those that changed, for the caller to save.

    Raises UnusableRecord when a value doesn't go together with what is there.
    """
    problems: list[str] = []
    changed = [
        assignment.field.name
        for assignment in wanted(record.mapped, is_new=is_new)
        if put_value(shipment, assignment, problems)
    ]
    if problems:
        raise _unusable(record, problems)
    return sorted(set(changed))


def _unusable(record: ShipmentRecord, problems: list[str]) -> UnusableRecord:
    return UnusableRecord(f"Shipment {record.number}: {'; '.join(problems)}.", REMEDY)


def map_shipment_body(
    body: dict[str, Any], shipment: OrderShipment, row: Magento2Seller, mappings: FieldMappings
) -> dict[str, Any]:
    """What ships an order, with the connector's mappings. Raises UnsendableShipment naming every row that doesn't
    fit."""
    filled, problems = map_body(RECORD, body, lambda: shipment_document(shipment, row), mappings)
    if problems:
        raise UnsendableShipment(problems, RETRY_REMEDY)
    return filled
