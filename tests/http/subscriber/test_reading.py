"""Runs: what is handed out, what fails alone, what is remembered, and how far the mark goes."""

import asyncio
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mageferry.http import (
    AsyncHttpClient,
    ConnectionLost,
    Flow,
    HttpClient,
    HttpConfig,
    Request,
    Response,
    Secret,
    UnexpectedStatus,
    UnreadableBody,
)
from mageferry.http.authentication.bearer import Bearer
from mageferry.http.placeholders import Scope
from mageferry.http.plugins.base_uri import BaseUri
from mageferry.http.plugins.redirect import Redirect
from mageferry.http.subscriber import (
    AnswerFormat,
    BodyType,
    Cursor,
    Delta,
    EntityRules,
    ForeignHost,
    Format,
    ItemsPattern,
    Limits,
    Memories,
    MemoryFingerprints,
    MemorySeen,
    NextLink,
    NoDate,
    NoIdentifier,
    PageNumber,
    Reading,
    RequestTemplate,
    SchemaMismatch,
    Skipped,
    Subscriber,
    TransformFailed,
    UnreadableAnswer,
    UriEncoder,
    WrongSettings,
    apages,
    pages,
    plain,
)
from tests.http.local_server import Say, Seen, serving
from tests.http.subscriber.runs import ORIGIN, all_pages, asked, data, next_page, says, start

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BY_ID = EntityRules(identifier=("id",))


def reader(uri: str = f"{ORIGIN}/orders", **options: Any) -> Subscriber:
    return Subscriber(RequestTemplate(uri), **{"entities": BY_ID, **options})


def order(number: int, hour: int = 10, **fields: Any) -> dict[str, Any]:
    return {"id": number, "updated_at": f"2026-03-01 {hour:02}:00:00", **fields}


# What is asked


def test_every_part_of_a_request_may_have_placeholders() -> None:
    subscriber = Subscriber(
        RequestTemplate(
            "@{globals.host}/shops/&{shop}/orders",
            "post",
            query={"filter": {"status": ["new", "paid"]}, "q": "a b&c", "none": None, "since": "?{since}"},
            headers={"X-Key": "${KEY}"},
            body={"page": "&{page.number}", "until": "&{until}"},
        ),
        pagination=PageNumber(parameter=""),
        delta=Delta("at", sent_format="timestamp"),
        scope=Scope({"shop": "a/b c"}, {"KEY": Secret("hidden-key")}, {"globals": {"host": ORIGIN}}),
    )
    requests: list[Request] = []

    def server(request: Request) -> Response:
        requests.append(request)
        return says([])

    all_pages(start(subscriber, now=NOW), server)
    request = requests[0]
    assert request.method == "POST"
    assert request.url == (
        f"{ORIGIN}/shops/a%2Fb%20c/orders?filter%5Bstatus%5D%5B0%5D=new&filter%5Bstatus%5D%5B1%5D=paid&q=a%20b%26c"
    )
    assert request.header("X-Key") == "hidden-key"
    assert request.content == b'{"page":1,"until":"1772366400"}'
    assert "hidden-key" not in repr(request.masked(str(dict(request.headers))))


def test_blanks_are_encoded_as_chosen_and_bodies_may_be_forms() -> None:
    template = RequestTemplate(
        f"{ORIGIN}/x?page=9&keep=a%20b",
        "POST",
        query={"q": "a b"},
        body={"a": [1], "b": "x y"},
        uri_encoder=UriEncoder.RFC1738,
        body_type=BodyType.FORM,
    )
    requests: list[Request] = []

    def server(request: Request) -> Response:
        requests.append(request)
        return says([])

    all_pages(start(Subscriber(template, pagination=PageNumber())), server)
    assert requests[0].url == f"{ORIGIN}/x?keep=a%20b&q=a+b&page=1"
    assert requests[0].content == b"a%5B0%5D=1&b=x+y"


@pytest.mark.parametrize(
    "make",
    [
        lambda: reader(max_pages=0),
        lambda: reader(answer=AnswerFormat(Format.CSV), items=ItemsPattern("items")),
        lambda: EntityRules(identifier=("a", "b"), separator=""),
    ],
)
def test_settings_that_cannot_work_are_refused(make: Any) -> None:
    with pytest.raises(WrongSettings):
        make()


def test_a_value_that_is_missing_for_the_request_is_told() -> None:
    with pytest.raises(WrongSettings, match=r"&\{since\} finds nothing") as caught:
        next_page(start(reader(f"{ORIGIN}/orders?since=&{{since}}")), lambda _: says([]))
    assert "?{name}" in caught.value.remedy


# What comes


def test_one_wrong_entity_of_many_fails_alone() -> None:
    schema = {"properties": {"qty": {"type": "integer"}}}
    items = [{"id": 1, "qty": 1}, {"name": "nameless"}, {"id": 3, "qty": "x"}, {"id": 4, "qty": 2}]
    subscriber = reader(entities=EntityRules(identifier=("id",), schema=schema))
    (page,) = all_pages(start(subscriber), lambda _: says(items))
    assert [(entity.identifier, entity.index) for entity in page.entities] == [("1", 1), ("4", 4)]
    assert [type(failure) for failure in page.failures] == [NoIdentifier, SchemaMismatch]
    assert page.failures[0].message.startswith("Page 1, entity 2: It has no identifier")
    assert page.failures[1].message == (
        "Page 1, entity 3: The entity does not fit the schema: qty: must be integer, is string"
    )
    assert page.received == 4


def test_the_transformer_changes_leaves_out_and_splits() -> None:
    def transform(item: Any, /) -> Flow[Sequence[Any]]:
        extra = yield Request("GET", f"{ORIGIN}/extra/{item['id']}")
        if item["id"] == 2:
            raise ValueError("private value")
        return [{"id": f"{item['id']}-{line}", "extra": extra.json()} for line in item["lines"]]

    def server(request: Request) -> Response:
        if "/extra/" in request.url:
            return says(request.url[-1])
        return says([{"id": number, "lines": ["a", "b"][: number % 3]} for number in (1, 2, 3)])

    (page,) = all_pages(start(reader(transform=transform)), server)
    assert [entity.data for entity in page.entities] == [{"id": "1-a", "extra": "1"}]
    (failure,) = page.failures
    assert isinstance(failure, TransformFailed)
    assert failure.message == "Page 1, entity 2: The input transformer failed: ValueError"
    assert page.skipped == Skipped(dropped=1)


def test_a_plain_function_is_a_transformer() -> None:
    subscriber = reader(transform=plain(lambda item: {"id": item} if item % 2 else None))
    assert data(all_pages(start(subscriber), lambda _: says([1, 2, 3]))) == [{"id": 1}, {"id": 3}]


def test_duplicates_within_a_run_are_left_out_and_other_content_is_told() -> None:
    answers = iter([[order(1), order(1), order(2)], [order(2), order(2, status="paid")], []])
    first, second, _ = all_pages(start(reader(pagination=PageNumber())), lambda _: says(next(answers)))
    assert (len(first.entities), first.skipped.duplicates) == (2, 1)
    assert (data([second]), second.skipped.duplicates) == ([order(2, status="paid")], 1)
    assert second.note == "1 came again with other content, such as 2"


def test_a_large_answer_comes_in_parts() -> None:
    lines = b"id\n" + b"".join(b"%d\n" % number for number in range(25))
    subscriber = reader(answer=AnswerFormat(Format.CSV), batch_entities=10)
    found = all_pages(start(subscriber), lambda _: says(lines))
    assert [(page.number, len(page.entities)) for page in found] == [(1, 10), (1, 10), (1, 5)]


def test_what_is_wrong_behind_the_first_part_is_told_after_it() -> None:
    content = b"id\n" + b"".join(b"%d\n" % number for number in range(10)) + b'"x'
    reading = start(reader(answer=AnswerFormat(Format.CSV), batch_entities=5))
    page = next_page(reading, lambda _: says(content))
    assert page is not None
    assert len(page.entities) == 5
    with pytest.raises(UnreadableAnswer, match="Page 1, line 12: "):
        next_page(reading, lambda _: says(content))
    assert not reading.complete


def test_after_an_error_the_same_page_is_asked_again() -> None:
    answers: list[Response | Exception] = [
        says([order(1)]),
        ConnectionLost("The connection broke"),
        says(b"<html>"),
        says({}, 500),
        says([order(2)]),
        says([]),
    ]
    seen: list[str] = []

    def server(request: Request) -> Response:
        seen.append(asked(request)["page"])
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    reading = start(reader(pagination=PageNumber()))
    assert next_page(reading, server) is not None
    for kind, message in (
        (ConnectionLost, "Page 2: The connection broke"),
        (UnreadableAnswer, "Page 2, line 1: The answer is no JSON"),
        (UnexpectedStatus, "Page 2: the server answered 500"),
    ):
        with pytest.raises(kind, match=message):
            next_page(reading, server)
    assert data(all_pages(reading, server)) == [order(2)]
    assert seen == ["1", "2", "2", "2", "2", "3"]


# What is remembered


def by_date(**options: Any) -> Subscriber:
    delta = Delta("updated_at", sent_format="%Y-%m-%d %H:%M:%S", **options.pop("delta", {}))
    return reader(f"{ORIGIN}/orders?since=?{{since}}", delta=delta, **options)


def test_a_run_reads_since_the_last_date_with_an_overlap() -> None:
    subscriber = by_date()
    reading = start(subscriber, now=NOW)
    asked_for: list[str] = []

    def server(request: Request) -> Response:
        asked_for.append(asked(request)["since"])
        return says([order(1, hour=9), order(2, hour=11)])

    for page in all_pages(reading, server):
        reading.done(page.entities)
    assert reading.mark() == datetime(2026, 3, 1, 11, tzinfo=UTC)
    all_pages(start(subscriber, since=reading.mark(), now=NOW), server)
    assert asked_for == ["", "2026-03-01 10:45:00"]


def test_the_first_run_can_be_bounded_and_older_ones_be_left_out() -> None:
    subscriber = by_date(delta={"first_seconds": 7200.0, "overlap_seconds": 0, "drop_older": True})
    (page,) = all_pages(start(subscriber, now=NOW), lambda _: says([order(1, hour=9), order(2, hour=10)]))
    assert [entity.identifier for entity in page.entities] == ["2"]
    assert page.skipped == Skipped(older=1)


def test_the_mark_does_not_pass_what_is_open() -> None:
    items = [
        order(1, hour=8),
        order(2, hour=9),
        order(3, hour=10),
        {"name": "none", "updated_at": "2026-03-01 07:00"},
    ]
    since = datetime(2026, 3, 1, 6, tzinfo=UTC)
    reading = start(by_date(), since=since, now=NOW)
    page = next_page(reading, lambda _: says(items))
    assert page is not None
    reading.done(page.entities[:1] + page.entities[2:])
    assert reading.open_count == 2
    assert reading.mark() == datetime(2026, 3, 1, 6, 59, 59, tzinfo=UTC)
    reading.settled(page.failures)
    assert reading.mark() == datetime(2026, 3, 1, 8, 59, 59, tzinfo=UTC)
    reading.settled(page.entities)
    assert reading.mark() == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_the_mark_stays_when_the_run_broke_off_or_a_record_has_no_date() -> None:
    since = datetime(2026, 3, 1, 6, tzinfo=UTC)
    reading = start(by_date(pagination=PageNumber()), since=since, now=NOW)
    page = next_page(reading, lambda _: says([order(1)]))
    assert page is not None
    reading.done(page.entities)
    assert reading.mark() == since
    reading = start(by_date(), since=since, now=NOW)
    page = next_page(reading, lambda _: says([order(1), {"id": 2}]))
    assert page is not None
    reading.done(page.entities)
    assert isinstance(page.failures[0], NoDate)
    assert reading.mark() == since


def test_a_date_in_the_future_does_not_carry_the_mark_away() -> None:
    reading = start(by_date(), now=NOW)
    page = next_page(reading, lambda _: says([{"id": 1, "updated_at": "2099-01-01"}]))
    assert page is not None
    reading.done(page.entities)
    assert reading.mark() == NOW


def test_the_mark_never_goes_back() -> None:
    since = NOW - timedelta(hours=1)
    reading = start(by_date(), since=since, now=NOW)
    all_pages(reading, lambda _: says([]))
    assert reading.mark() == since


def test_what_was_processed_comes_again_only_when_it_has_changed() -> None:
    subscriber = by_date(memories=Memories(seen=MemorySeen()))

    def run(*items: Any, done: bool = True) -> list[Any]:
        reading = start(subscriber, since=NOW, now=NOW)
        found = all_pages(reading, lambda _: says(list(items)))
        for page in found if done else []:
            reading.done(page.entities)
        return [entity.identifier for page in found for entity in page.entities]

    assert run(order(1), order(2), done=False) == ["1", "2"]
    assert run(order(1), order(2)) == ["1", "2"]
    assert run(order(1), order(2)) == []
    assert run(order(1), order(2, status="paid")) == ["2"]


def test_without_dates_what_was_processed_never_comes_again() -> None:
    seen = MemorySeen(limit=2)
    subscriber = reader(memories=Memories(seen=seen))
    reading = start(subscriber)
    for page in all_pages(reading, lambda _: says([order(1), order(2), order(3)])):
        reading.done(page.entities)
    (page,) = all_pages(start(subscriber), lambda _: says([order(1), order(2, hour=11), order(3)]))
    # The store is bounded: the oldest is forgotten, and comes again.
    assert [entity.identifier for entity in page.entities] == ["1"]
    assert (page.skipped.seen, len(seen)) == (2, 2)


def test_what_is_unchanged_is_left_out_only_after_it_has_succeeded() -> None:
    subscriber = reader(memories=Memories(fingerprints=MemoryFingerprints()))
    reading = start(subscriber)
    (page,) = all_pages(reading, lambda _: says([order(1), order(2)]))
    reading.done(entity for entity in page.entities if entity.identifier == "1")  # 2 failed
    (page,) = all_pages(start(subscriber), lambda _: says([order(1), order(2)]))
    assert [entity.identifier for entity in page.entities] == ["2"]
    assert page.skipped.unchanged == 1
    (page,) = all_pages(start(subscriber), lambda _: says([order(1, status="paid")]))
    assert [entity.identifier for entity in page.entities] == ["1"]


def test_a_mark_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        start(reader(), since=datetime(2026, 3, 1))  # noqa: DTZ001


# Over the wire


def shelf(seen: Seen) -> Say:
    page = int(seen.query.get("page", "1"))
    if seen.headers["Authorization"] != "Bearer right-token":
        return Say(401)
    following = f"/api/orders?page={page + 1}" if page < 3 else None
    return Say(body={"items": [{"id": page}], "links": {"next": following}})


def config(url: str) -> HttpConfig:
    return HttpConfig(plugins=(BaseUri(f"{url}/api"),), authentication=Bearer(Secret("right-token")))


LINKED = Subscriber(
    RequestTemplate("/orders"), items=ItemsPattern("items"), pagination=NextLink("links.next"), entities=BY_ID
)


def test_both_clients_read_the_same() -> None:
    async def read(url: str) -> list[Any]:
        async with AsyncHttpClient(config(url)) as client:
            return [page async for page in apages(client, Reading(LINKED, client.handle_with))]

    with serving(shelf) as server:
        with HttpClient(config(server.url)) as client:
            found = list(pages(client, Reading(LINKED, client.handle_with)))
        assert data(found) == data(asyncio.run(read(server.url))) == [{"id": 1}, {"id": 2}, {"id": 3}]
        assert [seen.target for seen in server.seen[:3]] == [
            "/api/orders",
            "/api/orders?page=2",
            "/api/orders?page=3",
        ]


def test_a_redirect_to_another_host_gets_no_token_by_its_next_link() -> None:
    def elsewhere(seen: Seen) -> Say:
        return Say(body={"items": [{"id": 1}], "links": {"next": "/api/orders?page=2"}})

    def onward(_: Seen) -> Say:
        return Say(302, headers={"Location": f"{other.url}/api/orders"})

    with serving(elsewhere) as other, serving(onward) as own:
        settings = HttpConfig((BaseUri(f"{own.url}/api"), Redirect()), Bearer(Secret("right-token")))
        with HttpClient(settings) as client, pytest.raises(ForeignHost):
            list(pages(client, Reading(LINKED, client.handle_with)))
        assert [seen.headers["Authorization"] for seen in other.seen] == [None]


def endless() -> Iterator[bytes]:
    yield b'{"items": ["'
    while True:
        yield b"x" * 65_536


@pytest.mark.parametrize("kind", list(Format))
def test_an_answer_that_never_ends_is_cut_with_little_memory(kind: Format) -> None:
    limit = 4 * 1024 * 1024
    answer = AnswerFormat(kind, limits=Limits(body_bytes=limit))
    with serving(lambda _: Say(body=endless())) as server, HttpClient() as client:
        reading = Reading(reader(server.url + "/", answer=answer), client.handle_with)
        tracemalloc.start()
        try:
            with pytest.raises(UnreadableBody, match="larger than 4,194,304 bytes"):
                next(pages(client, reading))
            assert tracemalloc.get_traced_memory()[1] < 2 * limit
        finally:
            tracemalloc.stop()


def test_many_pages_take_no_more_memory_than_a_few() -> None:
    filler = "x" * 1000

    def peak(count: int) -> int:
        def server(request: Request) -> Response:
            page = int(asked(request).get("cursor", "0"))
            items = [{"id": page * 100 + number, "filler": filler} for number in range(100)]
            return says({"items": items, "next": page + 1 if page + 1 < count else None})

        subscriber = reader(items=ItemsPattern("items"), pagination=Cursor("next"), recent_identifiers=500)
        reading = start(subscriber)
        tracemalloc.start()
        try:
            while (page := next_page(reading, server)) is not None:
                reading.done(page.entities)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(60) < 1.5 * peak(10)
