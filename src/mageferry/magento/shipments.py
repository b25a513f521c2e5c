"""Shipments, as flows: shipping an order, and what an order has been shipped with.

https://developer.adobe.com/commerce/webapi/rest/tutorials/orders/order-create-shipment/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from mageferry.http import Flow
from mageferry.magento.criteria import SearchCriteria
from mageferry.magento.order_documents import Quantity, comment_part, document_path, make_document, number
from mageferry.magento.plans import ResourcePlans, ShopPlans
from mageferry.magento.types import NewTrack, Row

# More shipments than an order usually has, so that one answer holds them all.
_AT_ONCE: Final = 100
_TRACK_FIELDS: Final = ("track_number", "title", "carrier_code")


def shipment_body(
    items: Mapping[int, Quantity],
    *,
    tracks: Sequence[NewTrack] = (),
    notify: bool = False,
    source_code: str | None = None,
    comment: str = "",
) -> dict[str, Any]:
    """The body of `POST /V1/order/{id}/ship`. Raises ValueError for what Magento would misread without a word."""
    if not items:
        raise ValueError(
            "ship() needs items: without any Magento ships everything that is left. "
            "To want that, name each item with what is left of it"
        )
    for item_id, quantity in items.items():
        if not Decimal(quantity).is_finite() or quantity <= 0:
            raise ValueError(f"The quantity of item {item_id} is a number above 0, not {quantity}")
    for track in tracks:
        missing = [name for name in _TRACK_FIELDS if not track.get(name)]
        if missing:
            raise ValueError(
                f"A track needs {', '.join(missing)}: Magento refuses the whole shipment without it"
            )
    body: dict[str, Any] = {
        "items": [{"order_item_id": item_id, "qty": number(qty)} for item_id, qty in items.items()],
        "notify": notify,
        "appendComment": False,
        **comment_part(comment),
    }
    if tracks:
        body["tracks"] = [{name: track[name] for name in _TRACK_FIELDS} for track in tracks]
    if source_code:
        body["arguments"] = {"extension_attributes": {"source_code": source_code}}
    return body


def ship_path(order_id: int) -> str:
    """Where an order is shipped."""
    return document_path(order_id, "ship")


def ship_order(shop: ShopPlans, order_id: int, body: Mapping[str, Any]) -> Flow[int]:
    """Ship; the id of the new shipment. Raises Unclear when nobody knows whether it happened."""
    return make_document(shop, ship_path(order_id), body, "shipment")


class ShipmentPlans(ResourcePlans):
    """Shipments can be asked for by their order."""

    def of_order(self, order_id: int) -> Flow[list[Row]]:
        """All shipments of an order, oldest first, with items, tracks and comments."""
        found: list[Row] = []
        while True:
            criteria = SearchCriteria().where("order_id", "eq", order_id).sort("entity_id")
            if found:
                criteria = criteria.where("entity_id", "gt", int(found[-1]["entity_id"]))
            size = self.shop.page_limit.bound(_AT_ONCE)
            page = yield from self.search(criteria.page_size(size))
            found += page
            if len(page) < size:
                return found
