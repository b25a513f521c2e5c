"""Every pagination gets everything, once, from servers of many kinds, and ends with those that never do."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.http import Request, Response
from mageferry.http.subscriber import (
    AnswerFormat,
    Cursor,
    EntityRules,
    ForeignHost,
    Format,
    ItemsPattern,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Pagination,
    PaginationError,
    RepeatedPage,
    Repeats,
    RequestTemplate,
    Stop,
    Subscriber,
    TooManyPages,
    WrongSettings,
    search_criteria,
)
from tests.http.subscriber.runs import ORIGIN, Server, all_pages, asked, data, next_page, says, start


def reader(pagination: Pagination, items: str = "items", **options: Any) -> Subscriber:
    rules = EntityRules(identifier=("id",))
    return Subscriber(
        RequestTemplate(f"{ORIGIN}/list"),
        items=ItemsPattern(items),
        pagination=pagination,
        entities=rules,
        **options,
    )


def rows(count: int) -> list[dict[str, int]]:
    return [{"id": number} for number in range(count)]


class Shelf:
    """A server with this many rows, that gives at most `cap` of them at a time."""

    def __init__(self, count: int, cap: int = 100) -> None:
        self.rows = rows(count)
        self.cap = cap
        self.requests = 0

    def cut(self, begin: int, size: int) -> list[dict[str, int]]:
        self.requests += 1
        return self.rows[begin : begin + min(size, self.cap)]

    def by_offset(self, request: Request) -> Response:
        query = asked(request)
        found = self.cut(int(query["offset"]), int(query["limit"]))
        return says({"items": found, "total": str(len(self.rows))})

    def by_page(self, request: Request) -> Response:
        query = asked(request)
        # A server that caps pages counts them by its own size.
        size = min(int(query["per_page"]), self.cap)
        begin = (int(query["page"]) - 1) * size
        more = begin + size < len(self.rows)
        return says({"items": self.cut(begin, size), "total": len(self.rows), "more": more})

    def by_cursor(self, request: Request) -> Response:
        begin = int(asked(request).get("cursor", "0"))
        found = self.cut(begin, self.cap)
        following = str(begin + len(found)) if begin + len(found) < len(self.rows) else None
        return says({"items": found, "next_cursor": following})

    def by_link(self, request: Request) -> Response:
        begin = int(asked(request).get("at", "0"))
        found = self.cut(begin, self.cap)
        ends = begin + len(found) >= len(self.rows)
        link = "" if ends else f"?at={begin + len(found)}"
        headers = {} if ends else {"link": f'<{link}>; rel="next", </list?at=0>; rel=first'}
        return says({"items": found, "links": {"next": link}}, **headers)


NUMBERED = [Stop(), Stop(total="total"), Stop(more="more")]
KINDS: list[tuple[Pagination, Callable[[Shelf], Server]]] = [
    *[
        (PageNumber(size_parameter="per_page", size=7, stop=stop), lambda shelf: shelf.by_page)
        for stop in NUMBERED
    ],
    (Offset(size=7), lambda shelf: shelf.by_offset),
    (Offset(size=7, stop=Stop(total="total")), lambda shelf: shelf.by_offset),
    (Cursor("next_cursor"), lambda shelf: shelf.by_cursor),
    (NextLink("links.next"), lambda shelf: shelf.by_link),
    (LinkHeader(), lambda shelf: shelf.by_link),
]


@given(st.sampled_from(KINDS), st.integers(0, 40), st.integers(1, 9))
def test_everything_is_read_once_whatever_the_server_gives_at_a_time(
    kind: tuple[Pagination, Callable[[Shelf], Server]], count: int, cap: int
) -> None:
    pagination, serve = kind
    shelf = Shelf(count, cap)
    reading = start(reader(pagination))
    assert data(all_pages(reading, serve(shelf))) == rows(count)
    assert reading.complete
    assert shelf.requests <= count // min(cap, 7) + 2


@given(
    st.sampled_from([kind for kind, _ in KINDS]),
    st.lists(
        st.fixed_dictionaries(
            {
                "items": st.lists(st.fixed_dictionaries({"id": st.integers(0, 3)}), max_size=3),
                "next_cursor": st.sampled_from([None, "a", "b", 3, ""]),
                "links": st.fixed_dictionaries({"next": st.sampled_from([None, "", "?a", "?b", "/x"])}),
                "total": st.integers(0, 1000),
                "more": st.booleans(),
            }
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_no_server_keeps_us_for_ever(pagination: Pagination, answers: list[Any]) -> None:
    count = 0

    def server(request: Request) -> Response:
        nonlocal count
        count += 1
        assert count <= 30
        return says(answers[count % len(answers)], link=f'<?n={count % 3}>; rel="next"')

    reading = start(reader(pagination, max_pages=30))
    with suppress(PaginationError):
        all_pages(reading, server)
        assert reading.complete


def test_a_short_page_ends_when_that_is_chosen() -> None:
    shelf = Shelf(10)
    all_pages(start(reader(Offset(size=7, stop=Stop(short_page=True)))), shelf.by_offset)
    assert shelf.requests == 2


def test_a_server_that_repeats_its_last_page_is_noticed() -> None:
    def server(request: Request) -> Response:
        page = min(int(asked(request)["page"]), 2)
        return says({"items": [{"id": page}]})

    subscriber = reader(PageNumber())
    reading = start(subscriber)
    with pytest.raises(RepeatedPage, match="Page 3: The same items came before"):
        all_pages(reading, server)
    assert not reading.complete
    reading = start(reader(PageNumber(), repeats=Repeats.STOP))
    assert data(all_pages(reading, server)) == [{"id": 1}, {"id": 2}]
    assert reading.complete


def test_a_link_that_leads_back_is_noticed() -> None:
    following = {"1": "?p=2", "2": "?p=1"}

    def server(request: Request) -> Response:
        page = asked(request).get("p", "1")
        return says({"items": [{"id": page}], "next": following[page]})

    with pytest.raises(RepeatedPage, match="Page 3: The same items"):
        all_pages(start(reader(NextLink())), server)
    endless = reader(Cursor("next"), repeats=Repeats.ALLOW)
    with pytest.raises(RepeatedPage, match="leads to one that was read already"):
        all_pages(start(endless), lambda _: says({"items": [{"id": 1}], "next": "same"}))


def test_pages_have_a_cap() -> None:
    count = 0

    def server(request: Request) -> Response:
        nonlocal count
        count += 1
        return says({"items": [{"id": count}]})

    with pytest.raises(TooManyPages, match="Page 6: There are more than 5 pages"):
        all_pages(start(reader(PageNumber(), max_pages=5)), server)
    assert count == 5


@pytest.mark.parametrize(
    "link",
    [
        "https://attacker.example/list?page=2",
        "//attacker.example/x",
        "https://erp.example:8443/list",
        "https://erp.example.attacker.example/",
    ],
)
def test_another_host_is_not_asked_unless_allowed(link: str) -> None:
    with pytest.raises(ForeignHost, match="Page 1: The next page is on another host"):
        next_page(start(reader(NextLink())), lambda _: says({"items": [{"id": 1}], "next": link}))


@pytest.mark.parametrize(
    "link", ["file:///etc/passwd", "javascript:1", "http://[", "https://a:b@erp.example/"]
)
def test_what_is_no_address_is_not_asked(link: str) -> None:
    with pytest.raises(PaginationError, match="no address"):
        next_page(start(reader(NextLink())), lambda _: says({"items": [{"id": 1}], "next": link}))


def test_an_allowed_host_gets_no_secrets() -> None:
    requests: list[Request] = []

    def server(request: Request) -> Response:
        requests.append(request)
        link = "https://files.example/2" if len(requests) == 1 else None
        return says({"items": [{"id": len(requests)}], "next": link})

    subscriber = Subscriber(
        RequestTemplate(f"{ORIGIN}/list", headers={"X-Api-Key": "k", "X-Version": "2"}),
        items=ItemsPattern("items"),
        pagination=NextLink(hosts=("files.example",)),
    )
    all_pages(start(subscriber), server)
    assert [(each.anonymous, sorted(each.headers)) for each in requests] == [
        (False, ["X-Api-Key", "X-Version"]),
        (True, ["X-Version"]),
    ]


def test_a_link_to_http_of_the_same_host_stays_on_https() -> None:
    seen: list[str] = []

    def server(request: Request) -> Response:
        seen.append(request.url)
        return says({"items": rows(1), "next": "http://erp.example/list?p=2" if len(seen) == 1 else None})

    all_pages(start(reader(NextLink(), repeats=Repeats.ALLOW)), server)
    assert seen == [f"{ORIGIN}/list", f"{ORIGIN}/list?p=2"]


def test_a_link_is_relative_to_what_answered() -> None:
    seen: list[str] = []

    def server(request: Request) -> Response:
        seen.append(request.url)
        link = "more?p=2" if len(seen) == 1 else ""
        return says({"items": [{"id": len(seen)}], "next": link})

    all_pages(start(reader(NextLink())), server)
    assert seen[1] == f"{ORIGIN}/more?p=2"


def test_magentos_lists_are_read_sorted_and_counted() -> None:
    requests: list[dict[str, str]] = []

    def server(request: Request) -> Response:
        requests.append(asked(request))
        page, size = (int(requests[-1][f"searchCriteria[{name}]"]) for name in ("currentPage", "pageSize"))
        # Before 2.4 a page behind the last is the last one again.
        begin = min((page - 1) * size, 2)
        return says({"items": rows(3)[begin : begin + size], "total_count": 3})

    assert data(all_pages(start(reader(search_criteria(size=2))), server)) == rows(3)
    assert [each["searchCriteria[currentPage]"] for each in requests] == ["1", "2"]
    assert requests[0]["searchCriteria[sortOrders][0][field]"] == "entity_id"


def test_empty_pages_do_not_end_a_cursor() -> None:
    answers = iter(
        [{"items": [], "next": "a"}, {"items": [{"id": 1}], "next": "b"}, {"items": [], "next": None}]
    )
    assert data(all_pages(start(reader(Cursor("next"))), lambda _: says(next(answers)))) == [{"id": 1}]


def test_a_status_may_be_the_end() -> None:
    def server(request: Request) -> Response:
        return says({"items": [{"id": 1}]}) if asked(request)["page"] == "1" else says({}, 404)

    pages = all_pages(start(reader(PageNumber(), end_statuses=frozenset({404}))), server)
    assert data(pages) == [{"id": 1}]
    assert pages[-1].note == "Answered 404: there are no more pages"


def test_a_total_that_is_none_is_told() -> None:
    with pytest.raises(PaginationError, match=r"Page 1: The total of items is not in the answer.*null"):
        all_pages(
            start(reader(Offset(stop=Stop(total="count")))), lambda _: says({"items": rows(1), "total": 3})
        )


def test_tables_have_pages_by_number() -> None:
    subscriber = Subscriber(
        RequestTemplate(f"{ORIGIN}/export.csv"),
        answer=AnswerFormat(Format.CSV),
        pagination=PageNumber(start=0),
    )
    answers = {"0": b"sku\nA\nB", "1": b"sku\nC", "2": b"sku\n"}
    pages = all_pages(start(subscriber), lambda request: says(answers[asked(request)["page"]]))
    assert [each["sku"] for each in data(pages)] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: NextLink("a b"), "pagination.path"),
        (lambda: Cursor("next["), "pagination.path"),
        (lambda: Offset(size=0), "pagination.size"),
        (lambda: PageNumber(stop=Stop(short_page=True)), "pagination.size"),
        (lambda: PageNumber(stop=Stop(total="a b")), "pagination.stop.total"),
        (lambda: reader(NextLink(), items="", answer=AnswerFormat(Format.CSV)), "pagination"),
    ],
)
def test_settings_are_checked(make: Callable[[], object], field: str) -> None:
    with pytest.raises(WrongSettings) as caught:
        make()
    assert caught.value.path == field
