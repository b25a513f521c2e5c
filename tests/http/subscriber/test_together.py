"""Rows that belong together: the lines of an order that come as rows of a table."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mageferry.http.subscriber import (
    AnswerFormat,
    Delta,
    EntityRules,
    Format,
    ItemsPattern,
    NextLink,
    PageNumber,
    Repeats,
    RequestTemplate,
    Subscriber,
    WrongSettings,
)
from mageferry.http.subscriber.entities import DateRule
from mageferry.http.subscriber.together import together_at_once
from tests.http.subscriber.runs import ORIGIN, Server, all_pages, asked, data, next_page, says, start

BY_ORDER = ItemsPattern("rows", together="order")


def row(order: Any, line: int = 1) -> dict[str, Any]:
    return {"order": order, "line": line}


def reading(*, items: ItemsPattern = BY_ORDER, **changes: Any) -> Subscriber:
    values: dict[str, Any] = {
        "items": items,
        "pagination": PageNumber("page"),
        "entities": EntityRules(("key",)),
        **changes,
    }
    return Subscriber(RequestTemplate(f"{ORIGIN}/rows"), **values)


def paged(*pages: list[dict[str, Any]]) -> Server:
    """Numbered pages, and an empty one behind them."""
    return lambda request: says({"rows": ([*pages, []])[int(asked(request)["page"]) - 1]})


def orders(pages: list[Any]) -> dict[Any, list[int]]:
    """The lines of each order that is handed out."""
    return {each["key"]: [one["line"] for one in each["rows"]] for each in data(pages)}


def reasons(pages: list[Any]) -> list[str]:
    return [failure.reason for page in pages for failure in page.failures]


def test_rows_of_one_order_are_one_item_over_pages():
    server = paged([row("A", 1), row("A", 2), row("B", 1)], [row("B", 2), row("C", 1)], [row("C", 2)])
    found = all_pages(start(reading()), server)
    assert orders(found) == {"A": [1, 2], "B": [1, 2], "C": [1, 2]}
    assert [page.received for page in found] == [3, 2, 1, 0]
    assert not reasons(found)


def test_rows_of_a_table_are_one_item():
    table = b"order,line\nA,1\nA,2\nB,1\n"
    subscriber = Subscriber(
        RequestTemplate(f"{ORIGIN}/rows"),
        AnswerFormat(Format.CSV),
        ItemsPattern(together="order"),
        batch_entities=1,
    )
    found = all_pages(start(subscriber), lambda _: says(table))
    assert data(found) == [
        {"key": "A", "rows": [{"order": "A", "line": "1"}, {"order": "A", "line": "2"}]},
        {"key": "B", "rows": [{"order": "B", "line": "1"}]},
    ]


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(1, 4), max_size=6),
    page_rows=st.integers(1, 5),
    batch=st.integers(1, 5),
)
def test_however_they_are_paged_no_order_is_split(counts: list[int], page_rows: int, batch: int):
    rows = [row(order, line) for order, count in enumerate(counts) for line in range(count)]
    pages = [rows[at : at + page_rows] for at in range(0, len(rows), page_rows)]
    found = all_pages(start(reading(batch_entities=batch)), paged(*pages))
    assert orders(found) == {order: list(range(count)) for order, count in enumerate(counts)}
    assert not reasons(found)


def test_within_an_answer_their_order_does_not_matter():
    rows = [row("A", 1), row("B", 1), row("A", 2)]
    assert orders(all_pages(start(reading()), paged(rows))) == {"A": [1, 2], "B": [1]}


def test_rows_that_come_late_fail_with_what_to_do():
    found = all_pages(start(reading()), paged([row("A", 1), row("B", 1)], [row("A", 2), row("C", 1)]))
    assert orders(found) == {"A": [1], "B": [1], "C": [1]}
    (failure,) = (each for page in found for each in page.failures)
    assert failure.reason == "Rows of it came before and were taken: they don't stand together: A"
    assert "sorted" in failure.remedy
    assert failure.data == {"key": "A", "rows": [row("A", 2)]}


def test_rows_that_a_moving_page_brings_again_are_no_lines_twice():
    found = all_pages(
        start(reading()),
        paged([row("A", 1), row("A", 2), row("B", 1)], [row("A", 2), row("B", 1), row("B", 2)]),
    )
    assert orders(found) == {"A": [1, 2], "B": [1, 2]}
    assert not reasons(found)


def test_lines_that_are_equal_within_a_page_are_two():
    assert orders(all_pages(start(reading()), paged([row("A"), row("A")]))) == {"A": [1, 1]}


@pytest.mark.parametrize("bad", [{"line": 9}, {"order": "", "line": 9}, {"order": {"a": 1}}, "text"])
def test_a_row_that_tells_nothing_spoils_those_beside_it(bad: Any):
    pages = [[row("A"), row("B", 1), bad], [row("C", 1), row("C", 2), row("D")]]
    found = all_pages(start(reading()), paged(*pages))
    assert orders(found) == {"A": [1], "D": [1]}
    failures = [each for page in found for each in page.failures]
    assert [(each.place.page, each.data) for each in failures] == [
        (1, bad),
        (1, {"key": "B", "rows": [row("B", 1)]}),
        (2, {"key": "C", "rows": [row("C", 1), row("C", 2)]}),
    ]
    assert all(each.remedy for each in failures)


def test_a_table_row_that_cannot_be_read_spoils_those_beside_it():
    subscriber = Subscriber(
        RequestTemplate(f"{ORIGIN}/rows"), AnswerFormat(Format.CSV), ItemsPattern(together="order")
    )
    found = all_pages(start(subscriber), lambda _: says(b"order,line\nA,1\nB,1\nB,2,3,4\nB,2\nC,1\n"))
    assert [each["key"] for each in data(found)] == ["A", "C"]
    assert "A row next to it can't be used, and may be one of it: B" in reasons(found)


def test_after_an_error_the_page_is_read_again_and_nothing_is_missing():
    run, server = start(reading()), paged([row("A", 1)], [row("A", 2), row("B", 1)])
    first = next_page(run, server)
    with pytest.raises(ConnectionError):
        next_page(run, _fail)
    assert first is not None
    assert orders([first, *all_pages(run, server)]) == {"A": [1, 2], "B": [1]}


def _fail(request: Any) -> Any:
    raise ConnectionError


def test_a_repeated_page_that_is_the_end_lets_the_last_one_go():
    rows = [row("A", 1), row("A", 2)]
    found = all_pages(start(reading(repeats=Repeats.STOP)), lambda _: says({"rows": rows}))
    assert orders(found) == {"A": [1, 2]}


def test_the_date_of_changes_is_one_of_the_rows():
    subscriber = reading(
        delta=Delta("max(rows[].changed_at)"),
        pagination=NextLink("next"),
        items=ItemsPattern("rows", together="order"),
    )
    rows = [{"order": "A", "changed_at": f"2026-03-01T10:0{minute}:00Z"} for minute in (3, 1)]
    run = start(subscriber)
    (page,) = all_pages(run, lambda _: says({"rows": rows}))
    rule = subscriber.delta.rule() if subscriber.delta else None
    assert isinstance(rule, DateRule)
    assert page.entities[0].changed_at == rule.written.read("2026-03-01T10:03:00Z")


def test_all_at_once():
    assert together_at_once([row("A"), row("B")], None) == [row("A"), row("B")]
    assert together_at_once([row("A", 1), row("A", 2)], BY_ORDER.by) == [
        {"key": "A", "rows": [row("A", 1), row("A", 2)]}
    ]


def test_a_path_that_is_none_is_refused():
    with pytest.raises(WrongSettings, match=r"items\.together"):
        ItemsPattern(together="[")
