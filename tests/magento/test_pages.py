import asyncio
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mageferry.magento import (
    AdminToken,
    AsyncMagento,
    BearerToken,
    ConfigurationError,
    Magento,
    Rejected,
    SearchCriteria,
    Transient,
)
from mageferry.magento.ranges import RangePlan
from mageferry.sandbox import Sandbox
from tests.magento.model_shop import ModelShop, orders


def shop_of(model: Callable[[httpx2.Request], httpx2.Response], **options: Any) -> Magento:
    return Magento(
        "https://shop.example",
        BearerToken("token"),
        transport=httpx2.MockTransport(model),
        sleep=lambda _: None,
        **options,
    )


def ids_of(pages: Any) -> list[int]:
    return [row["entity_id"] for page in pages for row in page.items]


def test_a_list_is_read_by_id_until_nothing_remains() -> None:
    model = ModelShop(orders(*range(1, 8)))
    pages = list(shop_of(model).orders.pages(page_size=3))
    assert [(page.first_id, page.last_id, page.remaining) for page in pages] == [
        (1, 3, 4),
        (4, 6, 1),
        (7, 7, 0),
    ]
    assert len(model.requests) == 3


def test_an_empty_list_has_no_page() -> None:
    assert list(shop_of(ModelShop([])).orders.pages()) == []


def test_the_key_filter_stands_beside_the_callers_filters() -> None:
    model = ModelShop(
        [{"entity_id": n, "status": "a" if n % 2 else "b", "store_id": n % 3} for n in range(1, 40)]
    )
    criteria = (
        SearchCriteria().where("status", "eq", "a").where_any(("store_id", "eq", 0), ("store_id", "eq", 1))
    )
    read = ids_of(shop_of(model).orders.pages(criteria, page_size=4))
    assert read == [n for n in range(1, 40) if n % 2 and n % 3 in (0, 1)]


def test_a_projection_keeps_the_id_that_reading_needs() -> None:
    model = ModelShop(orders(1, 2))
    list(shop_of(model).orders.pages(SearchCriteria().fields("increment_id"), page_size=1))
    assert model.requests[0]["fields"] == "items[increment_id,entity_id],total_count"


def test_null_items_of_a_projection_are_an_empty_list() -> None:
    answer = httpx2.Response(200, json={"items": None, "total_count": 0})
    shop = Magento("https://shop.example", BearerToken("t"), transport=httpx2.MockTransport(lambda _: answer))
    assert list(shop.orders.pages()) == []


def test_a_smaller_page_size_is_learned_once_and_kept() -> None:
    model = ModelShop(orders(*range(1, 11)))
    model.max_page_size = 4
    shop = shop_of(model)
    assert ids_of(shop.orders.pages(page_size=100)) == list(range(1, 11))
    assert [query["searchCriteria[pageSize]"] for query in model.requests] == ["100", "4", "4", "4"]
    assert ids_of(shop.orders.pages(page_size=100)) == list(range(1, 11))
    assert len(model.requests) == 7


def test_a_server_that_ignores_the_filter_is_found_out() -> None:
    answer = httpx2.Response(200, json={"items": orders(1, 2), "total_count": 50})
    shop = Magento("https://shop.example", BearerToken("t"), transport=httpx2.MockTransport(lambda _: answer))
    with pytest.raises(ConfigurationError, match="entity_id 1 came again"):
        list(shop.orders.pages(page_size=2))


def test_an_answer_without_a_list_names_the_projection() -> None:
    answer = httpx2.Response(200, json=[])
    shop = Magento("https://shop.example", BearerToken("t"), transport=httpx2.MockTransport(lambda _: answer))
    with pytest.raises(Rejected) as caught:
        list(shop.orders.pages())
    assert "fields()" in caught.value.remedy


@pytest.mark.parametrize("criteria", [SearchCriteria().sort("updated_at"), SearchCriteria().current_page(2)])
def test_an_order_or_page_of_the_caller_is_refused(criteria: SearchCriteria) -> None:
    with pytest.raises(ValueError, match="leave sort"):
        shop_of(ModelShop([])).orders.pages(criteria)


def test_a_broken_record_is_named_and_the_rest_is_read() -> None:
    model = ModelShop(orders(*range(1, 100), *range(500, 600)))
    model.broken = {37, 555}
    pages = list(shop_of(model).orders.pages(page_size=50))
    assert [failed.id for page in pages for failed in page.failed] == [37, 555]
    assert ids_of(pages) == [row["entity_id"] for row in model.rows if row["entity_id"] not in model.broken]


@pytest.mark.parametrize("seed", range(60))
def test_a_shop_that_fails_now_and_then_has_no_broken_records_that_are_not_there(seed: int) -> None:
    model, chance = ModelShop(orders(*range(3, 300, 7))), random.Random(seed)
    rate = chance.choice((0.05, 0.3))

    def answer(request: httpx2.Request) -> httpx2.Response:
        if chance.random() < rate:
            return httpx2.Response(500, json={"message": "Internal Error. Report ID: webapi-7a21"})
        return model(request)

    there = {row["entity_id"] for row in model.rows}
    given_out: set[int] = set()
    try:
        for page in shop_of(answer).orders.pages(page_size=6):
            given_out.update(ids_of([page]), (failed.id for failed in page.failed))
    except Transient:
        assert given_out <= there
    else:
        assert given_out == there


def test_a_row_that_fails_once_is_not_broken() -> None:
    model = ModelShop(orders(*range(10, 20)))
    failing = [True, True, False, True, True, True, False]

    def answer(request: httpx2.Request) -> httpx2.Response:
        if failing and failing.pop(0):
            return httpx2.Response(500, json={"message": "Internal Error. Report ID: webapi-3"})
        return model(request)

    shop = shop_of(answer)
    # The page twice, then its halves of 4, 2 and 1; it answers again when the row is asked for by its id.
    pages = list(shop.orders.pages(page_size=8))
    assert [failed.id for page in pages for failed in page.failed] == []
    assert ids_of(pages) == list(range(10, 20))


def test_a_broken_record_is_named_where_a_page_past_the_end_is_the_last_one_again() -> None:
    """Magento 2.3 and older: there the shop can't be asked how many there are without giving one out."""
    model = ModelShop(orders(*range(1, 10)))
    model.broken = {5}
    model.repeats_last_page = True
    pages = list(shop_of(model).orders.pages(page_size=4))
    assert [failed.id for page in pages for failed in page.failed] == [5]


def test_all_stops_at_a_broken_record_with_its_error() -> None:
    model = ModelShop(orders(*range(1, 10)))
    model.broken = {5}
    rows = shop_of(model).orders.all(page_size=4)
    assert [next(rows)["entity_id"] for _ in range(4)] == [1, 2, 3, 4]
    with pytest.raises(Transient, match="Report ID"):
        next(rows)


def test_a_question_that_always_fails_is_no_broken_record() -> None:
    calls: list[httpx2.Request] = []

    def fail(request: httpx2.Request) -> httpx2.Response:
        calls.append(request)
        return httpx2.Response(500, json={"message": "Internal Error. Report ID: webapi-1"})

    shop = Magento("https://shop.example", BearerToken("t"), transport=httpx2.MockTransport(fail))
    with pytest.raises(Transient):
        list(shop.orders.pages())
    assert len(calls) == 3  # the page twice, then the same question with an empty answer


def test_a_single_failure_costs_one_more_request() -> None:
    model = ModelShop(orders(*range(1, 10)))
    answers = iter([500])

    def flaky(request: httpx2.Request) -> httpx2.Response:
        status = next(answers, 200)
        return (
            model(request) if status == 200 else httpx2.Response(status, json={"message": "Internal Error."})
        )

    shop = Magento("https://shop.example", BearerToken("t"), transport=httpx2.MockTransport(flaky))
    assert ids_of(shop.orders.pages(page_size=4)) == list(range(1, 10))
    assert {query["searchCriteria[pageSize]"] for query in model.requests} == {"4"}


def source_items(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"sku": sku, "source_code": source, "quantity": 1, "status": 1} for sku, source in sorted(pairs)]


@pytest.mark.parametrize("page_size", [1, 2, 3, 7, 100])
def test_source_items_are_read_by_sku_though_several_sources_share_it(page_size: int) -> None:
    rows = source_items(
        *((f"S{n}", source) for n in range(9) for source in ("default", "eu", "us")), ("T", "eu")
    )
    read = list(shop_of(ModelShop(rows, "sku")).source_items.all(page_size=page_size, concurrency=4))
    assert read == rows


@given(
    rows=st.sets(st.tuples(st.sampled_from("ABCDEFGHIJ"), st.sampled_from("xyz")), max_size=30),
    page_size=st.integers(1, 8),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=60, deadline=None)
def test_no_source_item_is_lost_or_doubled_while_others_come_and_go(
    rows: set[tuple[str, str]], page_size: int, seed: int
) -> None:
    dice = random.Random(seed)
    model = ModelShop(source_items(*rows), "sku")
    constant = set(rows)

    def change() -> None:
        if model.rows and dice.random() < 0.4:
            leaving = model.rows.pop(dice.randrange(len(model.rows)))
            constant.discard((leaving["sku"], leaving["source_code"]))
        pair = (dice.choice("ABCDEFGHIJ"), dice.choice("xyz"))
        if dice.random() < 0.4 and all((row["sku"], row["source_code"]) != pair for row in model.rows):
            model.rows.extend(source_items(pair))

    model.before_answer = change
    read = [(row["sku"], row["source_code"]) for row in shop_of(model).source_items.all(page_size=page_size)]
    assert len(read) == len(set(read))
    assert constant <= set(read)


def test_a_server_that_repeats_source_items_is_found_out() -> None:
    answer = httpx2.Response(200, json={"items": source_items(("A", "eu"), ("B", "eu")), "total_count": 9})
    shop = Magento("https://shop.example", BearerToken("t"), transport=httpx2.MockTransport(lambda _: answer))
    with pytest.raises(ConfigurationError, match="came again"):
        list(shop.source_items.pages(page_size=2))


class Weather:
    """Rows that leave and arrive between two requests, remembering which were there all the time."""

    def __init__(self, model: ModelShop, seed: int) -> None:
        self.model = model
        self.random = random.Random(seed)
        self.constant = {row["entity_id"] for row in model.rows}
        self.ever = set(self.constant)

    def __call__(self) -> None:
        rows = self.model.rows
        if rows and self.random.random() < 0.6:
            leaving = self.random.choice(rows)
            rows.remove(leaving)
            self.constant.discard(leaving["entity_id"])
        if self.random.random() < 0.6:
            known = {row["entity_id"] for row in rows} | self.ever
            arriving = self.random.choice([max(known, default=0) + 1, self.random.randint(1, 400)])
            if arriving not in known:
                self.ever.add(arriving)
                rows.append({"entity_id": arriving})


rows_of_ids = st.lists(st.integers(1, 400), unique=True, max_size=120).map(lambda ids: orders(*sorted(ids)))


@given(rows=rows_of_ids, page_size=st.integers(1, 30), workers=st.integers(1, 6), seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_or_doubled_while_rows_come_and_go(
    rows: list[dict[str, Any]], page_size: int, workers: int, seed: int
) -> None:
    model = ModelShop(rows)
    weather = Weather(model, seed)
    model.before_answer = weather

    async def answer(request: httpx2.Request) -> httpx2.Response:
        response = model(request)
        for _ in range(weather.random.randrange(4)):
            await asyncio.sleep(0)
        return response

    async def read() -> list[int]:
        transport = httpx2.MockTransport(answer)
        async with AsyncMagento("https://shop.example", BearerToken("t"), transport=transport) as shop:
            return [
                row["entity_id"] async for row in shop.orders.all(page_size=page_size, concurrency=workers)
            ]

    read_ids = asyncio.run(read())
    assert len(read_ids) == len(set(read_ids))
    assert weather.constant <= set(read_ids) <= weather.ever


@given(rows=rows_of_ids, page_size=st.integers(1, 30), workers=st.integers(2, 6))
@settings(max_examples=15, deadline=None)
def test_threads_read_the_same_as_one_request_after_the_other(
    rows: list[dict[str, Any]], page_size: int, workers: int
) -> None:
    shop = shop_of(ModelShop(rows))
    read = ids_of(shop.orders.pages(page_size=page_size, concurrency=workers))
    assert sorted(read) == [row["entity_id"] for row in rows]


@given(
    rows=rows_of_ids.filter(lambda rows: len(rows) > 2),
    broken=st.sets(st.integers(0, 119), max_size=4),
    page_size=st.integers(1, 30),
    workers=st.integers(1, 3),
)
@settings(max_examples=40, deadline=None)
def test_every_broken_record_is_named_and_no_other_is_missed(
    rows: list[dict[str, Any]], broken: set[int], page_size: int, workers: int
) -> None:
    model = ModelShop(rows)
    model.broken = {rows[number % len(rows)]["entity_id"] for number in broken}
    pages = list(shop_of(model).orders.pages(page_size=page_size, concurrency=workers))
    assert sorted(failed.id for page in pages for failed in page.failed) == sorted(model.broken)
    assert sorted(ids_of(pages)) == [row["entity_id"] for row in rows if row["entity_id"] not in model.broken]


def test_taking_no_more_pages_ends_the_workers() -> None:
    model = ModelShop(orders(*range(1, 2000)))
    pages = shop_of(model).orders.pages(page_size=10, concurrency=4)
    taken = [next(pages) for _ in range(3)]
    asked = len(model.requests)
    pages.close()  # type: ignore[attr-defined]
    assert len(taken) == 3
    assert len(model.requests) <= asked + 4
    assert asked < 3 + 4 + 4 + 4  # read ahead no further than the waiting pages allow


def test_an_error_of_one_worker_reaches_the_caller() -> None:
    model = ModelShop(orders(*range(1, 500)))

    def answer(request: httpx2.Request) -> httpx2.Response:
        if len(model.requests) > 5:
            return httpx2.Response(400, json={"message": "Not now"})
        return model(request)

    shop = Magento("https://shop.example", BearerToken("t"), transport=httpx2.MockTransport(answer))
    with pytest.raises(Rejected, match="Not now"):
        list(shop.orders.pages(page_size=10, concurrency=3))


def simulate(ids: list[int], page_size: int, workers: int) -> tuple[list[int], int, int]:
    """All workers ask at once and are answered at once: (ids read, requests, rounds)."""
    plan = RangePlan(page_size, workers)
    read: list[int] = []
    requests = rounds = 0
    while not plan.done:
        rounds += 1
        tickets = []
        while len(tickets) < workers and (ticket := plan.next_ticket()) is not None:
            tickets.append(ticket)
        assert tickets
        requests += len(tickets)
        for ticket in tickets:
            found = [n for n in ids if n > ticket.after and (ticket.until is None or n <= ticket.until)]
            page = found[: ticket.size]
            kept = plan.settle(ticket, page, page[-1] if page else ticket.after, len(found) - len(page))
            read += page[:kept]
    return read, requests, rounds


def test_ids_without_gaps_are_read_with_no_request_too_many() -> None:
    read, requests, rounds = simulate(list(range(1, 10_001)), 100, 10)
    assert sorted(read) == list(range(1, 10_001))
    assert (requests, rounds) == (100, 11)


@pytest.mark.parametrize("shape", ["sparse", "clustered", "late"])
def test_ids_with_gaps_are_shared_out_by_taking_over(shape: str) -> None:
    dice = random.Random(5)
    ids = {
        "sparse": sorted(dice.sample(range(1, 60_000), 10_000)),
        "clustered": [*range(1, 5001), *range(900_000, 905_000)],
        "late": [*range(1, 101), *range(50_000, 59_900)],
    }[shape]
    read, requests, rounds = simulate(ids, 100, 10)
    assert sorted(read) == ids
    assert all(a < b for a, b in pairwise(sorted(read)))
    assert requests <= 130
    assert rounds <= 20


def test_a_page_of_texts_that_is_too_heavy_is_asked_for_in_smaller_pieces() -> None:
    with Sandbox("back-office") as sandbox:
        # Every page of 16 and more fails, smaller ones do not.
        sandbox.control.add_fault("internal_error", path="source-items.*pageSize%5D=(1[6-9]|[2-9][0-9])&")
        sign_in = AdminToken(sandbox.username, sandbox.password)
        with Magento(sandbox.url, sign_in, sleep=lambda _: None) as shop:
            criteria = SearchCriteria().where("source_code", "eq", "us_online")
            rows = [row["sku"] for row in shop.source_items.all(criteria, page_size=20)]
    assert len(rows) == len(set(rows)) == 21


def test_a_row_of_texts_that_fails_by_itself_ends_the_reading() -> None:
    with Sandbox("back-office") as sandbox:
        sandbox.control.add_fault("internal_error", skip=1, path="source-items[?]")
        sign_in = AdminToken(sandbox.username, sandbox.password)
        with Magento(sandbox.url, sign_in, sleep=lambda _: None) as shop:
            pages = shop.source_items.pages(page_size=16)
            assert len(next(pages).items) == 16
            with pytest.raises(Transient):
                next(pages)
    assert sandbox.control.count_requests("GET", "/rest/V1/inventory/source-items") == 4
