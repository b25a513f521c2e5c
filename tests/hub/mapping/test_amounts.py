from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mageferry.hub.mapping.amounts import cents, spread

AMOUNTS = st.decimals(min_value=0, max_value=100_000, places=2)


def test_half_a_cent_goes_up_away_from_zero():
    assert cents(Decimal("2.675")) == Decimal("2.68")
    assert cents(Decimal("-2.675")) == Decimal("-2.68")


def test_the_remainder_goes_to_the_last_share():
    assert spread(Decimal("10.00"), [Decimal(1)] * 3) == [Decimal("3.33"), Decimal("3.33"), Decimal("3.34")]


def test_weights_of_nothing_share_equally():
    assert spread(Decimal("1.00"), [Decimal(0), Decimal(0)]) == [Decimal("0.50"), Decimal("0.50")]


@given(AMOUNTS, st.lists(AMOUNTS, min_size=1, max_size=12))
def test_shares_always_add_up(total: Decimal, weights: list[Decimal]):
    shares = spread(total, weights)
    assert sum(shares) == total
    assert all(share >= 0 for share in shares)


def test_cents_that_do_not_go_round_leave_nobody_below_zero():
    assert spread(Decimal("0.05"), [Decimal(1)] * 8) == [Decimal("0.01")] * 5 + [Decimal(0)] * 3
