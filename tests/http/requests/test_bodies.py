"""What structures become in a body."""

from decimal import Decimal
from typing import Any

import pytest

from mageferry.http import Headers, InvalidRequest, Response, Secret
from mageferry.http.publisher.answers import decoded
from mageferry.http.requests.bodies import BodyType, CsvOptions, encode, pruned


def encoded(kind: BodyType, content: Any, **options: Any) -> tuple[str, str]:
    body, content_type = encode(content, kind, CsvOptions(**options))
    return body.decode(), content_type


def test_json_keeps_decimals_exact() -> None:
    body, kind = encoded(BodyType.JSON, {"total": Decimal("12.10"), "qty": 1})
    assert (body, kind) == ('{"total":12.10,"qty":1}', "application/json")


def test_xml_has_attributes_texts_and_repeated_elements() -> None:
    order = {"order": {"@id": "1", "item": [{"sku": "A&B"}, {"sku": "C", "#text": "x"}], "paid": True}}
    body, kind = encoded(BodyType.XML, order)
    assert kind == "application/xml; charset=utf-8"
    assert '<order id="1"><item><sku>A&amp;B</sku></item>' in body
    answer = Response(200, Headers({"content-type": kind}), body.encode())
    assert decoded(answer) == {
        "order": {"@id": "1", "item": [{"sku": "A&B"}, {"sku": "C", "#text": "x"}], "paid": "true"}
    }


def test_a_form_nests_as_php_reads_it() -> None:
    body, kind = encoded(BodyType.FORM, {"a": {"b": [1, "x y"]}, "none": None, "total": Decimal("1.50")})
    assert (body, kind) == (
        "a%5Bb%5D%5B0%5D=1&a%5Bb%5D%5B1%5D=x+y&total=1.50",
        "application/x-www-form-urlencoded",
    )


def test_several_parts_with_a_file() -> None:
    parts = {"name": "n", "file": {"filename": "a.txt", "base64": "aGVsbG8=", "content_type": "text/plain"}}
    body, kind = encoded(BodyType.MULTIPART, parts)
    assert kind.startswith("multipart/form-data; boundary=")
    assert kind.partition("=")[2] in body
    assert 'name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n' in body


def test_csv_quotes_and_orders_its_columns() -> None:
    rows = [{"sku": 'A,"1"', "qty": 2}, {"sku": "B", "qty": None}]
    assert encoded(BodyType.CSV, rows)[0] == 'sku,qty\r\n"A,""1""",2\r\nB,\r\n'
    assert encoded(BodyType.CSV, rows, columns=("qty",), header=False, delimiter=";")[0] == '2\r\n""\r\n'
    assert encoded(BodyType.CSV, [["a", 1]])[0] == "a,1\r\n"


def test_raw_is_a_text() -> None:
    assert encoded(BodyType.RAW, "hello") == ("hello", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (BodyType.JSON, {"a": Secret("CANARY")}),
        (BodyType.JSON, {"a": object()}),
        (BodyType.JSON, {"a": 2**80}),
        (BodyType.JSON, {"a": Decimal("NaN")}),
        (BodyType.XML, {"a": 1, "b": 2}),
        (BodyType.XML, {"a": [1, 2]}),
        (BodyType.XML, {"a b": 1}),
        (BodyType.XML, {"a": {"b": [[1]]}}),
        (BodyType.XML, {"a": "CANARY\x00"}),
        (BodyType.FORM, ["CANARY"]),
        (BodyType.MULTIPART, {}),
        (BodyType.MULTIPART, {"a": {"base64": "CANARY!"}}),
        (BodyType.MULTIPART, {"a": {"content": "x", "content_type": "a\r\nX: CANARY"}}),
        (BodyType.MULTIPART, {"a": {"other": "CANARY"}}),
        (BodyType.CSV, [{"a": 1}, ["CANARY"]]),
        (BodyType.CSV, [{"a": 1}, {"b": "CANARY"}]),
        (BodyType.CSV, "CANARY"),
        (BodyType.RAW, {"a": "CANARY"}),
    ],
)
def test_what_has_no_form_is_refused_without_being_quoted(kind: BodyType, content: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        encode(content, kind, CsvOptions())
    assert "CANARY" not in f"{caught.value}{caught.value.remedy}"
    assert caught.value.remedy


def test_empty_nodes_are_left_out_at_any_depth() -> None:
    full = {"a": "", "b": None, "c": [], "d": {"e": {"f": ""}}, "g": 0, "h": False, "i": ["", "x", {}]}
    assert pruned(full) == {"g": 0, "h": False, "i": ["x"]}


@pytest.mark.parametrize(
    "content", [b"<a", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", b"<a>" * 500 + b"</a>" * 500]
)
def test_xml_that_is_broken_deep_or_declares_entities_stays_a_text(content: bytes) -> None:
    response = Response(200, Headers({"content-type": "application/xml"}), content)
    assert decoded(response) == content.decode()
