"""A document in the making: its lines with quantities and amounts, and its totals in both currencies."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from mageferry.sandbox.money import ZERO, DeltaRounder, shown
from mageferry.sandbox.orderbook import Record
from mageferry.sandbox.sales.lines import Line, SalesOrder

_COPIED = (
    "base_currency_code", "base_to_global_rate", "base_to_order_rate", "billing_address_id",
    "discount_description", "global_currency_code", "order_currency_code", "store_currency_code", "store_id",
    "store_to_base_rate", "store_to_order_rate",
)  # fmt: skip
_COPIED_OF_ITEM = (
    "name", "sku", "product_id", "price", "base_price", "price_incl_tax", "base_price_incl_tax", "base_cost",
    "description", "additional_data",
)  # fmt: skip


@dataclass(slots=True)
class DraftLine:
    """``is_last`` when it takes all that is left, and so what is left of every amount as well."""

    line: Line
    quantity: Decimal
    is_last: bool = False
    amounts: dict[str, Decimal] = field(default_factory=dict)

    def body(self) -> Record:
        copied = {name: self.line.item.get(name) for name in _COPIED_OF_ITEM}
        return {
            **{name: value for name, value in copied.items() if value is not None},
            **{name: shown(value) for name, value in self.amounts.items()},
            "order_item_id": self.line.item_id,
            "qty": shown(self.quantity),
        }


@dataclass(slots=True)
class Draft:
    order: SalesOrder
    lines: list[DraftLine]
    totals: dict[str, Decimal] = field(default_factory=dict)
    rounder: DeltaRounder = field(default_factory=DeltaRounder)

    def add(self, name: str, value: Decimal) -> None:
        self.totals[name] = self.get(name) + value

    def get(self, name: str) -> Decimal:
        return self.totals.get(name, ZERO)

    @property
    def priced(self) -> list[DraftLine]:
        """The lines that carry amounts."""
        return [entry for entry in self.lines if not entry.line.is_dummy]

    @property
    def is_last(self) -> bool:
        return all(entry.is_last for entry in self.priced)

    def share(
        self, whole: Decimal, available: Decimal, entry: DraftLine, kind: str, *, negative: bool = False
    ) -> Decimal:
        """The line's part of an amount that is left for ``available`` units; all of it for the last ones."""
        if entry.is_last or not available:
            return whole if entry.is_last else ZERO
        return self.rounder.round(whole / available * entry.quantity, kind, negative=negative)

    def body(self) -> Record:
        """The document as it is read, without its ids and times."""
        copied = {name: self.order.record.get(name) for name in _COPIED}
        return {
            **{name: value for name, value in copied.items() if value is not None},
            **{name: shown(value) for name, value in self.totals.items()},
            "items": [entry.body() for entry in self.lines if entry.quantity > 0],
        }
