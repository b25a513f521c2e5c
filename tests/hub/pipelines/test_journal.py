"""The log of requests: each in its client's format, masked, cut, storable, and kept for a while only."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from mageferry.http import HttpClient
from mageferry.hub.pipelines.clients import open_client
from mageferry.hub.pipelines.journal import prune_requests, storable, tidy
from mageferry.hub.pipelines.models import HttpClientRecord, HttpRequestRecord, HttpToken
from tests.http.local_server import Say, serving
from tests.hub.pipelines.builders import make_client

pytestmark = pytest.mark.django_db(transaction=True)


def post(client: HttpClientRecord, content: bytes = b"", path: str = "/x") -> None:
    with open_client(client) as http:
        http.request("POST", path, content=content)


@pytest.mark.parametrize(
    ("style", "shown", "hidden"),
    [
        ("simple", ["POST http", "200 after", "  x-answer: 1"], ["question", "reply"]),
        ("long", ["question", "reply", "  x-answer: 1"], []),
        ("full", ["question", "reply"], []),
        ("curl", ["curl -X POST", "--data-raw", "question"], ["reply"]),
    ],
)
def test_each_format_writes_what_its_name_says(style: str, shown: list[str], hidden: list[str]):
    with serving(lambda _: Say(200, {"a": "reply"}, {"X-Answer": "1"})) as server:
        post(make_client(server.url, log_formatter=style), b'{"a":"question"}')
    row = HttpRequestRecord.objects.get()
    assert (row.method, row.url, row.status, row.error) == ("POST", f"{server.url}/x", 200, "")
    assert all(text in row.text for text in shown), row.text
    assert not any(text in row.text for text in hidden), row.text


def test_a_request_without_an_answer_is_written_with_its_error():
    client = make_client("http://127.0.0.1:9")
    with pytest.raises(Exception, match="cannot be reached"):
        post(client)
    row = HttpRequestRecord.objects.get()
    assert row.status is None
    assert "The server cannot be reached" in row.error
    assert row.error in row.text


@pytest.mark.parametrize(
    "body",
    [b"\x00\x01binary\x00", b"nul \0 in text" + b"x" * 9000, b"\xff\xfe\xed\xa0\x80", b'"\\ud800 \\u0000"'],
)
def test_whatever_a_server_answers_can_be_stored(body: bytes):
    with serving(lambda _: Say(200, body, {"Content-Type": "application/json"})) as server:
        post(make_client(server.url, log_formatter="full"), body)
    assert HttpRequestRecord.objects.get().status == 200


def test_text_is_made_storable():
    assert storable("a\0b\ud800c") == "a␀b?c"


def test_long_bodies_are_cut_at_the_limit_of_the_format():
    with serving(lambda _: Say(200, b"x" * 50_000)) as server:
        post(make_client(server.url, log_formatter="long"))
        post(make_client(server.url, name="B", code="b", log_formatter="full"))
    long, full = HttpRequestRecord.objects.order_by("pk")
    assert "x" * 10_000 + " ... (50,000 characters)" in long.text
    assert "x" * 50_000 in full.text


def test_a_failing_row_does_not_take_the_callers_transaction_with_it():
    with serving(lambda _: Say(200)) as server:
        client = make_client(server.url)
        with transaction.atomic(), open_client(client) as http:
            HttpClientRecord.objects.filter(pk=client.pk).update(description="before")
            assert http.request("GET", "/x").status == 200
    client.refresh_from_db()
    assert client.description == "before"


def test_requests_are_kept_by_age_and_by_number():
    client = make_client(log_keep_days=10, log_keep_count=3)
    other = make_client(name="B", code="b", log_keep_days=90)
    for days in (30, 11, 9, 8, 7, 6):
        for each in (client, other):
            HttpRequestRecord.objects.create(
                client=each,
                sent_at=timezone.now() - dt.timedelta(days=days),
                method="GET",
                url=str(days),
                elapsed_ms=1,
                text="",
            )
    assert prune_requests() == 3
    assert list(client.requests.order_by("pk").values_list("url", flat=True)) == ["8", "7", "6"]
    assert other.requests.count() == 6


def test_old_tokens_go_but_those_that_can_be_renewed_stay():
    now = timezone.now()
    for key, days, refresh in (("old", 91, ""), ("renewable", 91, "r-1"), ("fresh", 1, "")):
        HttpToken.objects.create(
            key=key, owner="A", token="t-1", refresh=refresh,
            obtained_at=now, expires_at=now - dt.timedelta(days=days),
        )  # fmt: skip
    tidy()
    assert set(HttpToken.objects.values_list("key", flat=True)) == {"renewable", "fresh"}


def test_a_client_that_is_switched_off_is_not_used():
    client = make_client(enabled=False)
    with pytest.raises(Exception, match="switched off"), open_client(client) as http:
        assert isinstance(http, HttpClient)
