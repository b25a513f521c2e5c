"""An order as its shop has it now: what of its items and amounts is invoiced and what is refunded. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from mageferry.hub.mapping.amounts import ZERO
from mageferry.hub.mapping.fields import Fields, Texts

# Magento keeps each amount twice: in the order's currency, and with base_ in that of the website.
BOTH = ("", "base_")
_LINE_KINDS = (
    "row_invoiced", "amount_refunded", "tax_invoiced", "tax_refunded", "discount_invoiced", "discount_refunded",
    "discount_tax_compensation_invoiced", "discount_tax_compensation_refunded",
)  # fmt: skip
_QUANTITIES = ("qty_ordered", "qty_invoiced", "qty_refunded", "qty_canceled", "price", "row_total")
_ORDER_KINDS = (
    "shipping_amount", "shipping_refunded", "shipping_tax_amount", "shipping_tax_refunded",
    "shipping_discount_amount", "tax_invoiced", "tax_refunded", "discount_tax_compensation_invoiced",
    "discount_tax_compensation_refunded", "total_paid", "total_refunded",
)  # fmt: skip
# Magento's own names: the base one is cut short.
SHIPPING_COMPENSATION = {
    "": "shipping_discount_tax_compensation_amount",
    "base_": "base_shipping_discount_tax_compensation_amnt",
}
_ORDER_AMOUNTS = (
    *(prefix + kind for prefix in BOTH for kind in _ORDER_KINDS), *SHIPPING_COMPENSATION.values(),
)  # fmt: skip
_LINE_AMOUNTS = (*_QUANTITIES, *(prefix + kind for prefix in BOTH for kind in _LINE_KINDS))
_ORDER_TEXTS = Texts({"state": 32, "status": 64, "increment_id": 50, "order_currency_code": 3})
_ITEM_TEXTS = Texts({"sku": 255, "product_type": 32})


@dataclass(slots=True)
class SaleLine:
    """An item of the order in its shop; `amounts` by Magento's names."""

    item_id: int
    sku: str
    product_type: str
    in_fractions: bool
    amounts: Mapping[str, Decimal]
    parent: SaleLine | None = None
    children: list[SaleLine] = field(default_factory=list)

    @property
    def is_dummy(self) -> bool:
        """Whether amounts and refunds leave this line to its parent or its parts: those of a bundle that is priced
        by its parts count themselves, else the composite counts."""
        if self.children:
            return self._priced_by_parts
        return self.parent is not None and not self.parent._priced_by_parts

    @property
    def _priced_by_parts(self) -> bool:
        return self.product_type == "bundle" and any(
            part.amounts["price"] or part.amounts["row_total"] for part in self.children
        )

    @property
    def to_refund(self) -> Decimal:
        """Units that can still be refunded."""
        if self.is_dummy:
            return ZERO
        return max(self.amounts["qty_invoiced"] - self.amounts["qty_refunded"], ZERO)

    @property
    def to_invoice(self) -> Decimal:
        """Units that can still be invoiced."""
        if self.is_dummy:
            return ZERO
        amounts = self.amounts
        return max(amounts["qty_ordered"] - amounts["qty_invoiced"] - amounts["qty_canceled"], ZERO)


@dataclass(frozen=True, slots=True)
class Sale:
    """The order: its state, its lines, and `amounts` by Magento's names."""

    entity_id: int
    increment_id: str
    state: str
    status: str
    currency: str
    rate: Decimal
    amounts: Mapping[str, Decimal]
    lines: dict[int, SaleLine]

    @property
    def left(self) -> Decimal:
        """What was paid and isn't refunded yet, in the order's currency."""
        return self.amounts["total_paid"] - self.amounts["total_refunded"]

    @property
    def shipping_left(self) -> Decimal:
        """Shipping that isn't refunded yet, in the base currency."""
        return self.amounts["base_shipping_amount"] - self.amounts["base_shipping_refunded"]


def read_sale(raw: Mapping[str, Any]) -> Sale:
    """A row of GET /V1/orders as a Sale. Raises UnusableRecord saying which field can't be used."""
    order = Fields(raw, f"Order {raw.get('increment_id') or raw.get('entity_id') or 'without a number'}")
    state, status, increment_id, currency = order.texts(_ORDER_TEXTS)
    rate = _rate(order, raw)
    rows = raw.get("items")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise order.refusal("items", "can't be read")
    lines = [_line(row, order.subject) for row in rows]
    by_id = {line.item_id: line for line in lines}
    for row, line in zip(rows, lines, strict=True):
        parent = by_id.get(row.get("parent_item_id") or 0)
        if parent is not None and parent is not line:
            line.parent = parent
            parent.children.append(line)
    amounts = dict(zip(_ORDER_AMOUNTS, order.amounts(_ORDER_AMOUNTS), strict=True))
    return Sale(order.id("entity_id"), increment_id, state, status, currency, rate, amounts, by_id)


def _rate(order: Fields, raw: Mapping[str, Any]) -> Decimal:
    if raw.get("base_to_order_rate") is None:
        return Decimal(1)
    (rate,) = order.amounts(("base_to_order_rate",))
    if rate <= 0:
        raise order.refusal("base_to_order_rate", f"is {rate}")
    return rate


def _line(row: Mapping[str, Any], subject: str) -> SaleLine:
    item = Fields(row, subject, "item ", "sku")
    sku, product_type = item.texts(_ITEM_TEXTS)
    amounts = dict(zip(_LINE_AMOUNTS, item.amounts(_LINE_AMOUNTS), strict=True))
    in_fractions = row.get("is_qty_decimal") not in (None, 0, "0", "", False)
    return SaleLine(item.id("item_id"), sku, product_type, in_fractions, amounts)
