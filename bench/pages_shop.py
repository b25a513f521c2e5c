"""A shop that serves lists of orders and little else, from rows rendered in advance.

Serving costs it next to nothing, so what is measured is the reader. It answers the list and the
sign-in, and under /_sandbox/ what a measurement needs, as the sandbox does.
Run as `python -m bench.pages_shop --orders 10000`; it prints its address.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson
from aiohttp import web

FILTER_KEY = re.compile(
    r"search_?criteria\[filter_?groups\]\[(\d+)\]\[filters\]\[(\d+)\]\[(field|value|condition_?type)\]",
    re.IGNORECASE,
)
PLACES = (("Cardiff", "GB"), ("Gdańsk", "PL"), ("Antwerp", "BE"), ("Oslo", "NO"))


def render_order(number: int) -> dict[str, object]:
    """One order of eight kilobytes, about what a shop gives for a few items, addresses and a payment."""
    city, country = PLACES[number % len(PLACES)]
    amount = round(19.9 + number % 400, 2)
    address = {
        "address_type": "billing",
        "city": city,
        "country_id": country,
        "email": f"buyer{number}@shop.example",
        "entity_id": number * 2,
        "firstname": "Ada",
        "lastname": f"Buyer {number}",
        "parent_id": number,
        "postcode": f"{number:05d}",
        "street": [f"{number % 90} Harbour Road"],
        "telephone": "+44 20 7946 0000",
    }
    money = (
        "price",
        "row_total",
        "tax_amount",
        "discount_amount",
        "original_price",
        "amount_refunded",
        "qty_ordered",
    )
    twins = {
        f"{prefix}{name}": amount for name in money for prefix in ("", "base_", "incl_tax_", "base_incl_tax_")
    }
    items = [
        {"item_id": number * 4 + place, "order_id": number, "sku": f"FERRY-{number % 500}-{place}", **twins}
        | {"name": "Enamel mug, navy, 330 ml", "product_type": "simple", "store_id": 1, "weight": 0.4}
        for place in range(4)
    ]
    totals = {
        f"{prefix}{name}": amount for name in ("grand_total", "subtotal", *money) for prefix in ("", "base_")
    }
    return {
        "entity_id": number,
        "increment_id": f"{number:09d}",
        "status": "processing",
        "state": "processing",
        "store_id": 1,
        "created_at": "2026-01-02 03:04:05",
        "updated_at": "2026-01-02 03:04:05",
        **totals,
        "billing_address": address,
        "items": items,
        "payment": {"method": "checkmo", "entity_id": number, "amount_ordered": amount, "parent_id": number},
        "extension_attributes": {
            "shipping_assignments": [{"shipping": {"address": address}, "items": items}]
        },
    }


@dataclass(slots=True)
class Orders:
    """The rows by ascending id: their JSON, and their status, which can change while they are read."""

    rendered: dict[int, bytes]
    statuses: dict[int, str]
    latency_seconds: float = 0.0
    requests: Counter[str] = field(default_factory=Counter)
    matching: dict[str | None, list[int]] = field(default_factory=dict)

    @classmethod
    def make(cls, count: int) -> Orders:
        rendered = {number: orjson.dumps(render_order(number)) for number in range(1, count + 1)}
        return cls(rendered, dict.fromkeys(rendered, "processing"))

    def find(self, status: str | None) -> list[int]:
        """The ids of the rows in that status, or of all; remembered until a status changes."""
        if status not in self.matching:
            self.matching[status] = [key for key, now in self.statuses.items() if status in (None, now)]
        return self.matching[status]

    def move(self, number: int, status: str) -> None:
        row = orjson.loads(self.rendered[number])
        self.rendered[number] = orjson.dumps(row | {"status": status, "state": status})
        self.statuses[number] = status
        self.matching.clear()


def read_filters(query: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """(field, condition, value) of every filter."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for key, value in query:
        if match := FILTER_KEY.fullmatch(key):
            found.setdefault((match[1], match[2]), {})[match[3].replace("_", "").lower()] = value
    return [(part["field"], part.get("conditiontype", "eq"), part["value"]) for part in found.values()]


def select(orders: Orders, filters: Iterable[tuple[str, str, str]]) -> list[int]:
    """The ids that pass all filters, ascending. Raises ValueError for a filter it does not know."""
    status = None
    low, high = 0, max(orders.rendered, default=0)
    for name, condition, value in filters:
        if (name, condition) == ("status", "eq"):
            status = value
        elif name == "entity_id" and condition in ("gt", "gteq", "from"):
            low = max(low, int(value) - (condition != "gt"))
        elif name == "entity_id" and condition in ("lt", "lteq", "to"):
            high = min(high, int(value) - (condition == "lt"))
        else:
            raise ValueError(f"unknown filter {name} {condition}")
    ids = orders.find(status)
    return ids[bisect_right(ids, low) : bisect_right(ids, high)]


class Shop:
    """The shop's few answers over HTTP."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders

    async def list_orders(self, request: web.Request) -> web.Response:
        self.orders.requests[request.path] += 1
        if self.orders.latency_seconds:
            await asyncio.sleep(self.orders.latency_seconds)
        query = {key.lower().replace("_", ""): value for key, value in request.query.items()}
        try:
            ids = select(self.orders, read_filters(request.query.items()))
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        if query.get("searchcriteria[sortorders][0][direction]", "ASC").upper() == "DESC":
            ids = ids[::-1]
        size = int(query.get("searchcriteria[pagesize]", "0")) or len(ids) or 1
        page = max(1, int(query.get("searchcriteria[currentpage]", "1")))
        rows = b",".join(self.orders.rendered[number] for number in ids[(page - 1) * size : page * size])
        body = b'{"items":[' + rows + b'],"search_criteria":{},"total_count":' + str(len(ids)).encode() + b"}"
        return web.Response(body=body, content_type="application/json")

    async def touch_order(self, request: web.Request) -> web.Response:
        self.orders.move(int(request.match_info["id"]), (await request.json())["status"])
        return web.json_response({})

    async def sign_in(self, request: web.Request) -> web.Response:
        return web.json_response("bench-token")

    async def tell_requests(self, request: web.Request) -> web.Response:
        return web.json_response({"count": self.orders.requests[request.query["path"]]})

    async def configure(self, request: web.Request) -> web.Response:
        self.orders.latency_seconds = (await request.json())["milliseconds"] / 1000
        return web.json_response({})

    def application(self) -> web.Application:
        application = web.Application()
        for prefix in ("/rest/V1", "/rest/default/V1", "/rest/all/V1"):
            application.router.add_get(f"{prefix}/orders", self.list_orders)
            application.router.add_post(f"{prefix}/integration/admin/token", self.sign_in)
        application.router.add_get("/_sandbox/requests", self.tell_requests)
        application.router.add_post("/_sandbox/orders/{id}/touch", self.touch_order)
        application.router.add_post("/_sandbox/latency", self.configure)
        return application


async def serve(count: int) -> None:
    runner = web.AppRunner(Shop(Orders.make(count)).application(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, required=True)
    asyncio.run(serve(parser.parse_args().orders))
