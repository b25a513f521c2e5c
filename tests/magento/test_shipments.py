import asyncio
from decimal import Decimal
from typing import Any

import httpx2
import orjson
import pytest

from mageferry.magento import AsyncMagento, BearerToken, Magento, NewTrack, Unclear

TRACK = NewTrack(track_number="1Z999", title="UPS Ground", carrier_code="ups")


class ShipmentShop:
    """Answers a ship call with `answer`, a list of shipments with those above the last id asked for."""

    def __init__(self, answer: Any = "42", shipments: int = 0) -> None:
        self.answer = answer
        self.shipments = [{"entity_id": number} for number in range(1, shipments + 1)]
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if request.method == "POST":
            return httpx2.Response(200, json=self.answer)
        query = dict(request.url.params)
        after = int(query.get("searchCriteria[filter_groups][1][filters][0][value]", 0))
        size = int(query["searchCriteria[pageSize]"])
        found = [each for each in self.shipments if each["entity_id"] > after][:size]
        return httpx2.Response(200, json={"items": found, "total_count": len(found)})

    @property
    def body(self) -> Any:
        return orjson.loads(self.requests[-1].content)


def shop_with(server: ShipmentShop) -> Magento:
    return Magento("https://shop.example", BearerToken("t"), transport=httpx2.MockTransport(server))


def test_an_order_is_shipped_with_all_that_belongs_to_it() -> None:
    server = ShipmentShop()
    made = shop_with(server).orders.ship(
        15,
        {7: Decimal("2.0000"), 8: Decimal("1.5")},
        tracks=[TRACK],
        notify=True,
        source_code="us",
        comment="unit-1",
    )
    assert made == 42
    assert server.requests[-1].url.path == "/rest/V1/order/15/ship"
    assert server.body == {
        "items": [{"order_item_id": 7, "qty": 2}, {"order_item_id": 8, "qty": 1.5}],
        "notify": True,
        "appendComment": False,
        "tracks": [{"track_number": "1Z999", "title": "UPS Ground", "carrier_code": "ups"}],
        "comment": {"comment": "unit-1", "is_visible_on_front": 0},
        "arguments": {"extension_attributes": {"source_code": "us"}},
    }


def test_what_is_not_given_is_not_sent() -> None:
    server = ShipmentShop()
    shop_with(server).orders.ship(15, {7: 1})
    assert set(server.body) == {"items", "notify", "appendComment"}


@pytest.mark.parametrize(
    ("order_id", "items", "tracks", "words"),
    [
        (15, {}, [], "ships everything"),
        (15, {7: 0}, [], "above 0"),
        (15, {7: Decimal("NaN")}, [], "above 0"),
        (15, {7: 1}, [{**TRACK, "title": ""}], "needs title"),
        ("000000015", {7: 1}, [], "entity_id"),
    ],
)
def test_what_magento_would_misread_is_not_sent(order_id: Any, items: Any, tracks: Any, words: str) -> None:
    server = ShipmentShop()
    with pytest.raises(ValueError, match=words):
        shop_with(server).orders.ship(order_id, items, tracks=tracks)
    assert server.requests == []


@pytest.mark.parametrize("answer", [True, [], "", {"id": 1}, "none"])
def test_an_answer_without_an_id_is_unclear(answer: Any) -> None:
    with pytest.raises(Unclear, match="not the id of its shipment") as caught:
        shop_with(ShipmentShop(answer)).orders.ship(15, {7: 1})
    assert caught.value.remedy


def test_all_shipments_of_an_order_are_read_however_many() -> None:
    server = ShipmentShop(shipments=230)
    assert [each["entity_id"] for each in shop_with(server).shipments.of_order(15)] == list(range(1, 231))
    assert len(server.requests) == 3


def test_the_async_client_speaks_the_same_words() -> None:
    server = ShipmentShop(shipments=2)

    async def ask() -> tuple[int, int]:
        transport = httpx2.MockTransport(server)
        async with AsyncMagento("https://shop.example", BearerToken("t"), transport=transport) as shop:
            return await shop.orders.ship(15, {7: 1}), len(await shop.shipments.of_order(15))

    assert asyncio.run(ask()) == (42, 2)
