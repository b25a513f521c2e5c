"""The names that a connector's row has in the history of orders."""

from __future__ import annotations

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.trade.history import Place


def place_of(row: Magento2Seller | None) -> Place:
    """The connector and the store that a row stands for."""
    return Place() if row is None else Place(row.connector.name, store_of(row))


def store_of(row: Magento2Seller) -> str:
    """The store view of a row: its id and code."""
    return f"{row.store_id} {row.store_code}".strip()
