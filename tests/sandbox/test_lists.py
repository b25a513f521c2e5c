"""searchCriteria: conditions, paging, sorting and projection with Magento's quirks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client, Reply

ORDERS = "/rest/V1/orders"
IDS = "items[entity_id],total_count"


def ids(reply: Reply) -> list[int]:
    return [item["entity_id"] for item in reply.json["items"] or []]


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ("eq", "3", [3]),
        ("", "3", [3]),
        ("bogus", "3", [3]),
        ("GT", "3", [3]),
        ("gt", "46", [47, 48]),
        ("gteq", "47", [47, 48]),
        ("from", "47", [47, 48]),
        ("lt", "3", [1, 2]),
        ("to", "2", [1, 2]),
        ("in", "5, 2,x", [2, 5]),
        ("in", "", []),
        ("finset", "7", [7]),
        ("like", "4_", [40, 41, 42, 43, 44, 45, 46, 47, 48]),
        ("regexp", "^1[01]$", [10, 11]),
    ],
)
def test_conditions(shop: Client, condition: str, value: str, expected: list[int]) -> None:
    assert ids(shop.list(ORDERS, ("entity_id", value, condition), fields=IDS)) == expected


def test_text_is_compared_without_case_and_numbers_by_their_leading_digits(shop: Client) -> None:
    pending = ids(shop.list(ORDERS, ("status", "pending", "eq"), fields=IDS))
    assert pending
    assert ids(shop.list(ORDERS, ("status", "PENDING ", "eq"), fields=IDS)) == pending
    assert ids(shop.list(ORDERS, ("entity_id", "3abc", "eq"), fields=IDS)) == [3]
    assert ids(shop.list(ORDERS, ("entity_id", "abc", "eq"), fields=IDS)) == []


def test_null_rows_are_left_out_by_neq_and_nin(shop: Client) -> None:
    created = shop.post(
        ORDERS, {"entity": {"customer_email": "a@example.com", "payment": {"method": "checkmo"}}}
    )
    unset = created.json["entity_id"]
    assert unset in ids(shop.list(ORDERS, ("status", "", "null"), fields=IDS))
    assert unset not in ids(shop.list(ORDERS, ("status", "pending", "neq"), fields=IDS))
    assert unset not in ids(shop.list(ORDERS, ("status", "pending", "nin"), fields=IDS))


@pytest.mark.parametrize("value", ["not a date", "0000-00-00", "1999", "2020-01-01T00:00:00Z", "2020-01-01"])
def test_garbage_and_old_dates_are_before_every_row(shop: Client, value: str) -> None:
    assert shop.list(ORDERS, ("updated_at", value, "gt"), fields="total_count").json == {"total_count": 48}


def test_groups_are_joined_by_and_filters_by_or(shop: Client) -> None:
    query = (
        "searchCriteria[filter_groups][0][filters][0][field]=entity_id"
        "&searchCriteria[filter_groups][0][filters][0][value]=1"
        "&searchCriteria[filter_groups][0][filters][1][field]=entity_id"
        "&searchCriteria[filter_groups][0][filters][1][value]=2"
        "&searchCriteria[filter_groups][1][filters][0][field]=entity_id"
        "&searchCriteria[filter_groups][1][filters][0][value]=2"
    )
    assert ids(shop.get(f"{ORDERS}?{query}&fields={IDS}")) == [2]


def test_the_answer_repeats_the_criteria(shop: Client) -> None:
    reply = shop.list(ORDERS, ("entity_id", "0", "lt"), pageSize="10", currentPage="2")
    assert reply.json == {
        "items": [],
        "search_criteria": {
            "filter_groups": [{"filters": [{"field": "entity_id", "value": "0", "condition_type": "lt"}]}],
            "page_size": 10,
            "current_page": 2,
        },
        "total_count": 0,
    }


@pytest.mark.parametrize(
    ("size", "page", "expected"),
    [("2", "1", [1, 2]), ("2", "2", [3, 4]), ("2", "0", [1, 2]), ("2", "-1", [1, 2]), ("-1", "1", [1])],
)
def test_paging(shop: Client, size: str, page: str, expected: list[int]) -> None:
    assert ids(shop.list(ORDERS, pageSize=size, currentPage=page, fields=IDS)) == expected


@pytest.mark.parametrize("query", ["searchCriteria", "searchCriteria=all", "searchCriteria[pageSize]=0"])
def test_criteria_that_ask_for_every_row(shop: Client, query: str) -> None:
    assert len(ids(shop.get(f"{ORDERS}?{query}&fields={IDS}"))) == 48


def test_past_the_end_a_projection_has_null_items(shop: Client) -> None:
    past = {"pageSize": "10", "currentPage": "99"}
    assert shop.list(ORDERS, fields=IDS, **past).json == {"items": None, "total_count": 48}
    assert shop.list(ORDERS, **past).json["items"] == []


@pytest.mark.parametrize(
    ("query", "message", "parameters"),
    [
        ("", '"%fieldName" is required. Enter and try again.', {"fieldName": "searchCriteria"}),
        (
            "searchCriteria[bogus]=1",
            '"%fieldName" is not supported. Correct the field name and try again.',
            {"fieldName": "Bogus"},
        ),
        (
            "searchCriteria[currentPage]=abc",
            'Error occurred during "currentPage" processing. The "abc" value\'s type is invalid. '
            'The "int" type was expected. Verify and try again.',
            None,
        ),
        (
            "searchCriteria[sortOrders][0][field]=a;b",
            "Sort order field %1 contains restricted symbols",
            ["a;b"],
        ),
        (
            "searchCriteria[sortOrders][0][field]=entity_id&searchCriteria[sortOrders][0][direction]=UP",
            "The sort order has to be specified as %1 for ascending order or %2 for descending order.",
            ["ASC", "DESC"],
        ),
    ],
)
def test_refused_criteria(shop: Client, query: str, message: str, parameters: object) -> None:
    reply = shop.get(f"{ORDERS}?{query}")
    assert reply.status == 400
    assert (reply.json["message"], reply.json.get("parameters")) == (message, parameters)


def test_unknown_columns_are_masked_for_orders_and_named_for_products(shop: Client) -> None:
    masked = shop.list(ORDERS, ("no_such", "1", "eq"))
    assert masked.status == 500
    assert masked.json["message"].startswith("Internal Error. Details are available in Magento log file. ")
    named = shop.list("/rest/V1/products", ("no_such", "1", "eq"))
    assert (named.status, named.json["parameters"]) == (400, ["no_such"])


def test_what_fails_in_sql_is_masked(shop: Client) -> None:
    for condition, value in (("regexp", "["), ("is", "null")):
        assert shop.list(ORDERS, ("status", value, condition)).status == 500


def test_sort_by_two_fields_and_without_a_direction(shop: Client) -> None:
    reply = shop.get(
        f"{ORDERS}?searchCriteria[sortOrders][0][field]=entity_id&searchCriteria[pageSize]=2&fields={IDS}"
    )
    assert ids(reply) == [48, 47]
    unsorted = shop.get(
        "/rest/V1/products?searchCriteria[sortOrders][0][field]=nope&searchCriteria[pageSize]=1&fields=items[id]"
    )
    assert unsorted.json == {"items": [{"id": 1}]}


@pytest.mark.parametrize("fields", ["bogus", "items[entity_id", "total_count,%20items", "entity_id"])
def test_unreadable_or_unknown_projections_give_an_empty_array(shop: Client, fields: str) -> None:
    reply = shop.get(f"{ORDERS}?searchCriteria[pageSize]=1&fields={fields}")
    assert (reply.status, reply.json) == (200, [])


def test_page_size_limit_comes_with_the_setting(shop: Client) -> None:
    shop.sandbox.control.set_setting("webapi/validation/maximum_page_size", "20")
    refused = shop.list(ORDERS, pageSize="21")
    assert (refused.status, refused.json) == (
        400,
        {"message": "Maximum SearchCriteria pageSize is %max", "parameters": {"max": 20}},
    )
    assert len(ids(shop.list(ORDERS, pageSize="0", fields=IDS))) == 48


def test_shuffled_ties_differ_between_pages_until_the_order_is_total(shop: Client) -> None:
    shop.sandbox.control.set_setting("sandbox/list/shuffle_ties", "1")

    def walk(sort: str) -> list[int]:
        pages = (
            shop.get(
                f"{ORDERS}?searchCriteria[pageSize]=8&searchCriteria[currentPage]={page}&{sort}&fields={IDS}"
            )
            for page in range(1, 7)
        )
        return [key for page in pages for key in ids(page)]

    by_store = "searchCriteria[sortOrders][0][field]=customer_group_id"
    assert len(set(walk(by_store))) < 48
    total = f"{by_store}&searchCriteria[sortOrders][1][field]=entity_id"
    assert len(set(walk(total))) == 48
