"""Demo orders in every status, and as many synthetic ones as a benchmark needs; the seed decides
everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from mageferry.sandbox.demo.basket import Basket, draw_basket
from mageferry.sandbox.demo.goods import money
from mageferry.sandbox.demo.history import History, Papers
from mageferry.sandbox.demo.people import PLACES, Buyer, draw_buyer
from mageferry.sandbox.documents import PAPERS
from mageferry.sandbox.orderbook import Record, new_protect_code, record, records
from mageferry.sandbox.php import Value, to_int
from mageferry.sandbox.sales.lines import SalesOrder
from mageferry.sandbox.shop import Shop
from mageferry.sandbox.stock import open_units

STATES = {
    "pending": "new",
    "processing": "processing",
    "complete": "complete",
    "closed": "closed",
    "canceled": "canceled",
    "holded": "holded",
    "payment_review": "payment_review",
    "pending_payment": "pending_payment",
}
_WEIGHTS = {"pending": 8, "processing": 14, "complete": 12, "closed": 4, "canceled": 4, "holded": 2}
_BATCH = 500
SPREAD_DAYS = 60
_COUNTRIES = {"USD": "US", "EUR": "DE", "AUD": "AU"}


def load_many(shop: Shop, count: int, seed: int = 1, *, reserve: bool = False) -> None:
    """Add ``count`` orders, spread over the last two months up to the shop's now, oldest first.

    ``reserve`` lets what is still to be shipped count against the stock.
    """
    random = Random(seed)
    end = datetime.fromtimestamp(int(shop.clock.seconds()), UTC)
    step = timedelta(days=SPREAD_DAYS) / max(count, 1)
    statuses = _statuses(random)
    batch: list[Placed] = []
    with shop.database.transaction():
        for number in range(count):
            batch.append(_order(shop, random, end - step * (count - number), next(statuses)))
            if len(batch) == _BATCH or number == count - 1:
                _save(shop, batch, reserve=reserve)
                batch = []


def place_orders(shop: Shop, count: int, *, seed: int = 0, status: str = "") -> list[int]:
    """Add orders dated now; status ``pending`` unless given. The ids. Raises ValueError for an unknown
    status.
    """
    status = status or "pending"
    if status not in STATES:
        raise ValueError(f"unknown order status {status!r}; known are {', '.join(STATES)}")
    if not 1 <= count <= 100_000:
        raise ValueError("count must be between 1 and 100000")
    highest = shop.database.value("SELECT MAX(entity_id) FROM sales_order")
    random = Random(f"{seed}:{highest}")
    now = datetime.fromtimestamp(int(shop.clock.seconds()), UTC)
    placed = [_order(shop, random, now, status) for _ in range(count)]
    with shop.database.transaction():
        _save(shop, placed, reserve=True)
    return [to_int(entry.order["entity_id"]) for entry in placed]


@dataclass(frozen=True, slots=True)
class Placed:
    """An order with the documents made for it."""

    order: Record
    papers: Papers


def _save(shop: Shop, placed: list[Placed], *, reserve: bool) -> None:
    shop.orders.save_many([entry.order for entry in placed])
    for paper in PAPERS:
        shop.papers.save_many(
            paper, [document for entry in placed for kind, document in entry.papers if kind is paper]
        )
    if reserve:
        for order in (SalesOrder(entry.order) for entry in placed):
            for line, quantity in open_units(order):
                shop.warehouse.reserve(shop.stock_of(order.store_id), line.sku, quantity)


def _statuses(random: Random) -> Iterator[str]:
    """Each status once, so that even a small shop has all of them, then by weight."""
    yield from STATES
    while True:
        yield from random.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=100)


def _order(shop: Shop, random: Random, created: datetime, status: str) -> Placed:
    view = random.choice([entry for entry in shop.store_views() if entry["id"]])
    configs = {entry["id"]: entry for entry in records(shop.document("store_configs"))}
    currency = str(configs.get(view["id"], {}).get("base_currency_code") or "USD")
    locale = str(configs.get(view["id"], {}).get("locale") or "")
    country = locale[-2:] if locale[-2:] in PLACES else _COUNTRIES.get(currency, "US")
    buyer = draw_buyer(random, country)
    order_id = shop.orders.next_id("order")
    created_at = created.strftime("%Y-%m-%d %H:%M:%S")
    updated = created + timedelta(seconds=random.randint(0, 3600)) if status != "pending" else created
    basket = draw_basket(
        random,
        [shop.orders.next_id("item") for _ in range(6)],
        buyer.place.tax_percent,
        {"order_id": order_id, "store_id": view["id"], "created_at": created_at},
    )
    order: Record = {
        "entity_id": order_id,
        "increment_id": shop.orders.next_increment_id("order", to_int(view["id"])),
        "state": STATES["pending"],
        "status": "pending",
        "store_id": view["id"],
        "store_name": shop.store_name(view),
        "created_at": created_at,
        "updated_at": created_at,
        "protect_code": new_protect_code(),
        "quote_id": order_id,
        "remote_ip": "127.0.0.1",
        **_customer(buyer),
        **_currency(currency),
        **_totals(basket),
        "items": [*basket.items],
        "status_histories": [],
    }
    _add_addresses(shop, order, buyer, basket)
    _add_payment(shop, order)
    moment = min(updated, datetime.fromtimestamp(shop.clock.seconds(), UTC)).strftime("%Y-%m-%d %H:%M:%S")
    history = History(shop, order, moment, basket.shipped_share)
    history.reach(status)
    return Placed(order, history.papers)


def _customer(buyer: Buyer) -> Record:
    return {
        "customer_email": buyer.email,
        "customer_firstname": buyer.firstname,
        "customer_lastname": buyer.lastname,
        "customer_group_id": 0,
        "customer_is_guest": 1,
        "customer_note_notify": 1,
    }


def _currency(code: str) -> Record:
    return {
        "base_currency_code": code,
        "global_currency_code": code,
        "order_currency_code": code,
        "store_currency_code": code,
        "base_to_global_rate": 1,
        "base_to_order_rate": 1,
        "store_to_base_rate": 0,
        "store_to_order_rate": 0,
    }


def _totals(basket: Basket) -> Record:
    grand = basket.subtotal_cents + basket.tax_cents + basket.shipping_cents - basket.discount_cents
    amounts = {
        "subtotal": basket.subtotal_cents,
        "subtotal_incl_tax": basket.subtotal_cents + basket.tax_cents,
        "discount_amount": -basket.discount_cents,
        "tax_amount": basket.tax_cents,
        "shipping_amount": basket.shipping_cents,
        "shipping_incl_tax": basket.shipping_cents,
        "shipping_tax_amount": 0,
        "shipping_discount_amount": 0,
        "discount_tax_compensation_amount": 0,
        "grand_total": grand,
    }
    both = {f"{prefix}{name}": money(cents) for name, cents in amounts.items() for prefix in ("", "base_")}
    coupon: Record = {"coupon_code": "TRAIL10"} if basket.discount_cents else {}
    return {
        **both,
        **coupon,
        "is_virtual": int(basket.virtual),
        "total_item_count": sum("parent_item_id" not in item for item in basket.items),
        "total_qty_ordered": basket.units,
        "weight": basket.weight,
    }


def _add_addresses(shop: Shop, order: Record, buyer: Buyer, basket: Basket) -> None:
    shipping: Record = {}
    if not basket.virtual:
        order["shipping_description"] = "Flat Rate - Fixed"
        shipping = {"address": _address(shop, order, buyer, "shipping"), "method": "flatrate_flatrate"}
    order["billing_address"] = _address(shop, order, buyer, "billing")
    order["billing_address_id"] = record(order["billing_address"])["entity_id"]
    order["extension_attributes"] = {
        "shipping_assignments": [{"shipping": shipping}],
        "payment_additional_info": [{"key": "method_title", "value": "Check / Money order"}],
        "applied_taxes": [],
        "item_applied_taxes": [],
        "converting_from_quote": False,
        "taxes": [],
        "additional_itemized_taxes": [],
    }


def _address(shop: Shop, order: Record, buyer: Buyer, kind: str) -> Record:
    place = buyer.place
    street: list[Value] = [*buyer.street]
    return {
        "address_type": kind,
        "entity_id": shop.orders.next_id("address"),
        "parent_id": order["entity_id"],
        "firstname": buyer.firstname,
        "lastname": buyer.lastname,
        "email": buyer.email,
        "street": street,
        "city": place.city,
        "postcode": place.postcode,
        "country_id": place.country_id,
        "region": place.region,
        "region_code": place.region_code,
        "region_id": place.region_id,
        "telephone": buyer.telephone,
    }


def _add_payment(shop: Shop, order: Record) -> None:
    order["payment"] = {
        "account_status": None,
        "additional_information": ["Check / Money order"],
        "amount_ordered": order["grand_total"],
        "base_amount_ordered": order["base_grand_total"],
        "shipping_amount": order["shipping_amount"],
        "base_shipping_amount": order["base_shipping_amount"],
        "cc_last4": None,
        "entity_id": shop.orders.next_id("payment"),
        "method": "checkmo",
        "parent_id": order["entity_id"],
    }
