"""What a credit memo of Magento will add up to, worked out before it is asked for. Pure.

Magento takes quantities and the shipping to give back, and computes the rest: each row's share of what is left of its
amounts, the last units taking all of it, with rounding errors carried from one amount to the next. What it adds up to
has to be known, so that adjustments can bring it to the amount that was really given back.
Its source: Magento\\Sales\\Model\\Order\\Creditmemo\\Total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from mageferry.hub.mapping.amounts import ZERO, cents
from mageferry.hub.mapping.sale import BOTH, SHIPPING_COMPENSATION, Sale, SaleLine

_TAX, _COMPENSATION = "tax", "discount_tax_compensation"


@dataclass(frozen=True, slots=True)
class MemoTotals:
    """A credit memo's grand total without adjustments, in both currencies."""

    order: Decimal
    base: Decimal


def expected_totals(sale: Sale, quantities: Mapping[int, Decimal], base_shipping: Decimal) -> MemoTotals:
    """What Magento makes of these quantities by item_id and this shipping (base currency)."""
    order, base = (_Memo(sale, prefix, quantities, base_shipping).grand_total() for prefix in BOTH)
    return MemoTotals(order, base)


class _Memo:
    """One credit memo in one of its two currencies."""

    def __init__(
        self, sale: Sale, prefix: str, quantities: Mapping[int, Decimal], base_shipping: Decimal
    ) -> None:
        self._sale, self._prefix, self._base_shipping = sale, prefix, base_shipping
        self._quantities = {
            line.item_id: quantities.get(line.item_id, ZERO)
            for line in sale.lines.values()
            if line.to_refund > 0
        }
        self._lines = [sale.lines[item_id] for item_id in self._quantities]
        self._carried = ZERO

    def grand_total(self) -> Decimal:
        # In this order, since each amount's rounding error goes on to the next.
        rows = sum((self._share(line, "row_invoiced", "amount_refunded") for line in self._lines), ZERO)
        return rows + self._shipping() - self._discount() + self._taxes()

    def _of_order(self, name: str) -> Decimal:
        return self._sale.amounts[self._prefix + name]

    def _is_last(self, line: SaleLine) -> bool:
        return self._quantities[line.item_id] == line.to_refund and not line.to_invoice

    def _share(self, line: SaleLine, whole: str, given_back: str, sign: int = 1) -> Decimal:
        """The line's part of an amount; all that is left of it for its last units."""
        left = line.amounts[self._prefix + whole] - line.amounts[self._prefix + given_back]
        if self._is_last(line):
            return left
        return self._round(left / line.to_refund * self._quantities[line.item_id], sign)

    def _round(self, exact: Decimal, sign: int = 1) -> Decimal:
        if not exact:
            return exact
        exact += sign * self._carried
        rounded = cents(exact)
        self._carried = sign * (exact - rounded)
        return rounded

    def _shipping(self) -> Decimal:
        wanted = cents(self._base_shipping)
        if wanted < self._sale.shipping_left:
            return cents(self._of_order("shipping_amount") * self._shipping_ratio(wanted))
        return self._of_order("shipping_amount") - self._of_order("shipping_refunded")

    def _shipping_ratio(self, base_shipping: Decimal) -> Decimal:
        whole = self._sale.amounts["base_shipping_amount"]
        return base_shipping / whole if whole else ZERO

    def _base_memo_shipping(self) -> Decimal:
        wanted = cents(self._base_shipping)
        return wanted if wanted < self._sale.shipping_left else self._sale.shipping_left

    def _discount(self) -> Decimal:
        total = self._of_order("shipping_discount_amount") * self._shipping_ratio(self._base_memo_shipping())
        for line in self._lines:
            if line.amounts[f"{self._prefix}discount_invoiced"]:
                total += self._share(line, "discount_invoiced", "discount_refunded", -1)
        return total

    def _taxes(self) -> Decimal:
        sums = {_TAX: ZERO, _COMPENSATION: ZERO}
        for line in self._lines:
            if self._quantities[line.item_id] > 0:
                for kind in sums:
                    sums[kind] += self._share(line, f"{kind}_invoiced", f"{kind}_refunded")
        only_part = self._add_shipping_taxes(sums)
        everything = bool(self._lines) and all(map(self._is_last, self._lines)) and not only_part
        total = ZERO
        for kind, part in sums.items():
            allowed = self._of_order(f"{kind}_invoiced") - self._of_order(f"{kind}_refunded")
            if kind == _COMPENSATION:
                allowed += self._sale.amounts[SHIPPING_COMPENSATION[self._prefix]]
            total += allowed if everything else min(allowed, part)
        return total

    def _add_shipping_taxes(self, sums: dict[str, Decimal]) -> bool:
        """Add the taxes of the shipping given back; whether that is only a part of the shipping."""
        tax = self._of_order("shipping_tax_amount")
        compensation = self._sale.amounts[SHIPPING_COMPENSATION[self._prefix]]
        if self._sale.shipping_left == self._base_memo_shipping():
            sums[_TAX] += tax - self._of_order("shipping_tax_refunded")
            sums[_COMPENSATION] += compensation
            return False
        whole = self._of_order("shipping_amount")
        part = self._shipping() / whole if whole else ZERO
        sums[_TAX] += self._round(tax * part)
        sums[_COMPENSATION] += self._round(compensation * part)
        return part < 1 and tax > 0
