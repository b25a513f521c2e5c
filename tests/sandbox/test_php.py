"""PHP's values: query strings, numbers and casts."""

from __future__ import annotations

import pytest

from mageferry.sandbox.php import (
    MAX_INT,
    Value,
    is_numeric,
    parse_query,
    round_to,
    to_bool,
    to_int,
    to_number,
    to_string,
)
from mageferry.sandbox.projection import project


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a=1&b=x%20y+z", {"a": "1", "b": "x y z"}),
        ("a=1&a=2", {"a": "2"}),
        ("a", {"a": ""}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a%5Bb%5D=1", {"a": {"b": "1"}}),
        ("a[]=1&a[]=2", {"a": {"0": "1", "1": "2"}}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a.b=1&=2", {"a_b": "1"}),
        ("a=b=c", {"a": "b=c"}),
    ],
)
def test_query_strings_nest_as_in_php(query: str, expected: Value) -> None:
    assert parse_query(query) == expected


@pytest.mark.parametrize(
    ("value", "numeric"),
    [("1", True), (" 1.5 ", True), ("1e3", True), ("", False), ("1a", False), ("0x1", False), (True, False)],
)
def test_what_is_numeric(value: Value, numeric: bool) -> None:
    assert is_numeric(value) is numeric


@pytest.mark.parametrize(
    ("value", "expected"),
    [("12abc", 12), ("1.9", 1), ("-3", -3), ("abc", 0), ("9" * 30, MAX_INT), (10**30, MAX_INT), (None, 0)],
)
def test_integers(value: Value, expected: int) -> None:
    assert to_int(value) == expected


def test_numbers_texts_and_booleans() -> None:
    assert [to_number(value) for value in ("1.50", 2.0, "1e999", None)] == [1.5, 2, 0, 0]
    assert [to_string(value) for value in (True, False, None, 1.0, [1])] == ["1", "", "", "1", "Array"]
    assert [to_bool(value) for value in ("yes", "on", 1, "false", "2")] == [True, True, True, False, False]
    assert round_to(1.00005, 4) == 1.0001


ORDER: Value = {"id": 1, "items": [{"sku": "A", "qty": 2}, {"sku": "B"}], "payment": {"method": "checkmo"}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("id", {"id": 1}),
        (
            "items[sku],payment[method]",
            {"items": [{"sku": "A"}, {"sku": "B"}], "payment": {"method": "checkmo"}},
        ),
        ("items[qty]", {"items": [{"qty": 2}, []]}),
        ("items", {"items": [{"sku": "A", "qty": 2}, {"sku": "B"}]}),
        ("bogus", []),
        ("id, items", []),
        ("items[sku", []),
        ("items]", []),
    ],
)
def test_projection(fields: str, expected: Value) -> None:
    assert project(ORDER, fields) == expected
