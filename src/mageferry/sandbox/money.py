"""Amounts in decimal arithmetic: reading them from records, rounding to cents, and rounding that carries
its error on to the next amount.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from mageferry.sandbox.php import Value, to_number

if TYPE_CHECKING:
    from mageferry.sandbox.orderbook import Record

ZERO = Decimal(0)
_CENT = Decimal("0.01")
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CAD": "CA$", "AUD": "A$"}


def amount(record: Record, name: str) -> Decimal:
    """A field as a number; 0 when it is absent or null."""
    value = record.get(name)
    if not value:
        return ZERO
    # Text that was sent for a number is rare; the plain cases are what filling a large shop spends its time on.
    return Decimal(repr(value) if isinstance(value, float) else str(to_number(value)))


def round_price(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)


def shown(value: Decimal) -> Value:
    """An amount as JSON shows it: four places as the columns keep, no fraction when it is whole."""
    rounded = round(value, 4)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def format_price(value: Decimal, currency: str) -> str:
    """``$1,234.50`` as Magento writes an amount for an English-speaking admin."""
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    return f"{'-' if value < 0 else ''}{symbol}{abs(round_price(value)):,.2f}"


class DeltaRounder:
    """Rounds a document's amounts so that their errors do not add up: each kind of amount carries its
    rounding error on to the next one of that kind (Magento's tax Calculator does the same).
    """

    def __init__(self) -> None:
        self._errors: dict[str, Decimal] = {}

    def round(self, value: Decimal, kind: str, *, negative: bool = False) -> Decimal:
        if not value:
            return value
        sign = -1 if negative else 1
        exact = value + sign * self._errors.get(kind, ZERO)
        rounded = round_price(exact)
        self._errors[kind] = sign * (exact - rounded)
        return rounded
