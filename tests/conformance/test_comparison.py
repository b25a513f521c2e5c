"""What counts as the same answer, and what does not."""

import json
from datetime import UTC, datetime

import pytest

from conformance.comparison import Differ
from conformance.recordings import Answer

START = datetime(2030, 5, 1, 12, 0, 0, tzinfo=UTC)
JSON = "application/json"


def differences(expected: object, found: object, differ: Differ | None = None) -> list[str]:
    bodies = [body if isinstance(body, str) else json.dumps(body) for body in (expected, found)]
    return (differ or Differ(START)).compare(Answer(200, JSON, bodies[0]), Answer(200, JSON, bodies[1]))


def test_the_order_of_keys_does_not_matter() -> None:
    assert differences({"sku": "LAMP", "qty": 2}, {"qty": 2, "sku": "LAMP"}) == []


@pytest.mark.parametrize(
    ("expected", "found", "line"),
    [
        ({"qty": 2}, {"qty": 3}, "$.qty: expected 2, found 3"),
        ({"qty": 1}, {"qty": True}, "$.qty: expected 1, found true"),
        ({"qty": 1}, {"qty": "1"}, '$.qty: expected 1, found "1"'),
        ({"qty": 1}, {}, "$.qty: missing, expected 1"),
        ({}, {"qty": 1}, "$.qty: not expected, found 1"),
        ([1, 2], [1], "$: expected [1, 2], found [1]"),
        ([{"a": [0]}], [{"a": [9]}], "$[0].a[0]: expected 0, found 9"),
        ("<p>one</p>", "<p>two</p>", '$: expected "<p>one</p>", found "<p>two</p>"'),
    ],
)
def test_any_other_difference_is_said_with_its_place(expected: object, found: object, line: str) -> None:
    assert differences(expected, found) == [line]


def test_status_and_content_type_belong_to_an_answer() -> None:
    lines = Differ(START).compare(Answer(200, JSON, "[]"), Answer(500, "text/html", "[]"))

    assert lines == [
        "status: expected 200, found 500",
        "content type: expected 'application/json', found 'text/html'",
    ]


def test_moments_of_the_run_may_differ_and_older_ones_not() -> None:
    run = {"updated_at": "2030-05-01 12:00:07"}, {"updated_at": "2030-05-01 12:00:00"}
    before = {"updated_at": "2030-04-30 08:00:00"}, {"updated_at": "2030-04-30 08:00:01"}

    assert differences(*run) == []
    assert len(differences(*before)) == 1
    assert len(differences(run[0], before[0])) == 1


def test_a_bulk_keeps_its_new_name_for_the_whole_run() -> None:
    differ = Differ(START)
    old, new = "11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
    other = "99999999-2222-3333-4444-555555555555"

    assert differences({"bulk_uuid": old}, {"bulk_uuid": new}, differ) == []
    assert differences({"bulk_uuid": old}, {"bulk_uuid": new}, differ) == []
    assert differences({"bulk_uuid": old}, {"bulk_uuid": other}, differ) != []
    assert differences({"bulk_uuid": other}, {"bulk_uuid": new}, differ) != []


def test_ids_of_a_counter_may_be_others_if_they_stay_the_same() -> None:
    differ = Differ(START)

    def stock(number: int) -> object:
        return {"stock_item": {"item_id": number}}

    assert differences(stock(38), stock(25), differ) == []
    assert differences(stock(39), stock(26), differ) == []
    assert differences(stock(38), stock(26), differ) != []
    assert differences({"item_id": 38}, {"item_id": 25}, differ) != []


def test_a_hash_must_look_like_one() -> None:
    expected = {"protect_code": "0" * 32}

    assert differences(expected, {"protect_code": "f" * 32}) == []
    assert differences(expected, {"protect_code": ""}) != []


def test_report_numbers_tokens_and_the_own_address_may_differ() -> None:
    page = 'see <a href="http&#x3A;//127.0.0.1&#x3A;{}/">, Error log record number: {}'

    assert differences(page.format(8080, "c0ffee"), page.format(4711, "abcdef01")) == []
    assert differences({"message": "Report ID: webapi-1a"}, {"message": "Report ID: webapi-2b"}) == []
    assert differences('"eyJh.eyJi.abc"', '"eyJc.eyJd.xyz"') == []


def test_json_within_a_text_is_compared_as_json() -> None:
    expected, found = {"result": '{"a":1,"b":2}'}, {"result": '{"b":3,"a":1}'}

    assert differences(expected, found) == ["$.result(JSON).b: expected 2, found 3"]


def test_fields_can_be_left_out_for_one_recording() -> None:
    differ = Differ(START, ignored=frozenset({"created_at"}))

    assert differences({"created_at": "1999-01-01 00:00:00", "id": 1}, {"id": 1}, differ) == []
    assert differences({"created_at": "1999-01-01 00:00:00", "id": 1}, {"id": 2}, differ) != []
