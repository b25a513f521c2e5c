from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.magento import moment, money


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (69.09, "69.09"),
        (15, "15"),
        ("12.5000", "12.5000"),
        (-8.88e-16, "-8.88E-16"),
        ("1e3", "1E+3"),
        (0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_money_is_the_text_of_its_number(value: Any, expected: str) -> None:
    assert str(money(value)) == expected


@pytest.mark.parametrize(
    "value", [True, None, "", "abc", "1,5", float("nan"), float("inf"), "Infinity", [], "1e99999"]
)
def test_what_is_no_amount_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ValueError, match="Not an amount"):
        money(value)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_four_places_survive_json(amount: Decimal) -> None:
    decoded = orjson.loads(f'{{"amount": {amount}}}')["amount"]
    assert money(decoded) == amount


def test_a_time_without_a_zone_is_utc() -> None:
    assert moment("2026-11-22 01:57:42") == datetime(2026, 11, 22, 1, 57, 42, tzinfo=UTC)
    assert moment("2026-11-22T03:57:42+02:00") == datetime(2026, 11, 22, 1, 57, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["0000-00-00 00:00:00", "2026-13-01 00:00:00", "yesterday", "2026-11-22", None, 5]
)
def test_what_is_no_time_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="Not a time"):
        moment(text)
