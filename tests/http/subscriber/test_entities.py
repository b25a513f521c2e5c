"""From items to entities: patterns, identifiers, schemas and dates."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.http.subscriber import (
    Delta,
    Entity,
    EntityError,
    EntityRules,
    ItemsPattern,
    NoDate,
    NoIdentifier,
    NothingFound,
    SchemaMismatch,
    WrongSettings,
)
from mageferry.http.subscriber.entities import EntityReader, fingerprint_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def entity(data: Any, **rules: Any) -> Entity:
    return EntityReader(EntityRules(**rules)).read(data)


@pytest.mark.parametrize(
    ("pattern", "document", "items"),
    [
        ("", [1, 2], [1, 2]),
        ("", {"id": 1}, [{"id": 1}]),
        ("items", {"items": [1]}, [1]),
        ("data.orders[*]", {"data": {"orders": [1, 2]}}, [1, 2]),
        ("orders[*].lines[]", {"orders": [{"lines": [1]}, {"lines": [2, 3]}]}, [1, 2, 3]),
        ("pages.0.items", {"pages": [{"items": [1]}]}, [1]),
        ("feed.order", {"feed": {"order": {"id": 1}}}, [{"id": 1}]),
        ("items", {"items": []}, []),
        ("orders.*", {"orders": {"a": 1, "b": 2}}, [1, 2]),
    ],
)
def test_the_pattern_finds_items(pattern: str, document: Any, items: list[Any]) -> None:
    assert ItemsPattern(pattern).find(document)[0] == items


def test_a_pattern_that_finds_nothing_says_what_there_is() -> None:
    document = {"orders": [], "total": 3}
    with pytest.raises(NothingFound, match="'items' finds nothing; there is an object with orders, total"):
        ItemsPattern("items").find(document)
    items, note = ItemsPattern("items", nothing_is_error=False).find(document)
    assert (items, note) == (
        [],
        "The items pattern 'items' finds nothing; there is an object with orders, total",
    )
    assert ItemsPattern("orders").find(document)[1] == "No items; there is an object with orders, total"
    with pytest.raises(NothingFound, match="there is a list of 2"):
        ItemsPattern("items").find(["secret", "values"])


@pytest.mark.parametrize("pattern", ["items[", "a b", "a} ?{b", "x}y"])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(WrongSettings, match=r"items\.pattern"):
        ItemsPattern(pattern)


def test_an_identifier_is_joined_of_several_fields() -> None:
    assert entity({"id": 15}, identifier=("id",)).identifier == "15"
    assert entity({"id": 15.0}, identifier=("id",)).identifier == "15"
    assert entity("A-1", identifier=("@",)).identifier == "A-1"
    assert entity({"a": "x", "b": {"c": 2}}, identifier=("a", "b.c")).identifier == "x:2"
    one = entity({"a": "x:y", "b": "z"}, identifier=("a", "b"))
    other = entity({"a": "x", "b": "y:z"}, identifier=("a", "b"))
    assert one.identifier != other.identifier


@given(
    st.tuples(st.text(min_size=1), st.text(min_size=1)), st.tuples(st.text(min_size=1), st.text(min_size=1))
)
def test_identifiers_of_several_fields_do_not_meet(one: tuple[str, str], other: tuple[str, str]) -> None:
    rules = {"identifier": ("[0]", "[1]")}
    try:
        names = [entity(list(each), **rules).identifier for each in (one, other)]
    except NoIdentifier:
        assert not all(part.strip() for part in (*one, *other))
    else:
        same = [part.strip() for part in one] == [part.strip() for part in other]
        assert (names[0] == names[1]) == same


@pytest.mark.parametrize("value", [None, "", "  ", True, {}, [1]])
def test_without_identifier_an_entity_is_refused(value: Any) -> None:
    with pytest.raises(NoIdentifier, match="identifier"):
        entity({"id": value, "name": "private"}, identifier=("id",))


def test_without_a_path_the_look_is_the_identifier() -> None:
    assert entity({"a": 1, "b": 2}).identifier == entity({"b": 2, "a": 1}).identifier
    assert entity({"a": 1}).identifier != entity({"a": 2}).identifier


def test_what_is_compared_can_be_a_part() -> None:
    rules: dict[str, Any] = {"identifier": ("id",), "compared": "[name, price]"}
    one = entity({"id": 1, "name": "A", "price": 2, "read_at": "10:00"}, **rules)
    other = entity({"id": 1, "name": "A", "price": 2, "read_at": "11:00"}, **rules)
    assert one.fingerprint == other.fingerprint


@given(JSON)
def test_any_json_has_a_fingerprint(value: Any) -> None:
    assert fingerprint_of(value) == fingerprint_of(value)
    assert len(fingerprint_of([value, 10**30])) == 32


SCHEMA = {
    "type": "object",
    "required": ["id", "lines"],
    "properties": {
        "id": {"type": "integer"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        "status": {"enum": ["new", "done"]},
    },
    "$defs": {"line": {"type": "object", "required": ["sku"], "properties": {"qty": {"minimum": 1}}}},
}


def test_an_entity_that_fits_the_schema_is_taken() -> None:
    assert entity({"id": 1, "lines": [{"sku": "A"}]}, identifier=("id",), schema=SCHEMA).identifier == "1"


def test_what_does_not_fit_is_named_without_values() -> None:
    wrong = {"id": "private-1", "lines": [{"sku": "A"}, {"qty": 0}], "status": "private-2"}
    with pytest.raises(SchemaMismatch) as caught:
        entity(wrong, identifier=("id",), schema=SCHEMA)
    assert sorted(caught.value.problems) == [
        "id: must be integer, is string",
        "lines[1].qty: does not meet minimum 1",
        "lines[1]: lacks sku",
        'status: does not meet enum ["new","done"]',
    ]
    assert caught.value.identifier == "private-1"
    assert "private" not in caught.value.message


def test_a_schema_is_checked_and_loads_nothing() -> None:
    with pytest.raises(WrongSettings, match=r"entities\.schema: is no JSON Schema"):
        EntityRules(schema={"type": "no such type"})
    for schema in (
        {"$ref": "http://127.0.0.1:1/schema.json"},
        {"properties": {"a": {"$ref": "#/$defs/nothing"}}},
    ):
        with pytest.raises(WrongSettings, match="leads nowhere"):
            EntityRules(schema=schema)
    elsewhere = {"items": {"$id": "http://127.0.0.1:1/other", "$ref": "#/$defs/nothing"}}
    with pytest.raises(WrongSettings, match="leads nowhere"):
        EntityReader(EntityRules(schema=elsewhere)).read([1])
    with pytest.raises(WrongSettings, match="refers to itself"):
        EntityReader(EntityRules(schema={"$ref": "#"})).read({})


@pytest.mark.parametrize(
    "schema",
    [
        {"$defs": {"a": {"$anchor": "q"}}, "items": {"$ref": "#q"}},
        {"properties": {"$ref": {"type": "string"}}, "default": {"$ref": "#/nothing"}},
        {"$id": "https://erp.example/order", "$defs": {"a": {}}, "$ref": "#/$defs/a"},
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "definitions": {"a": {}},
            "$ref": "#/definitions/a",
        },
    ],
)
def test_references_within_a_schema_are_followed(schema: dict[str, Any]) -> None:
    assert EntityReader(EntityRules(schema=schema)).read({"id": 1}).data == {"id": 1}


@pytest.mark.parametrize(
    ("pattern", "zone", "value"),
    [
        ("iso", "UTC", "2026-03-01T10:00:00Z"),
        ("iso", "UTC", "2026-03-01 10:00:00"),
        ("iso", "Europe/Berlin", "2026-03-01 11:00:00"),
        ("iso", "Europe/Berlin", "2026-03-01T10:00:00+00:00"),
        ("timestamp", "UTC", 1772359200),
        ("timestamp", "UTC", "1772359200"),
        ("timestamp_ms", "UTC", 1772359200000),
        ("%d.%m.%Y %H:%M", "Europe/Berlin", "01.03.2026 11:00"),
        ("%Y-%m-%dT%H:%M:%S%z", "UTC", "2026-03-01T12:00:00+0200"),
    ],
)
def test_dates_are_read(pattern: str, zone: str, value: Any) -> None:
    rule = Delta("at", pattern, zone).rule()
    assert rule.read({"at": value}) == datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, "", "yesterday", True, {}, "0001-01-01T00:00:00+10:00", 10**30])
@pytest.mark.parametrize("pattern", ["iso", "timestamp", "%d.%m.%Y"])
def test_what_is_no_date_is_told(value: Any, pattern: str) -> None:
    with pytest.raises(NoDate) as caught:
        Delta("at", pattern).rule().read({"at": value})
    assert "yesterday" not in caught.value.message


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"path": "a["}, "delta.path"),
        ({"path": "a", "format": "YYYY-MM-DD"}, "delta.format"),
        ({"path": "a", "zone": "Middle/Earth"}, "delta.zone"),
        ({"path": "a", "overlap_seconds": -1}, "delta.overlap_seconds"),
    ],
)
def test_dates_settings_are_checked(settings: Any, field: str) -> None:
    with pytest.raises(WrongSettings) as caught:
        Delta(**settings)
    assert caught.value.path == field


@given(JSON)
def test_whatever_comes_is_an_entity_or_its_own_failure(value: Any) -> None:
    rules = EntityRules(identifier=("id || @", "length(@)"), schema={"type": ["object", "array", "string"]})
    with suppress(EntityError):
        assert EntityReader(rules).read(value).identifier
