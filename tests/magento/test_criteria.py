from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.magento import SearchCriteria
from mageferry.magento.criteria import MAX_LIST_BYTES


def test_where_is_and_where_any_is_or() -> None:
    criteria = (
        SearchCriteria()
        .where("store_id", "eq", 3)
        .where_any(("status", "in", ["processing", "complete"]), ("status", "null"))
        .sort("updated_at", "DESC")
        .page_size(50)
        .current_page(2)
        .fields("entity_id", "items[sku,qty_ordered]")
    )
    assert criteria.pairs() == [
        ("searchCriteria[filter_groups][0][filters][0][field]", "store_id"),
        ("searchCriteria[filter_groups][0][filters][0][value]", "3"),
        ("searchCriteria[filter_groups][0][filters][0][condition_type]", "eq"),
        ("searchCriteria[filter_groups][1][filters][0][field]", "status"),
        ("searchCriteria[filter_groups][1][filters][0][value]", "processing,complete"),
        ("searchCriteria[filter_groups][1][filters][0][condition_type]", "in"),
        ("searchCriteria[filter_groups][1][filters][1][field]", "status"),
        ("searchCriteria[filter_groups][1][filters][1][value]", "1"),
        ("searchCriteria[filter_groups][1][filters][1][condition_type]", "null"),
        ("searchCriteria[sortOrders][0][field]", "updated_at"),
        ("searchCriteria[sortOrders][0][direction]", "DESC"),
        ("searchCriteria[pageSize]", "50"),
        ("searchCriteria[currentPage]", "2"),
        ("fields", "items[entity_id,items[sku,qty_ordered]],total_count"),
    ]


def test_a_search_for_everything_still_names_the_criteria() -> None:
    assert SearchCriteria().query() == "searchCriteria%5BcurrentPage%5D=1"


def test_every_call_gives_a_copy() -> None:
    narrow = SearchCriteria().where("a", "eq", 1)
    narrow.where("b", "eq", 2)
    assert len(narrow.groups) == 1


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (datetime(2026, 11, 22, 1, 57, 42, tzinfo=UTC), "2026-11-22 01:57:42"),
        (datetime(2026, 11, 22, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2026-11-21 23:00:00"),
        (True, "1"),
        (False, "0"),
        (Decimal("1E+2"), "100"),
        (0.1, "0.1"),
        ("O'Neil & Söhne", "O'Neil & Söhne"),
    ],
)
def test_values_are_written_as_magento_compares_them(value: Any, written: str) -> None:
    assert SearchCriteria().where("f", "eq", value).groups[0][0].value == written


@pytest.mark.parametrize(
    ("field", "condition", "value", "reason"),
    [
        ("updated at", "gt", 1, "no field name"),
        ("status", "GT", 1, "lower case"),
        ("status", "equals", 1, "no condition type"),
        ("status", "eq", None, "'null' or 'notnull'"),
        ("status", "null", 1, "takes no value"),
        ("status", "in", "a,b", "takes a list"),
        ("status", "in", [], "empty list"),
        ("sku", "in", ["a,b"], "comma"),
        ("sku", "eq", ["a"], "takes one value"),
        ("category_ids", "finset", [1, 2], "takes one value"),
        ("updated_at", "from", datetime(2026, 1, 1), "no time zone"),  # noqa: DTZ001
        ("price", "gt", float("nan"), "no number"),
    ],
)
def test_mistakes_are_refused_because_magento_would_answer_with_too_much(
    field: str, condition: str, value: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        SearchCriteria().where(field, condition, value)


@pytest.mark.parametrize("bad", ["a b", "items[a, b]", "a]", "items[a", ""])
def test_a_mistaken_projection_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="is no field"):
        SearchCriteria().fields(bad)


@pytest.mark.parametrize("bad", [0, -1, True, 1.5])
def test_sizes_and_pages_count_from_one(bad: Any) -> None:
    with pytest.raises(ValueError, match="whole number from 1"):
        SearchCriteria().page_size(bad)
    with pytest.raises(ValueError, match="whole number from 1"):
        SearchCriteria().current_page(bad)


def test_a_sort_direction_is_checked() -> None:
    with pytest.raises(ValueError, match="ASC or DESC"):
        SearchCriteria().sort("entity_id", "asc")  # type: ignore[arg-type]


@given(st.text(min_size=1))
def test_any_text_arrives_as_it_was_and_without_a_plus(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    query = SearchCriteria().where("comment", "like", text).query()
    assert "+" not in query
    assert " " not in query
    assert (
        dict(parse_qsl(query, keep_blank_values=True))["searchCriteria[filter_groups][0][filters][0][value]"]
        == text
    )


@given(
    st.lists(
        st.text(st.characters(exclude_characters=",", exclude_categories=["Cs"]), min_size=1, max_size=40),
        max_size=900,
    )
)
def test_a_long_list_is_split_without_losing_a_value(values: list[str]) -> None:
    pieces = list(SearchCriteria().where("store_id", "eq", 1).split("sku", "in", values))
    lists = [piece.groups[1][0].value.split(",") for piece in pieces]
    assert [value for each in lists for value in each] == values
    assert all(len(piece.query()) < MAX_LIST_BYTES + 1000 for piece in pieces)
