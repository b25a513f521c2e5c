"""Very many orders and source items, generated: complete when read, and the same as others when written."""

import json
import re
from collections.abc import Iterator

import pytest

from mageferry.sandbox import Sandbox
from mageferry.sandbox.counts import Counts
from mageferry.sandbox.database import Database
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import Value
from mageferry.sandbox.tables import TABLES

from .conftest import Client

ORDERS = 700
BY_KEY = {"sortOrders][0][field": "entity_id", "sortOrders][0][direction": "ASC", "pageSize": "100"}


@pytest.fixture(scope="module")
def big() -> Iterator[Client]:
    with Sandbox("storefront", generate={"orders": ORDERS, "source_items": 900}) as sandbox:
        yield Client(sandbox)


def read_all(shop: Client) -> tuple[list[Record], list[Value]]:
    """Every order by key, and what each page said was still to come."""
    found: list[Record] = []
    totals: list[Value] = []
    while True:
        last = str(found[-1]["entity_id"]) if found else "0"
        answer = shop.list("/rest/V1/orders", ("entity_id", last, "gt"), **BY_KEY).json
        rows = records(answer["items"])
        if not rows:
            return found, totals
        found += rows
        totals.append(answer["total_count"])


def test_all_are_there_once_and_counted_from_any_key(big: Client) -> None:
    orders, totals = read_all(big)

    ids = [order["entity_id"] for order in orders]
    assert len(ids) == len(set(ids)) >= ORDERS
    assert totals == [len(orders) - 100 * number for number in range(len(totals))]
    assert len({order["increment_id"] for order in orders}) == len(orders)
    assert len({order["protect_code"] for order in orders}) == len(orders)


def test_a_generated_order_is_whole_and_refers_to_itself_only(big: Client) -> None:
    orders, _ = read_all(big)
    own_ids: set[Value] = set()
    for order in orders[-ORDERS:]:
        items = records(order["items"])
        assert items
        assert "@gap" not in json.dumps(order)
        assert {item["order_id"] for item in items} == {order["entity_id"]}
        assert {item["parent_item_id"] for item in items if "parent_item_id" in item} <= {
            item["item_id"] for item in items
        }
        assert record(order["billing_address"])["entity_id"] == order["billing_address_id"]
        assert record(order["payment"])["parent_id"] == order["entity_id"]
        assert not own_ids & {item["item_id"] for item in items}
        own_ids |= {item["item_id"] for item in items}


def test_columns_say_what_the_bodies_say(big: Client) -> None:
    names = (
        "increment_id",
        "created_at",
        "updated_at",
        "status",
        "billing_address_id",
        "quote_id",
        "grand_total",
    )
    rows = big.sandbox.shop.database.rows(
        f"SELECT entity_id, {', '.join(names)} FROM sales_order WHERE body LIKE '~%' ORDER BY entity_id LIMIT 300"
    )
    assert len(rows) == 300
    for entity_id, *columns in rows:
        order = big.sandbox.shop.orders.load(int(str(entity_id)))
        assert order is not None
        assert [order[name] for name in names] == columns


def test_moments_are_spread_in_the_order_of_the_ids(big: Client) -> None:
    orders, _ = read_all(big)
    moments = [str(order["created_at"]) for order in orders[-ORDERS:]]

    assert moments == sorted(moments)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", moment) for moment in moments)


def test_a_generated_order_can_be_changed_like_any_other(big: Client) -> None:
    orders, _ = read_all(big)
    pending = next(order["entity_id"] for order in orders[-ORDERS:] if order["status"] == "pending")

    answer = big.post(f"/rest/V1/order/{pending}/ship", {})

    assert answer.status == 200, answer.json
    changed = big.get(f"/rest/V1/orders/{pending}").json
    assert all(item["qty_shipped"] for item in changed["items"] if item["product_type"] == "simple")


def test_new_orders_follow_the_generated_ones(big: Client) -> None:
    orders, _ = read_all(big)
    entity = {"grand_total": 5, "store_id": 1, "payment": {"method": "checkmo"}}

    made = big.post("/rest/V1/orders", {"entity": entity}).json

    assert made["entity_id"] == int(str(orders[-1]["entity_id"])) + 1
    assert made["increment_id"] not in {order["increment_id"] for order in orders}


def test_source_items_are_at_every_source(big: Client) -> None:
    answer = big.list("/rest/V1/inventory/source-items", pageSize="1000").json

    made = [item for item in records(answer["items"]) if str(item["sku"]).startswith("GEN-")]
    assert len(made) == 900
    assert len({(item["sku"], item["source_code"]) for item in made}) == 900
    assert all(item["status"] == int(int(str(item["quantity"])) > 0) for item in made)


@pytest.mark.parametrize(("kind", "count"), [("carts", 5), ("orders", 0), ("orders", 10**9)])
def test_what_cannot_be_generated_is_said(kind: str, count: int) -> None:
    with pytest.raises(ValueError, match=r"cannot generate 'carts'|must be between 1 and"):
        Sandbox("storefront", generate={kind: count})


def test_counts_are_taken_anew_once_something_was_written() -> None:
    database = Database(None, TABLES)
    counts = Counts(database)
    for number in (1, 2, 5, 9):
        database.execute("INSERT INTO sales_order (entity_id, body) VALUES (?, '{}')", (number,))

    def between(above: int | None, upto: int | None) -> int:
        return counts.between("sales_order", "entity_id", above, upto)

    assert [between(None, None), between(1, None), between(2, 5), between(7, 3), between(-3, 100)] == [
        4,
        3,
        1,
        0,
        4,
    ]
    database.execute("INSERT INTO sales_order (entity_id, body) VALUES (4, '{}')")
    assert [between(None, None), between(1, None), between(2, 5)] == [5, 4, 2]
    assert counts.of("SELECT COUNT(*) FROM sales_order WHERE entity_id > ?", (4,)) == 2
    database.close()
