"""What each transformer makes of an entity, and what is said when it cannot."""

from decimal import Decimal
from typing import Any

import pytest

from mageferry.http import Secret
from mageferry.http.placeholders import Scope
from mageferry.http.transformers import Failure, Ports, Transformed, Transformers


def transformed(*listed: dict[str, Any], entities: list[Any], **context: Any) -> Transformed:
    return Transformers.parse(list(listed)).run_pure(entities, Ports(Scope(context=context)))


def become(entity: Any, *listed: dict[str, Any], **context: Any) -> Any:
    result = transformed(*listed, entities=[entity], **context)
    assert not result.failures
    (data,) = result.data
    return data


def failure(entity: Any, *listed: dict[str, Any]) -> Failure:
    result = transformed(*listed, entities=[entity])
    assert not result.entities
    (failed,) = result.failures
    assert failed.remedy
    return failed


def test_fields_are_set_copied_moved_and_removed() -> None:
    order = {"id": 15, "customer": {"mail": "a@b", "x": 1}, "tags": ["a"], "old": None}
    after = become(
        order,
        {"type": "set", "target": "reference", "value": "order &{id} @{globals.region}"},
        {"type": "set", "target": "lines[0]", "value": {"id": "&{id}", "more": ["&{customer}"]}},
        {"type": "set", "target": "tags[]", "value": "b"},
        {"type": "copy", "source": "customer.mail", "target": "email"},
        {"type": "copy", "source": "missing", "target": "never", "missing": "skip"},
        {"type": "copy", "source": "missing", "target": "null", "missing": "null"},
        {"type": "move", "source": "customer.x", "target": "y"},
        {"type": "move", "source": "old", "target": "new"},
        {"type": "remove", "targets": ["customer.mail", "nothing.here", "id"]},
        globals={"region": "eu"},
    )
    assert after == {
        "customer": {},
        "tags": ["a", "b"],
        "reference": "order 15 eu",
        "lines": [{"id": 15, "more": [{"mail": "a@b", "x": 1}]}],
        "email": "a@b",
        "null": None,
        "y": 1,
        "new": None,
    }
    assert order == {"id": 15, "customer": {"mail": "a@b", "x": 1}, "tags": ["a"], "old": None}


def test_the_whole_entity_can_be_written_anew() -> None:
    assert become({"a": 1, "b": 2}, {"type": "set", "target": "@", "value": {"only": "&{a}"}}) == {"only": 1}


def test_values_are_mapped_by_a_table() -> None:
    table = {"processing": "RFS", "1": "one", "true": "yes"}
    for value, mapped in (("processing", "RFS"), (1, "one"), (True, "yes")):
        assert become({"s": value}, {"type": "map", "source": "s", "target": "s", "table": table}) == {
            "s": mapped
        }
    keep = {"type": "map", "source": "s", "target": "s", "table": table, "otherwise": "keep"}
    assert become({"s": "new"}, keep) == {"s": "new"}
    default = {**keep, "otherwise": "default", "default": {"other": True}}
    assert become({}, default) == {"s": {"other": True}}
    failed = failure({"s": "new"}, {**keep, "otherwise": "fail"})
    assert (failed.path, failed.message) == ("transformers[0].table", "The table has nothing for 'new'")


@pytest.mark.parametrize(
    ("value", "options", "written"),
    [
        ("2024-05-01 23:30:00", {"write": "date", "write_zone": "Europe/Berlin"}, "2024-05-02"),
        (
            "2024-05-01T23:30:00Z",
            {"write": "iso", "write_zone": "Europe/Berlin"},
            "2024-05-02T01:30:00+02:00",
        ),
        ("01.12.2024 08:05", {"read": ["iso", "%d.%m.%Y %H:%M"], "write": "iso_utc"}, "2024-12-01T08:05:00Z"),
        (
            "12/31/24",
            {"read": ["%m/%d/%y"], "read_zone": "America/New_York", "write": "iso_utc"},
            "2024-12-31T05:00:00Z",
        ),
        (
            "2024-05-01 10:00 +0200",
            {"read": ["%Y-%m-%d %H:%M %z"], "write": "iso_utc"},
            "2024-05-01T08:00:00Z",
        ),
        (1714600000, {"read": ["timestamp"], "write": "%Y%m%d"}, "20240501"),
        ("1714600000123", {"read": ["timestamp_ms"], "write": "timestamp_ms"}, 1714600000123),
        ("2024-05-01", {"write": "timestamp"}, 1714521600),
    ],
)
def test_dates_are_written_anew(value: Any, options: dict[str, Any], written: Any) -> None:
    assert become({"d": value}, {"type": "format_date", "source": "d", "target": "d", **options}) == {
        "d": written
    }


@pytest.mark.parametrize("value", ["31.02.2024", "soon", 10**30, True, {"a": 1}, "0001-01-01T00:00:00+23:59"])
def test_what_is_no_date_is_told(value: Any) -> None:
    reads = ["iso", "%d.%m.%Y", "timestamp"]
    step = {"type": "format_date", "source": "d", "target": "d", "read": reads, "write_zone": "Asia/Tokyo"}
    assert failure({"d": value}, step).path == "transformers[0].read"


@pytest.mark.parametrize(
    ("value", "options", "written"),
    [
        (2.675, {"digits": 2}, 2.68),
        ("2.665", {"digits": 2, "rounding": "half_even"}, 2.66),
        (-2.5, {"digits": 0}, -3),
        ("1.234,5", {"read_decimal": ",", "read_thousands": ".", "digits": 2, "write": "text"}, "1234.50"),
        (
            1234567.891,
            {"digits": 2, "write": "text", "write_thousands": ".", "write_decimal": ","},
            "1.234.567,89",
        ),
        (Decimal("12.10"), {"write": "text"}, "12.10"),
        ("0.1", {}, 0.1),
        ("007", {}, 7),
        ("12345678901234567.89", {}, Decimal("12345678901234567.89")),
    ],
)
def test_numbers_are_rounded_and_written(value: Any, options: dict[str, Any], written: Any) -> None:
    after = become({"n": value}, {"type": "format_number", "source": "n", "target": "n", **options})["n"]
    assert (after, type(after)) == (written, type(written))


@pytest.mark.parametrize("value", ["1,5", "x", True, [1], "1e5", "NaN", float("inf"), "1" * 40, {"a": 1}])
def test_what_is_no_number_is_told(value: Any) -> None:
    assert (
        "is no number"
        in failure({"n": value}, {"type": "format_number", "source": "n", "target": "n"}).message
    )


@pytest.mark.parametrize(
    ("text", "options", "parts"),
    [
        ("Ann Lee Smith", {}, ["Ann", "Lee", "Smith"]),
        ("Ann  Lee Smith", {"most": 2}, ["Ann", "Lee Smith"]),
        ("Cher", {"most": 2}, ["Cher"]),
        (" red; blue;;green ", {"separator": ";"}, ["red", "blue", "green"]),
        ("a;b", {"separator": ";", "most": 1}, ["a;b"]),
        (";", {"separator": ";"}, []),
    ],
)
def test_texts_are_split_into_their_parts(text: str, options: dict[str, Any], parts: list[str]) -> None:
    step = {"type": "split_text", "source": "n", "target": "n", **options}
    assert become({"n": text}, step) == {"n": parts}


def test_what_is_no_text_is_not_split() -> None:
    assert "is no text" in failure({"n": 5}, {"type": "split_text", "source": "n", "target": "n"}).message


def test_dates_and_numbers_may_be_missing() -> None:
    for kind in ("format_date", "format_number", "split_text"):
        step = {"type": kind, "source": "x", "target": "y"}
        assert "finds nothing" in failure({"x": ""}, step).message
        assert become({"x": ""}, {**step, "missing": "skip"}) == {"x": ""}
        assert become({"x": ""}, {**step, "missing": "null"}) == {"x": "", "y": None}


ORDERS = [
    {"id": 1, "shop": "eu", "items": [{"sku": "A", "qty": 2}, {"sku": "B", "qty": 0}]},
    {"id": 2, "shop": "us", "items": []},
    {"id": 3, "shop": "eu", "items": [{"sku": "A", "qty": 1}]},
]


def test_entities_are_filtered() -> None:
    result = transformed({"type": "filter", "keep": "shop == 'eu'"}, entities=ORDERS)
    assert [(entity.data["id"], entity.positions) for entity in result.entities] == [(1, (0,)), (3, (2,))]


def test_a_list_is_split_into_entities_that_know_where_they_come_from() -> None:
    split = {
        "type": "split",
        "source": "items",
        "entity": {"order": "&{entity.id}", "line": "&{index}", "sku": "&{item.sku}"},
    }
    result = transformed(split, entities=ORDERS)
    assert result.data == [
        {"order": 1, "line": 0, "sku": "A"},
        {"order": 1, "line": 1, "sku": "B"},
        {"order": 3, "line": 0, "sku": "A"},
    ]
    assert [entity.positions for entity in result.entities] == [(0,), (0,), (2,)]


def test_entities_are_grouped_in_the_order_they_come() -> None:
    group = {
        "type": "group",
        "by": "shop",
        "entity": {"shop": "&{key}", "ids": "&{entities[].id}", "first": "&{first.id}"},
    }
    result = transformed(group, entities=ORDERS)
    assert result.data == [{"shop": "eu", "ids": [1, 3], "first": 1}, {"shop": "us", "ids": [2], "first": 2}]
    assert [entity.positions for entity in result.entities] == [(0, 2), (1,)]


def test_a_group_that_misses_a_part_fails_unless_told() -> None:
    lines = [{"order": 1, "qty": 1}, {"order": 2, "qty": 2}, {"order": 1, "qty": "x"}]
    number = {"type": "format_number", "source": "qty", "target": "qty"}
    result = transformed(number, {"type": "group", "by": "order"}, entities=lines)
    assert [group["key"] for group in result.data] == [2]
    assert [failed.positions for failed in result.failures] == [(2,), (0,)]
    assert result.failures[1].message == "A part of the group has failed (entity 3)"
    told = transformed(
        number, {"type": "group", "by": "order", "when_part_failed": "leave_out"}, entities=lines
    )
    assert [len(group["entities"]) for group in told.data] == [1, 1]


def test_each_element_of_a_list_is_transformed_with_its_parent_at_hand() -> None:
    each = {
        "type": "for_each",
        "source": "items",
        "target": "items",
        "transformers": [
            {"type": "filter", "keep": "qty > `0`"},
            {"type": "set", "target": "order", "value": "@{parent.id}"},
        ],
    }
    assert become(ORDERS[0], each)["items"] == [{"sku": "A", "qty": 2, "order": 1}]
    failed = failure({"items": [{"qty": 1}, {"qty": "x"}]}, {**each, "transformers": [NUMBER]})
    assert failed.message == "Element 2: 'x' is no number as it is read here"
    assert failed.path == "transformers[0].transformers[0].source"


NUMBER = {"type": "format_number", "source": "qty", "target": "qty"}


def test_a_condition_chooses_and_keeps_the_order() -> None:
    step = {
        "type": "conditional",
        "when": "shop == 'us'",
        "then": [{"type": "set", "target": "tax", "value": 0}],
        "otherwise": [{"type": "filter", "keep": "id > `1`"}, {"type": "set", "target": "tax", "value": 20}],
    }
    result = transformed(step, entities=ORDERS)
    assert [(order["id"], order["tax"]) for order in result.data] == [(2, 0), (3, 20)]


def test_an_entity_can_be_failed_with_a_message() -> None:
    step = {"type": "fail", "when": "!(address)", "message": "no address in &{id}", "remedy": "Enter it."}
    assert failure({"id": 1}, step) == Failure((0,), "transformers[0]", "no address in 1", "Enter it.")
    assert become({"address": "x"}, step) == {"address": "x"}
    secret = transformed(
        {"type": "fail", "message": "@{globals.key}"}, entities=[{}], globals={"key": Secret("CANARY")}
    )
    assert "CANARY" not in str(secret)


def test_one_of_a_thousand_fails_alone_with_its_place_and_reason() -> None:
    entities: list[Any] = [{"qty": index} for index in range(1000)]
    entities[617] = {"qty": "many"}
    result = transformed(NUMBER, {"type": "set", "target": "next", "value": "&{qty}"}, entities=entities)
    assert len(result.entities) == 999
    assert result.failures == (
        Failure(
            (617,),
            "transformers[0].source",
            "'many' is no number as it is read here",
            "Correct the value, or the marks of what is read.",
        ),
    )


def test_values_are_not_shared_between_places() -> None:
    after = become(
        {"a": {"x": 1}},
        {"type": "copy", "source": "a", "target": "b"},
        {"type": "set", "target": "b.x", "value": 2},
    )
    assert after == {"a": {"x": 1}, "b": {"x": 2}}


def test_a_secret_stays_one() -> None:
    step = {"type": "set", "target": "login.key", "value": "k @{globals.key}"}
    after = become({}, step, globals={"key": Secret("CANARY")})
    assert after == {"login": {"key": Secret("k CANARY")}}
    failed = failure({"api_key": "CANARY"}, {"type": "map", "source": "api_key", "target": "x", "table": {}})
    assert "CANARY" not in str(failed)


def test_what_is_nested_too_deeply_fails_alone() -> None:
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep}
    result = transformed({"type": "set", "target": "x", "value": 1}, entities=[deep, {}])
    assert result.data == [{"x": 1}]
    assert result.failures[0].positions == (0,)
