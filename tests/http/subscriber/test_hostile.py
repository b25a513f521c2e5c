"""Servers that answer too much, too deep, without end or with nonsense: each a clear error that names the setting."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from mageferry.http import HttpClient, HttpError, Request, Response
from mageferry.http.errors import BodyTooLarge
from mageferry.http.subscriber import (
    EntityError,
    IncomingError,
    NothingFound,
    Reading,
    RepeatedPage,
    Subscriber,
    TooLarge,
    TooManyPages,
    UnreadableAnswer,
    pages,
)
from mageferry.http.subscriber.described import SubscriberDescription
from tests.http.local_server import Say, serving
from tests.http.subscriber.runs import ORIGIN, Server, all_pages, asked, says, start

TWO_GIGABYTES = 2 * 1024**3
BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>"""


def described(url: str = f"{ORIGIN}/list", **options: Any) -> Subscriber:
    return SubscriberDescription.parse({"request": {"path": url}, **options}).build()


def answered(body: bytes) -> Server:
    return lambda _: says(body)


def two_gigabytes() -> Iterator[bytes]:
    piece = b" " * 65_536
    return (piece for _ in range(TWO_GIGABYTES // len(piece)))


def bomb() -> bytes:
    """64 MB of blanks, in 64 kB."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b" " * 1024**2) for _ in range(64)) + packer.flush()


@pytest.mark.parametrize(
    "say", [Say(body=two_gigabytes()), Say(body=bomb(), headers={"Content-Encoding": "gzip"})]
)
def test_two_gigabytes_are_not_received(say: Say) -> None:
    with serving(lambda _: say) as server, HttpClient() as client:
        subscriber = described(f"{server.url}/list", answer={"limits": {"body_bytes": 1_000_000}})
        with pytest.raises(BodyTooLarge, match="larger than 1,000,000 bytes and was not read") as caught:
            list(pages(client, Reading(subscriber, client.handle_with)))
    assert "raise limits.body_bytes" in caught.value.remedy


@pytest.mark.parametrize(
    ("answer", "body", "error", "told", "remedy"),
    [
        ({"format": "xml"}, BILLION_LAUGHS, UnreadableAnswer, "DOCTYPE", "without a DOCTYPE"),
        (
            {"format": "xml", "limits": {"elements": 100}},
            b"<a>" + b"<b/>" * 101 + b"</a>",
            TooLarge,
            "more than 100 XML elements",
            "raise limits.elements",
        ),
        (
            {"format": "xml", "limits": {"depth": 50}},
            b"<a>" * 100_000,
            TooLarge,
            "deeper than 50 levels",
            "raise limits.depth",
        ),
        ({}, b"[" * 100_000, TooLarge, "deeper than 64 levels", "raise limits.depth"),
        ({}, b"[" * 65 + b"]" * 65, TooLarge, "deeper than 64 levels", "raise limits.depth"),
        ({"limits": {"items": 2}}, b"[1, 2, 3]", TooLarge, "more than 2 items", "raise limits.items"),
        (
            {"format": "csv"},
            b'sku,name\nA,"never closed\nB,b\n',
            UnreadableAnswer,
            "Page 1, line 3: The table cannot be read: a quote is opened and never closed",
            "check table.delimiter and table.quote",
        ),
        (
            {"format": "csv"},
            b'sku,name\nA,"a" b\n',
            UnreadableAnswer,
            "Page 1, line 2: The table cannot be read",
            "check table.delimiter and table.quote",
        ),
        (
            {"format": "csv"},
            b'sku,name\nA,"' + b"x" * 200_000,
            TooLarge,
            "A field is longer than",
            "check table.quote",
        ),
        ({}, b"<html>down</html>", UnreadableAnswer, "is no JSON", "check the address, or choose XML"),
        (
            {"format": "auto"},
            b"%PDF",
            UnreadableAnswer,
            "does not name its content type",
            "Choose the format",
        ),
    ],
)
def test_what_cannot_be_read_names_the_place_and_the_setting(
    answer: dict[str, Any], body: bytes, error: type[IncomingError], told: str, remedy: str
) -> None:
    with pytest.raises(error) as caught:
        all_pages(start(described(answer=answer)), answered(body))
    assert told in caught.value.message
    assert remedy in caught.value.remedy


def test_a_row_of_another_length_fails_alone_and_names_the_setting() -> None:
    subscriber = described(answer={"format": "csv"}, entities={"identifier": ["sku"]})
    (page,) = all_pages(start(subscriber), answered(b"sku,name\nA,a\nB;b\nC,c\n"))
    assert [entity.identifier for entity in page.entities] == ["A", "C"]
    (failure,) = page.failures
    assert isinstance(failure, EntityError)
    assert failure.message == "Page 1, entity 2, line 3: The row has 1 fields, the table 2 columns"
    assert "table.delimiter" in failure.remedy


def numbered(request: Request) -> Response:
    """Pages without end, each with items of its own."""
    number = int(asked(request).get("page", "1"))
    return says({"items": [{"id": number}], "next": f"/list?page={number + 1}"})


def repeating(request: Request) -> Response:
    """The last page again and again, whatever is asked."""
    return says({"items": [{"id": 1}], "next": f"/list?page={next(repeats)}"})


repeats = count(2)


@pytest.mark.parametrize(
    ("pagination", "server", "error", "remedy"),
    [
        ({"type": "page"}, numbered, TooManyPages, "Raise max_pages"),
        ({"type": "next_link"}, numbered, TooManyPages, "Raise max_pages"),
        ({"type": "page"}, repeating, RepeatedPage, "(pagination.stop.total), or take a repeated page"),
        ({"type": "next_link"}, repeating, RepeatedPage, "for the end (repeats)"),
        (
            {"type": "cursor", "path": "items[0].id"},
            lambda _: says({"items": [{"id": 1, "at": next(repeats)}]}),
            RepeatedPage,
            "check the pagination's path and parameter",
        ),
    ],
)
def test_pages_without_end_are_ended(
    pagination: dict[str, Any], server: Server, error: type[IncomingError], remedy: str
) -> None:
    subscriber = described(pagination=pagination, items={"pattern": "items"}, max_pages=20)
    with pytest.raises(error) as caught:
        all_pages(start(subscriber), server)
    assert remedy in caught.value.remedy


def test_a_pattern_that_matches_nothing_names_what_there_is_and_both_settings() -> None:
    subscriber = described(items={"pattern": "data.orders[*]"})
    with pytest.raises(NothingFound) as caught:
        all_pages(start(subscriber), answered(b'{"orders": [], "total": 0}'))
    assert "'data.orders[*]' finds nothing; there is an object with orders, total" in caught.value.message
    assert "items.pattern" in caught.value.remedy
    assert "items.nothing_is_error" in caught.value.remedy
    allowed = described(items={"pattern": "data.orders[*]", "nothing_is_error": False})
    (page,) = all_pages(start(allowed), answered(b'{"orders": []}'))
    assert (page.entities, "finds nothing" in page.note) == ((), True)


def test_failures_of_the_wire_name_the_page() -> None:
    def broken(request: Request) -> Response:
        if int(asked(request)["page"]) > 1:
            raise HttpError("The connection was reset")
        return says([{"id": 1}])

    with pytest.raises(HttpError, match="Page 2: The connection was reset"):
        all_pages(start(described(pagination={"type": "page"})), broken)
