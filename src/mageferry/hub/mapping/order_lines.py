"""The lines of a Magento order with what is left to ship of each. Pure: no database, no network.

Magento counts a configurable on its own row; its child's row says nothing. A bundle counts on both: on its own row as
sets, on the rows of its components as pieces. Whether it is shipped as a whole or in parts is a setting of the bundle's
product (shipment_type), which the order doesn't show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from mageferry.hub.mapping.amounts import ZERO
from mageferry.hub.mapping.fields import Fields, Texts, UnusableRecord


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One row of a Magento order's items."""

    item_id: int
    parent_item_id: int | None
    product_id: int | None
    sku: str
    product_type: str
    ordered: Decimal
    shipped: Decimal
    refunded: Decimal
    cancelled: Decimal
    is_virtual: bool
    allows_fractions: bool

    @property
    def left(self) -> Decimal:
        """What can still be shipped, as Magento counts: a refunded unit can't, unless it was shipped."""
        return max(self.ordered - max(self.shipped, self.refunded) - self.cancelled, ZERO)


@dataclass(frozen=True, slots=True)
class OrderLines:
    """The rows of one order by their item_id."""

    by_id: Mapping[int, OrderLine]

    def get(self, item_id: int) -> OrderLine | None:
        """The row that counts for this item_id: of a configurable its own, also when its child is named."""
        line = self.by_id.get(item_id)
        if line is None or line.parent_item_id is None:
            return line
        parent = self.by_id.get(line.parent_item_id)
        return line if parent is None or parent.product_type == "bundle" else parent

    def bundle_of(self, line: OrderLine) -> OrderLine | None:
        """The bundle that a component belongs to."""
        parent = self.by_id.get(line.parent_item_id) if line.parent_item_id is not None else None
        return parent if parent is not None and parent.product_type == "bundle" else None

    def components_of(self, bundle: OrderLine) -> list[OrderLine]:
        """The components of a bundle that are shipped at all."""
        return [
            each
            for each in self.by_id.values()
            if each.parent_item_id == bundle.item_id and not each.is_virtual
        ]

    @property
    def nothing_left(self) -> bool:
        """Whether everything that can be shipped is shipped; of a bundle its components count."""
        return not any(line.left > 0 for line in self._counted())

    def _counted(self) -> list[OrderLine]:
        return [
            line
            for line in self.by_id.values()
            if not line.is_virtual and self.get(line.item_id) is line and not self.components_of(line)
        ]

    def after(self, quantities: Mapping[int, Decimal]) -> OrderLines:
        """The lines when these quantities (by item_id) have been shipped, too."""
        changed = {
            item_id: replace(self.by_id[item_id], shipped=self.by_id[item_id].shipped + quantity)
            for item_id, quantity in quantities.items()
        }
        return OrderLines({**self.by_id, **changed})


_TEXTS = Texts({"sku": 255, "product_type": 32})
_AMOUNTS = ("qty_ordered", "qty_shipped", "qty_refunded", "qty_canceled")


def read_lines(order: Mapping[str, Any]) -> OrderLines:
    """The items of a row of GET /V1/orders. Raises UnusableRecord."""
    subject = f"Order {order.get('increment_id') or order.get('entity_id')}"
    rows = order.get("items")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnusableRecord(f"{subject} has items that can't be read.")
    lines = [_read_line(row, subject) for row in rows]
    return OrderLines({line.item_id: line for line in lines})


def _read_line(row: Mapping[str, Any], subject: str) -> OrderLine:
    item = Fields(row, subject, "item ", "sku")
    sku, product_type = item.texts(_TEXTS)
    ordered, shipped, refunded, cancelled = item.amounts(_AMOUNTS)
    return OrderLine(
        item.id("item_id"), item.optional_id("parent_item_id"), item.optional_id("product_id"), sku, product_type,
        ordered, shipped, refunded, cancelled,
        is_virtual=bool(row.get("is_virtual")), allows_fractions=bool(row.get("is_qty_decimal")),
    )  # fmt: skip
