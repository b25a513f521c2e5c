"""Shipments, as flows: shipping an order, and what an order has been shipped with.

https://developer.adobe.com/commerce/webapi/rest/tutorials/orders/order-create-shipment/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from mageferry.http import Flow
from mageferry.magento import remedies
from mageferry.magento.criteria import SearchCriteria
from mageferry.magento.errors import Unclear
from mageferry.magento.plans import ResourcePlans, ShopPlans
from mageferry.magento.types import NewTrack, Row

type Quantity = Decimal | int

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
        "items": [{"order_item_id": item_id, "qty": _number(qty)} for item_id, qty in items.items()],
        "notify": notify,
        "appendComment": False,
    }
    if tracks:
        body["tracks"] = [{name: track[name] for name in _TRACK_FIELDS} for track in tracks]
    if comment:
        body["comment"] = {"comment": comment, "is_visible_on_front": 0}
    if source_code:
        body["arguments"] = {"extension_attributes": {"source_code": source_code}}
    return body


def _number(quantity: Quantity) -> int | float:
    return int(quantity) if quantity == int(quantity) else float(quantity)


def ship_path(order_id: int) -> str:
    """Where an order is shipped."""
    # Magento casts: an increment id like "000000015" would ship order 15.
    if isinstance(order_id, bool) or not isinstance(order_id, int) or order_id < 1:
        raise ValueError(f"Orders are shipped by their entity_id, a whole number, not {order_id!r}")
    return f"/V1/order/{order_id}/ship"


def ship_order(shop: ShopPlans, order_id: int, body: Mapping[str, Any]) -> Flow[int]:
    """Ship; the id of the new shipment. Raises Unclear when nobody knows whether it happened."""
    path = ship_path(order_id)
    answer = yield from shop.call("POST", path, json=body)
    # Magento gives the id as a text.
    if isinstance(answer, bool) or not str(answer).isascii() or not str(answer).isdigit():
        raise Unclear(
            "The shop's answer is no id of a shipment",
            remedy=remedies.DEFAULTS[Unclear.__name__],
            request_line=f"POST {path}",
        )
    return int(str(answer))


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
