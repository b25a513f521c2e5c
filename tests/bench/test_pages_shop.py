"""The shop that benchmarks read from gives exactly the rows that were asked for."""

from __future__ import annotations

import pytest

from bench.pages_shop import Orders, read_filters, select


def filters(*wanted: tuple[str, str, str]) -> list[tuple[str, str]]:
    return [
        (f"searchCriteria[filter_groups][{group}][filters][0][{key}]", value)
        for group, parts in enumerate(wanted)
        for key, value in zip(("field", "condition_type", "value"), parts, strict=True)
    ]


def test_a_key_range_and_a_status_are_combined() -> None:
    orders = Orders.make(10)
    orders.move(5, "complete")
    query = filters(("entity_id", "gt", "3"), ("entity_id", "lteq", "7"), ("status", "eq", "processing"))

    assert select(orders, read_filters(query)) == [4, 6, 7]


def test_an_order_that_leaves_a_status_is_in_the_other() -> None:
    orders = Orders.make(3)
    assert select(orders, [("status", "eq", "processing")]) == [1, 2, 3]

    orders.move(2, "complete")

    assert select(orders, [("status", "eq", "processing")]) == [1, 3]
    assert select(orders, [("status", "eq", "complete")]) == [2]
    assert b'"status":"complete"' in orders.rendered[2]


def test_a_filter_without_a_condition_is_eq() -> None:
    query = [pair for pair in filters(("status", "eq", "processing")) if "condition_type" not in pair[0]]

    assert read_filters(query) == [("status", "eq", "processing")]


def test_an_unknown_filter_is_refused_instead_of_ignored() -> None:
    with pytest.raises(ValueError, match="unknown filter grand_total gt"):
        select(Orders.make(1), [("grand_total", "gt", "5")])
