import asyncio
from typing import Any

import httpx2
import orjson
import pytest

from mageferry.http import TimedOut
from mageferry.magento import (
    AdminToken,
    AlreadyExists,
    AsyncMagento,
    Backoff,
    BearerToken,
    ConfigurationError,
    Exchange,
    LogFormat,
    Magento,
    NotFound,
    SearchCriteria,
    Transient,
    Unclear,
)
from tests.magento.model_shop import ModelShop, orders


class Answers:
    """Answers one after the other; an exception is raised instead. Keeps the requests."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def shop_with(*answers: httpx2.Response | Exception, **options: Any) -> tuple[Magento, Answers, list[float]]:
    server, sleeps = Answers(*answers), []
    options.setdefault("retry", Backoff(attempts=3, jitter=lambda top: top))
    shop = Magento(
        "https://shop.example",
        BearerToken("token"),
        transport=httpx2.MockTransport(server),
        sleep=sleeps.append,
        **options,
    )
    return shop, server, sleeps


def ok(value: Any) -> httpx2.Response:
    return httpx2.Response(200, json=value)


def test_an_order_is_created_with_its_wrapper() -> None:
    shop, server, _ = shop_with(ok({"entity_id": 41, "increment_id": "AMZ-1"}))
    assert shop.orders.create({"increment_id": "AMZ-1"})["entity_id"] == 41
    request = server.requests[0]
    assert (request.method, request.url.path) == ("PUT", "/rest/V1/orders/create")
    assert orjson.loads(request.content) == {"entity": {"increment_id": "AMZ-1"}}
    # Magento compares the content type letter by letter.
    assert request.headers["content-type"] == "application/json"


def test_an_order_that_exists_is_told_apart() -> None:
    shop, _, _ = shop_with(httpx2.Response(400, json={"message": "Unique constraint violation found"}))
    with pytest.raises(AlreadyExists):
        shop.orders.create({"increment_id": "AMZ-1"})


def test_orders_are_found_by_our_own_ids() -> None:
    shop, server, _ = shop_with(ok({"items": [{"entity_id": 41}], "total_count": 1}))
    assert shop.orders.find(ext_order_id="114-1", store_id=3) == [{"entity_id": 41}]
    query = dict(server.requests[0].url.params)
    assert query["searchCriteria[filter_groups][0][filters][0][field]"] == "ext_order_id"
    assert query["searchCriteria[filter_groups][1][filters][0][value]"] == "3"
    with pytest.raises(ValueError, match="needs an increment_id"):
        shop.orders.find(store_id=3)


@pytest.mark.parametrize("identifier", ["000000015", 0, True, 1.5])
def test_an_increment_id_is_not_taken_for_an_id(identifier: Any) -> None:
    shop, server, _ = shop_with()
    with pytest.raises(ValueError, match="whole number"):
        shop.orders.get(identifier)
    assert server.requests == []


def test_an_article_number_may_have_any_characters() -> None:
    shop, server, _ = shop_with(ok({"sku": "x"}))
    shop.products.get("A/B+C%20 é", store_code="eu_de")
    assert server.requests[0].url.raw_path == b"/rest/eu_de/V1/products/A%2FB%2BC%2520%20%C3%A9"


def test_a_missing_record_is_not_found() -> None:
    shop, _, _ = shop_with(httpx2.Response(404, json={"message": "No such entity with id = 9"}))
    with pytest.raises(NotFound):
        shop.shipments.get(9)


def test_store_views_websites_and_configs() -> None:
    shop, server, _ = shop_with(ok([{"id": 1, "code": "default"}]), ok([]), ok([]))
    assert shop.store_views()[0]["code"] == "default"
    assert shop.websites() == shop.store_configs() == []
    assert [request.url.path for request in server.requests] == [
        "/rest/V1/store/storeViews",
        "/rest/V1/store/websites",
        "/rest/V1/store/storeConfigs",
    ]


def test_counting_asks_for_no_rows() -> None:
    shop, server, _ = shop_with(ok({"total_count": 68}))
    assert shop.orders.count(SearchCriteria().where("status", "eq", "new").fields("status")) == 68
    assert dict(server.requests[0].url.params)["fields"] == "total_count"


def test_source_items_are_saved_in_their_wrapper() -> None:
    shop, server, _ = shop_with(ok([]))
    shop.source_items.save([{"sku": "A", "source_code": "default", "quantity": 1, "status": 1}])
    assert list(orjson.loads(server.requests[0].content)) == ["sourceItems"]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_read_is_asked_again(status: int) -> None:
    shop, server, sleeps = shop_with(httpx2.Response(status), httpx2.Response(status), ok({"entity_id": 1}))
    assert shop.orders.get(1) == {"entity_id": 1}
    assert (len(server.requests), sleeps) == (3, [0.5, 1.0])


@pytest.mark.parametrize("answer", [httpx2.Response(502), httpx2.Response(500), httpx2.ReadTimeout("late")])
def test_a_write_is_never_repeated_when_it_may_have_happened(answer: httpx2.Response | Exception) -> None:
    shop, server, sleeps = shop_with(answer)
    with pytest.raises(Unclear) as caught:
        shop.orders.create({})
    assert caught.value.request_line == "PUT /rest/V1/orders/create"
    assert (len(server.requests), sleeps) == (1, [])


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(429),
        httpx2.Response(503, text="<html>maintenance downtime or capacity problems</html>"),
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("late"),
    ],
)
def test_a_write_that_was_not_begun_is_sent_again(answer: httpx2.Response | Exception) -> None:
    shop, server, _ = shop_with(answer, ok({"entity_id": 2}))
    assert shop.orders.create({}) == {"entity_id": 2}
    assert len(server.requests) == 2


def test_a_shop_that_wants_a_long_pause_gets_it_from_the_caller() -> None:
    shop, server, sleeps = shop_with(httpx2.Response(429, headers={"Retry-After": "3600"}))
    with pytest.raises(Transient) as caught:
        shop.orders.get(1)
    assert caught.value.wait_seconds == 3600
    assert (len(server.requests), sleeps) == (1, [])


def test_a_success_without_json_is_unclear_for_a_write() -> None:
    for body in (b"", b'{"entity_id', b"<html>"):
        shop, _, _ = shop_with(httpx2.Response(200, content=body))
        with pytest.raises(Unclear):
            shop.post("/V1/order/1/ship", {})
    shop, _, _ = shop_with(httpx2.Response(200, text="<html>Log in"))
    with pytest.raises(ConfigurationError):
        shop.get("/V1/orders/1")


def test_a_redirect_is_not_followed_since_the_token_would_go_along() -> None:
    shop, server, _ = shop_with(httpx2.Response(302, headers={"Location": "https://evil.example/"}))
    with pytest.raises(ConfigurationError) as caught:
        shop.get("/V1/orders/1")
    assert "redirects" in caught.value.remedy
    assert len(server.requests) == 1


def test_every_attempt_is_told_with_secrets_masked() -> None:
    told: list[Exchange] = []
    server = Answers(
        httpx2.Response(200, json="t0ken-of-the-admin-user"),
        httpx2.Response(503),
        ok({"entity_id": 1}),
    )
    shop = Magento(
        "https://shop.example",
        AdminToken("admin", "pa55word"),
        transport=httpx2.MockTransport(server),
        sleep=lambda _: None,
        on_exchange=told.append,
    )
    shop.orders.get(1)
    assert [(exchange.method, exchange.status) for exchange in told] == [
        ("POST", 200),
        ("GET", 503),
        ("GET", 200),
    ]
    shown = "\n".join(exchange.render(style) for exchange in told for style in LogFormat) + repr(told)
    assert "t0ken" not in shown
    assert "pa55word" not in shown
    assert '"username":"admin"' in shown


def test_the_async_client_speaks_the_same_words() -> None:
    model = ModelShop(orders(*range(1, 26)))

    async def answer(request: httpx2.Request) -> httpx2.Response:
        return model(request)

    async def use() -> list[Any]:
        transport = httpx2.MockTransport(answer)
        async with AsyncMagento("https://shop.example", BearerToken("t"), transport=transport) as shop:
            pages = [page async for page in shop.orders.pages(page_size=10)]
            found = await shop.orders.search(SearchCriteria().where("entity_id", "eq", 7))
            return [[page.remaining for page in pages], found, await shop.orders.count()]

    assert asyncio.run(use()) == [[15, 5, 0], [{"entity_id": 7}], 25]


def test_async_tasks_share_one_sign_in_and_a_cancelled_one_gives_the_lock_back() -> None:
    sign_ins: list[str] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/token"):
            sign_ins.append("")
            await asyncio.sleep(0.02)
            return httpx2.Response(200, json="a-token-for-everyone")
        return httpx2.Response(200, json={"entity_id": 1})

    async def use() -> list[Any]:
        transport = httpx2.MockTransport(answer)
        async with AsyncMagento("https://shop.example", AdminToken("a", "b"), transport=transport) as shop:
            calls = [asyncio.create_task(shop.orders.get(1)) for _ in range(12)]
            await asyncio.sleep(0.005)
            calls[5].cancel()
            return await asyncio.gather(*calls, return_exceptions=True)

    results = asyncio.run(use())
    assert sum(isinstance(result, asyncio.CancelledError) for result in results) == 1
    assert results.count({"entity_id": 1}) == 11
    assert len(sign_ins) == 1


def test_a_broken_connection_keeps_its_cause() -> None:
    shop, _, _ = shop_with(httpx2.ReadTimeout("late"), retry=None)
    with pytest.raises(Transient, match="No answer in time: late") as caught:
        shop.orders.get(1)
    assert isinstance(caught.value.__cause__, TimedOut)
    assert caught.value.sent
