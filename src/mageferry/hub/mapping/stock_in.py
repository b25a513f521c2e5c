"""A Magento quantity, read into the hub's terms. Pure: no database, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from mageferry.hub.mapping.amounts import FOUR_PLACES, ZERO
from mageferry.hub.mapping.fields import MEND, UnusableRecord
from mageferry.hub.trade.models import sku_key
from mageferry.magento.types import money

# What a column of 12 digits with 4 places takes.
_LIMIT = Decimal(10) ** 8
_OUT_OF_STOCK = (0, "0", False)
_IN_STOCK = (1, "1", True)


@dataclass(frozen=True, slots=True)
class StockRecord:
    """What lies at a source: `quantity` is never below 0; `oversold` says that the shop's was (backorders)."""

    sku: str
    key: str
    quantity: Decimal
    oversold: bool = False


def read_source_item(raw: Mapping[str, Any]) -> StockRecord:
    """Check one row of GET /V1/inventory/source-items. Out of stock is 0, whatever quantity is named. Raises
    UnusableRecord."""
    return _read(str(raw.get("sku")), raw.get("quantity"), raw.get("status"))


def read_stock_item(raw: Mapping[str, Any], sku: str) -> StockRecord:
    """Check one stock item of a shop without sources. Raises UnusableRecord."""
    return _read(sku, raw.get("qty"), raw.get("is_in_stock"))


def _read(sku: str, amount: object, status: object) -> StockRecord:
    if status not in (*_OUT_OF_STOCK, *_IN_STOCK):
        raise UnusableRecord(f"Stock of {sku!r:.70}: the status is neither 0 nor 1: {status!r:.20}.", MEND)
    try:
        quantity = money(0 if amount is None else amount).quantize(FOUR_PLACES, ROUND_HALF_UP)
    except (ValueError, ArithmeticError):
        raise UnusableRecord(
            f"Stock of {sku!r:.70}: the quantity is no number: {amount!r:.40}.", MEND
        ) from None
    if abs(quantity) >= _LIMIT:
        raise UnusableRecord(f"Stock of {sku!r:.70}: the quantity {amount!r:.40} is out of range.", MEND)
    if status in _OUT_OF_STOCK or quantity < 0:
        return StockRecord(sku, sku_key(sku), ZERO, oversold=quantity < 0 and status in _IN_STOCK)
    return StockRecord(sku, sku_key(sku), quantity)
