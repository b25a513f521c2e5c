"""Invoices and credit memos of an order: what is asked for, and what the answers mean."""

import asyncio
from decimal import Decimal
from typing import Any

import httpx2
import orjson
import pytest

from mageferry.magento import AsyncMagento, BearerToken, Unclear
from tests.magento.test_client import ok, shop_with


def body_of(request: httpx2.Request) -> Any:
    return orjson.loads(request.content)


def test_a_refund_names_its_items_and_always_its_shipping() -> None:
    shop, server, _ = shop_with(ok("17"))
    number = shop.orders.refund(
        5,
        {31: Decimal(2)},
        adjustment_positive=Decimal("0.01"),
        return_to_stock_items={31},
        comment="Refund 4",
    )
    assert number == 17
    request = server.requests[0]
    assert (request.method, request.url.path) == ("POST", "/rest/V1/order/5/refund")
    assert body_of(request) == {
        "items": [{"order_item_id": 31, "qty": 2}],
        "notify": False,
        "appendComment": False,
        "comment": {"comment": "Refund 4", "is_visible_on_front": 0},
        "arguments": {
            "shipping_amount": 0,
            "adjustment_positive": 0.01,
            "adjustment_negative": 0,
            "extension_attributes": {"return_to_stock_items": [31]},
        },
    }


def test_a_refund_without_items_is_never_sent_since_magento_would_refund_everything() -> None:
    shop, server, _ = shop_with()
    with pytest.raises(ValueError, match="without any Magento refunds everything"):
        shop.orders.refund(5, {})
    assert server.requests == []


def test_an_invoice_is_of_all_that_is_left_unless_items_are_named() -> None:
    shop, server, _ = shop_with(ok("3"), ok("4"))
    assert (shop.orders.invoice(5), shop.orders.invoice(5, {31: 1}, capture=False)) == (3, 4)
    assert body_of(server.requests[0]) == {"capture": True, "notify": False}
    assert body_of(server.requests[1])["items"] == [{"order_item_id": 31, "qty": 1}]


@pytest.mark.parametrize("answer", [{"items": []}, "", "seven", None, True])
def test_an_answer_that_is_no_id_is_unclear(answer: Any) -> None:
    shop, _, _ = shop_with(ok(answer))
    with pytest.raises(Unclear):
        shop.orders.invoice(5)


def test_the_same_words_within_an_event_loop() -> None:
    async def main() -> tuple[int, int]:
        transport = httpx2.MockTransport(lambda request: ok("8" if b"arguments" in request.content else "9"))
        async with AsyncMagento("https://shop.example", BearerToken("t"), transport=transport) as shop:
            return await shop.orders.refund(5, {31: 1}), await shop.orders.invoice(5)

    assert asyncio.run(main()) == (8, 9)
