"""Arithmetic of money: rounding half up, and sharing an amount out so that the parts add up to it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
FOUR_PLACES = Decimal("0.0001")
ZERO = Decimal(0)


def cents(amount: Decimal) -> Decimal:
    """The amount to two places, half up (away from zero)."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def spread(total: Decimal, weights: Sequence[Decimal], unit: Decimal = CENT) -> list[Decimal]:
    """Share `total` out by weights, in steps of `unit`; the remainder goes to the last share, so the sum is `total`.

    Weights that add up to nothing share equally. No share has another sign than `total`: five cents among eight are
    a cent each for the first five.
    """
    if not weights:
        return []
    whole = sum(weights, ZERO)
    if not whole:
        weights, whole = [Decimal(1)] * len(weights), Decimal(len(weights))
    left, shares = total, []
    for weight in weights[:-1]:
        share = (total * weight / whole).quantize(unit, ROUND_HALF_UP)
        shares.append(share if abs(share) <= abs(left) else left)
        left -= shares[-1]
    return [*shares, left]
