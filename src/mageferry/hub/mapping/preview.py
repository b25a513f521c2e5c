"""What a connector's mappings make of one real record, of the shop or of the hub; nothing is stored or sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.mapping.comparison import NoPreview, Preview
from mageferry.hub.mapping.field_mappings import FieldMappings
from mageferry.hub.mapping.models import mappings_of
from mageferry.hub.mapping.preview_in import preview_order_in, preview_product_in, preview_shipment_in
from mageferry.hub.mapping.preview_out import preview_order_out, preview_refund_out, preview_shipment_out
from mageferry.hub.mapping.rules import FROM_MAGENTO, ONE_WAY, RECORDS, TO_MAGENTO

type Show = Callable[[Magento2Connector, str, FieldMappings], Preview]

# Items, addresses and payments are shown with their order.
PREVIEWED: Final = {name: RECORDS[name] for name in ("order", "shipment", "refund", "product")}
_SHOWS: Final[Mapping[tuple[str, str], Show]] = {
    (FROM_MAGENTO, "order"): preview_order_in,
    (FROM_MAGENTO, "shipment"): preview_shipment_in,
    (FROM_MAGENTO, "product"): preview_product_in,
    (TO_MAGENTO, "order"): preview_order_out,
    (TO_MAGENTO, "shipment"): preview_shipment_out,
    (TO_MAGENTO, "refund"): preview_refund_out,
}


def preview_record(
    connector: Magento2Connector,
    direction: str,
    record: str = "order",
    number: str = "",
    mappings: FieldMappings | None = None,
) -> Preview:
    """One record of PREVIEWED by its number or id (a product: by its SKU or id); the newest when none is named.
    `mappings`: instead of the stored ones.

    Raises NoPreview when there is no such record, the shop can't be asked, or nothing goes that way.
    """
    show = _SHOWS.get((direction, record))
    if show is None:
        raise NoPreview(ONE_WAY.get((direction, record), f"There is no preview of {record!r:.40}."))
    return show(connector, number.strip(), mappings_of(connector) if mappings is None else mappings)
