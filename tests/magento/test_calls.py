"""Calls that a shop has in its own way: where they go, how they are wrapped, how their answers come back."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from mageferry.magento import BearerToken, ConfigurationError, Magento, Rejected, SearchCriteria, Unclear
from mageferry.magento.calls import STANDARD, Operations

OWN = {
    "create_order": {"call": "POST /V1/acme/orders", "wrapper": "order", "answer": "order"},
    "list_orders": {"call": "GET /V1/acme/orders", "answer": "orders"},
    "get_order": "GET /V1/acme/order/{id}",
    "ship_order": {"call": "PUT /V1/acme/{id}/parcels", "wrapper": "parcel"},
}


class Acme:
    """Answers as it is told and keeps what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, Any]] = []
        self.queries: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, request.url.path, body))
        self.queries.append(request.url.query.decode())
        return httpx2.Response(200, json=self.answer)


def shop(acme: Acme) -> Magento:
    return Magento(
        "https://shop.example", BearerToken("a-token"), transport=httpx2.MockTransport(acme), operations=OWN,
        retry=None,
    )  # fmt: skip


def test_an_order_is_created_by_the_shops_own_call() -> None:
    acme = Acme({"order": {"entity_id": 7}})
    assert shop(acme).orders.create({"increment_id": "A-1"}) == {"entity_id": 7}
    assert acme.asked == [("POST", "/rest/V1/acme/orders", {"order": {"increment_id": "A-1"}})]


def test_plain_calls_take_the_same_way() -> None:
    acme = Acme("55")
    assert shop(acme).post("/V1/order/15/ship", {"items": []}) == "55"
    assert acme.asked == [("PUT", "/rest/V1/acme/15/parcels", {"parcel": {"items": []}})]
    assert shop(acme).plans.addressed("POST", "/V1/order/15/ship", {})[:2] == ("PUT", "/V1/acme/15/parcels")


def test_a_list_has_its_rows_under_the_shops_own_name() -> None:
    acme = Acme({"orders": [{"entity_id": 3}], "total_count": 1})
    criteria = SearchCriteria().fields("entity_id")
    assert list(shop(acme).orders.all(criteria)) == [{"entity_id": 3}]
    assert "fields=orders%5Bentity_id%5D" in acme.queries[0]


def test_what_the_shop_does_as_all_do_stays() -> None:
    acme = Acme({"items": [], "total_count": 0})
    client = shop(acme)
    client.get("/V1/orders/items/3")
    client.products.search(SearchCriteria())
    client.orders.get(4)
    assert [path for _, path, _ in acme.asked] == [
        "/rest/V1/orders/items/3", "/rest/V1/products", "/rest/V1/acme/order/4"
    ]  # fmt: skip


def test_an_answer_that_is_not_as_agreed_is_unclear_after_a_write() -> None:
    with pytest.raises(Unclear, match="no 'order'"):
        shop(Acme({"entity_id": 7})).orders.create({})
    with pytest.raises(Rejected, match="no 'orders'"):
        shop(Acme({"items": [], "total_count": 0})).orders.search(SearchCriteria())


@pytest.mark.parametrize("name", STANDARD)
def test_every_operation_may_be_written_as_it_is(name: str) -> None:
    assert Operations.parse({name: str(STANDARD[name])}).own == {name: STANDARD[name]}


@pytest.mark.parametrize(
    "settings",
    [
        [1], {"create_order": 5}, {"create_order": {"path": "/V1/x"}}, {"create_order": "POST /acme/orders"},
        {"create_order": "POST /V1/acme/orders?x=1"}, {"create_order": "POST /V1/acme/../orders"},
        {"get_order": "GET /V1/acme/order"}, {"list_orders": "POST /V1/acme/orders"},
        {"list_orders": {"call": "GET /V1/acme/orders", "answer": ""}},
        {"list_orders": {"call": "GET /V1/acme/orders", "wrapper": "x"}},
        {"create_order": {"call": "POST /V1/acme/orders", "wrapper": "my order"}},
    ],
)  # fmt: skip
def test_what_is_no_call_is_refused_with_a_remedy(settings: Any) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Operations.parse(settings)
    assert refused.value.remedy


def test_a_page_size_named_in_the_text_is_learned_also_by_a_search() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if "pageSize%5D=100" in request.url.query.decode():
            return httpx2.Response(400, json={"message": "Maximum SearchCriteria pageSize is 50"})
        return httpx2.Response(200, json={"items": [{"entity_id": 1}], "total_count": 1})

    client = Magento("https://shop.example", BearerToken("a-token"), transport=httpx2.MockTransport(answer))
    assert client.orders.search(SearchCriteria()) == [{"entity_id": 1}]
    assert client.plans.page_limit.size == 50
    with pytest.raises(Rejected):
        client.orders.search(SearchCriteria().page_size(100))
