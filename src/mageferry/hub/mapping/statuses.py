"""Order statuses: from Magento's words to the hub's, and only forward."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mageferry.hub.trade.models import OrderStatus

_RANK: dict[str, int] = {
    OrderStatus.INCOMPLETE: 0,
    OrderStatus.PENDING: 1,
    OrderStatus.READY_FOR_SHIPPING: 2,
    OrderStatus.PARTIALLY_SHIPPED: 3,
    OrderStatus.SHIPPED: 4,
    OrderStatus.CANCELLED: 5,
}


def advance(stored: str, incoming: str) -> str:
    """The status to keep: the later one. A stale update never downgrades, Cancelled never reopens."""
    return incoming if _RANK[incoming] > _RANK[stored] else stored


def from_magento(
    status: str, state: str, status_map: Mapping[str, str], partly_shipped: Callable[[], bool]
) -> str:
    """The hub's status for a Magento order: its status looked up in the map, else its state.

    `partly_shipped` is asked only where it matters: of an order that may be shipped.

    Raises LookupError when the map knows neither.
    """
    found = status_map.get(status) or status_map.get(state)
    if found is None or found not in _RANK:
        raise LookupError(status or state)
    if found == OrderStatus.SHIPPED and state not in ("closed", "canceled") and partly_shipped():
        return OrderStatus.PARTIALLY_SHIPPED
    return found
