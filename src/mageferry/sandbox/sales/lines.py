"""An order's items with their quantities: what can still be invoiced, shipped, refunded or canceled.

Composite products count in one of two ways. A configurable's own line carries price and quantities and its
child is a dummy; a bundle with dynamic prices is a dummy for amounts while its parts carry them, and it is
shipped as a whole unless its product says otherwise (Magento's Order\\Item::isDummy).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mageferry.sandbox.money import ZERO, amount, round_price, shown
from mageferry.sandbox.orderbook import Record, records, shipping_of
from mageferry.sandbox.php import Value, is_empty, to_int

PREFIXES = ("", "base_")
"""Every amount exists in the order's currency and, with ``base_``, in the website's."""


class Line:
    """One order item. Amounts and quantities are decimals; writing one keeps the record in step."""

    def __init__(self, item: Record, *, separate: bool = False) -> None:
        self.item = item
        self.parent: Line | None = None
        self.children: list[Line] = []
        self._separate = separate

    @property
    def item_id(self) -> int:
        return to_int(self.item.get("item_id"))

    @property
    def sku(self) -> str:
        return str(self.item.get("sku") or "")

    @property
    def name(self) -> Value:
        return self.item.get("name")

    @property
    def is_virtual(self) -> bool:
        return not is_empty(self.item.get("is_virtual"))

    def get(self, name: str) -> Decimal:
        return amount(self.item, name)

    def put(self, name: str, value: Decimal) -> None:
        self.item[name] = shown(value)

    def add(self, name: str, value: Decimal) -> None:
        self.put(name, self.get(name) + value)

    def whole(self, quantity: Decimal) -> Decimal:
        """A quantity as the product is sold: whole units unless it allows fractions, never negative."""
        allowed = quantity if not is_empty(self.item.get("is_qty_decimal")) else Decimal(int(quantity))
        return max(allowed, ZERO)

    @property
    def is_priced_by_parts(self) -> bool:
        """Whether the parts, not the composite itself, carry the amounts."""
        composite = self.parent or self
        return composite.item.get("product_type") == "bundle" and any(
            child.get("price") or child.get("row_total") for child in composite.children
        )

    @property
    def is_shipped_by_parts(self) -> bool:
        return (self.parent or self)._separate

    @property
    def is_dummy(self) -> bool:
        """Whether amounts and invoices leave this line to its parent or its parts."""
        if self.children:
            return self.is_priced_by_parts
        return self.parent is not None and not self.is_priced_by_parts

    @property
    def is_shipping_dummy(self) -> bool:
        if self.children:
            return self.is_shipped_by_parts
        return self.parent is not None and not self.is_shipped_by_parts

    @property
    def to_invoice(self) -> Decimal:
        if self.is_dummy:
            return ZERO
        return max(self.get("qty_ordered") - self.get("qty_invoiced") - self.get("qty_canceled"), ZERO)

    @property
    def unshipped(self) -> Decimal:
        """What is left to ship, whoever ships it; refunded units that were never shipped are not."""
        gone = max(self.get("qty_shipped"), self.get("qty_refunded"))
        return max(self.get("qty_ordered") - gone - self.get("qty_canceled"), ZERO)

    @property
    def to_ship(self) -> Decimal:
        return ZERO if self.is_shipping_dummy else self.unshipped

    @property
    def to_refund(self) -> Decimal:
        return ZERO if self.is_dummy else max(self.get("qty_invoiced") - self.get("qty_refunded"), ZERO)

    @property
    def to_cancel(self) -> Decimal:
        return min(self.to_invoice, self.to_ship)

    @property
    def units_per_parent(self) -> Decimal:
        """How many of this part one unit of its composite has."""
        if self.parent is None or not self.parent.get("qty_ordered"):
            return Decimal(1)
        return self.get("qty_ordered") / self.parent.get("qty_ordered")

    def row_total(self, prefix: str) -> Decimal:
        """The row before its discount; reading an item shows it with the discount taken off."""
        return self.get(f"{prefix}row_total") + self.get(f"{prefix}discount_amount")

    def row_total_incl_tax(self, prefix: str) -> Decimal:
        """The row with tax, before its discount."""
        if not self.get(f"{prefix}discount_amount"):
            return self.get(f"{prefix}row_total_incl_tax")
        return round_price(self.row_total(prefix) * (100 + self.get("tax_percent")) / 100)


class SalesOrder:
    """An order's record with its lines. ``separate_ids`` are the bundle products that ship part by part."""

    def __init__(self, record: Record, separate_ids: frozenset[int] = frozenset()) -> None:
        self.record = record
        self.lines = [
            Line(item, separate=to_int(item.get("product_id")) in separate_ids)
            for item in records(record.get("items"))
        ]
        self.by_id = {line.item_id: line for line in self.lines}
        for line in self.lines:
            parent = self.by_id.get(to_int(line.item.get("parent_item_id")))
            if parent is not None and parent is not line:
                line.parent = parent
                parent.children.append(line)

    @property
    def order_id(self) -> int:
        return to_int(self.record["entity_id"])

    @property
    def store_id(self) -> int:
        return to_int(self.record.get("store_id"))

    @property
    def base_currency(self) -> str:
        return str(self.record.get("base_currency_code") or "USD")

    @property
    def is_virtual(self) -> bool:
        return not is_empty(self.record.get("is_virtual"))

    @property
    def shipping(self) -> Record:
        """Address and method."""
        return shipping_of(self.record)

    @property
    def state(self) -> Value:
        return self.record.get("state")

    @property
    def status(self) -> Value:
        return self.record.get("status")

    def get(self, name: str) -> Decimal:
        return amount(self.record, name)

    def put(self, name: str, value: Decimal) -> None:
        self.record[name] = shown(value)

    def add(self, name: str, value: Decimal) -> None:
        self.put(name, self.get(name) + value)

    def rewrite_options(self, now: str) -> None:
        """What the first save of a whole order does to its configurable items: their options are encoded anew,
        which counts as a change.
        """
        untouched = [
            line
            for line in self.lines
            if line.item.get("product_type") == "configurable"
            and line.item.get("updated_at") == line.item.get("created_at")
        ]
        self.touch_lines(untouched, now)

    def touch_lines(self, lines: Iterator[Line] | list[Line], now: str) -> None:
        """Note that lines were changed, and show the change in the copies their parts carry."""
        for line in lines:
            line.item["updated_at"] = now
        for line in self.lines:
            if line.parent is not None and "parent_item" in line.item:
                parent = line.parent.item
                line.item["parent_item"] = {key: parent[key] for key in parent if key != "parent_item"}
