"""Filling a shop with very many rows by a few SQL statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from mageferry.sandbox.database import Table
from mageferry.sandbox.demo.orders import SPREAD_DAYS, load_many
from mageferry.sandbox.generation.templates import (
    ADDRESSES,
    MARK,
    MAX_HISTORY,
    MAX_ITEMS,
    Numbering,
    describe,
    make_pattern,
)
from mageferry.sandbox.orderbook import Record, order_columns, records
from mageferry.sandbox.php import to_int
from mageferry.sandbox.shop import GENERATED, Shop
from mageferry.sandbox.tables import ORDERS, SOURCE_ITEMS

KINDS = ("orders", "source_items")
MOST = 20_000_000
PATTERNS = 240
_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?)"


def generate(shop: Shop, counts: Mapping[str, int], fill: Callable[[Shop], None]) -> None:
    """Add rows of these kinds. ``fill`` gives another shop the content that this one has, for orders to be
    placed in. Raises ValueError for an unknown kind or a count out of range.
    """
    for kind, count in check_counts(counts).items():
        if kind == "orders":
            _generate_orders(shop, count, fill)
        else:
            _generate_source_items(shop, count)


def check_counts(counts: Mapping[str, int]) -> Mapping[str, int]:
    """The counts. Raises ValueError."""
    for kind, count in counts.items():
        if kind not in KINDS:
            raise ValueError(f"cannot generate {kind!r}; known are {', '.join(KINDS)}")
        if not 1 <= count <= MOST:
            raise ValueError(f"the number of {kind} must be between 1 and {MOST}, not {count}")
    return counts


def _generate_orders(shop: Shop, count: int, fill: Callable[[Shop], None]) -> None:
    """Orders without documents; their items stand in them, and in lists of items once one is changed."""
    placed = _place_patterns(shop, min(count, PATTERNS), fill)
    patterns = [make_pattern(order) for order in placed]
    numbering = _number(shop, count)
    with shop.database.transaction(), _without_indexes(shop, ORDERS):
        shop.set_document(GENERATED, describe(numbering, patterns))
        _insert_orders(shop, numbering, placed, [pattern.age_seconds for pattern in patterns])
        for name, value in numbering.last_ids():
            shop.database.raise_id(name, value)
        for view in shop.store_views():
            shop.database.raise_id(f"increment_order_{view['id']}", numbering.increment_base + count)


def _place_patterns(shop: Shop, count: int, fill: Callable[[Shop], None]) -> list[Record]:
    """Orders of every status, placed in a shop of their own with the same content."""
    with Shop.scratch() as other:
        fill(other)
        highest = to_int(other.database.value("SELECT MAX(entity_id) FROM sales_order"))
        load_many(other, count)
        loaded = [other.orders.load(highest + number + 1) for number in range(count)]
    return [order for order in loaded if order is not None and _fits(order)]


def _fits(order: Record) -> bool:
    """Whether its ids have room in the blocks that every generated order gets."""
    histories = len(records(order.get("status_histories")))
    return len(records(order["items"])) <= MAX_ITEMS and histories <= MAX_HISTORY


def _number(shop: Shop, count: int) -> Numbering:
    """Ids that follow the shop's own, and moments of the last two months up to its now."""

    def last(name: str) -> int:
        return to_int(shop.database.value("SELECT value FROM sequence WHERE name = ?", (name,)))

    spread_seconds = int(timedelta(days=SPREAD_DAYS).total_seconds())
    increments = [last(f"increment_order_{view['id']}") for view in shop.store_views()]
    return Numbering(
        count=count,
        order_base=last("order_order"),
        item_base=last("order_item"),
        address_base=last("order_address"),
        payment_base=last("order_payment"),
        history_base=last("order_history"),
        increment_base=max(increments, default=0),
        start_seconds=int(shop.clock.seconds()) - spread_seconds,
        spread_seconds=spread_seconds,
    )


def _insert_orders(shop: Shop, numbering: Numbering, placed: list[Record], ages: list[int]) -> None:
    """One row per number: the columns of its pattern, and those that the number decides."""
    database = shop.database
    rows = [order_columns(order) for order in placed]
    # A column that is null in every pattern need not be written a million times.
    names = [name for name in ORDERS.columns if any(row.get(name) is not None for row in rows)]
    listed = ", ".join(f'"{name}"' for name in names)
    database.execute(f"CREATE TEMP TABLE pattern (place INTEGER PRIMARY KEY, prefix, age, {listed})")
    marks = ", ".join("?" * (len(names) + 3))
    for place, (row, age) in enumerate(zip(rows, ages, strict=True)):
        prefix = str(row["increment_id"])[:-9]
        values = (place, prefix, age, *map(row.get, names))
        database.execute(f"INSERT INTO pattern VALUES ({marks})", values)
    created = f"{numbering.start_seconds} + n * {numbering.spread_seconds} / {numbering.count}"
    address = f"{numbering.address_base} + n * {ADDRESSES} + 1"
    computed = {
        "entity_id": f"{numbering.order_base} + n + 1",
        "increment_id": f"printf('%s%09d', prefix, {numbering.increment_base} + n + 1)",
        "created_at": f"datetime({created}, 'unixepoch')",
        "updated_at": f"datetime({created} + age, 'unixepoch')",
        "quote_id": f"{numbering.order_base} + n + 1",
        "billing_address_id": f"CASE WHEN billing_address_id IS NULL THEN NULL ELSE {address} END",
        "shipping_address_id": f"CASE WHEN shipping_address_id IS NULL THEN NULL ELSE {address} + 1 END",
        "protect_code": "NULL",
    }
    chosen = ", ".join(computed.get(name, f'"{name}"') for name in names)
    # The columns of the pattern have the names of those computed: a subquery would hide which is which.
    database.execute(
        f"{_NUMBERS} INSERT INTO {ORDERS.name} ({listed}, body) "
        f"SELECT {chosen}, '{MARK}' || place || '|' || n FROM numbers JOIN pattern ON place = n % {len(placed)}",
        (numbering.count,),
    )
    database.execute("DROP TABLE pattern")


def _generate_source_items(shop: Shop, count: int) -> None:
    """SKUs GEN-0000001 and so on, each at every source of the shop."""
    codes = [str(code) for (code,) in shop.database.rows("SELECT source_code FROM inventory_source")]
    if not codes:
        raise ValueError("source items cannot be generated: the shop has no sources")
    database = shop.database
    base = to_int(database.value("SELECT MAX(source_item_id) FROM inventory_source_item"))
    with database.transaction(), _without_indexes(shop, SOURCE_ITEMS):
        database.execute("CREATE TEMP TABLE source (place INTEGER PRIMARY KEY, code)")
        for place, code in enumerate(codes):
            database.execute("INSERT INTO source VALUES (?, ?)", (place, code))
        database.execute(
            f"{_NUMBERS}, made AS (SELECT n, code, printf('GEN-%07d', n / {len(codes)} + 1) AS item, "
            "(n * 7919) % 500 AS units FROM numbers JOIN source ON place = n % (SELECT COUNT(*) FROM source)) "
            f"INSERT INTO {SOURCE_ITEMS.name} (source_item_id, sku, source_code, quantity, status, body) "
            f"SELECT {base} + n + 1, item, code, units, units > 0, "
            'printf(\'{"sku":"%s","source_code":%s,"quantity":%d,"status":%d}\', '
            "item, json_quote(code), units, units > 0) FROM made",
            (count,),
        )
        database.execute("DROP TABLE source")
        database.raise_id(SOURCE_ITEMS.name, base + count)


@contextmanager
def _without_indexes(shop: Shop, table: Table) -> Iterator[None]:
    """Indexes are built once at the end, which is faster than keeping them up with every row."""
    creating = [statement for statement in table.create_statements() if " INDEX " in statement]
    for name in (statement.split(" EXISTS ")[1].split(" ")[0] for statement in creating):
        shop.database.execute(f"DROP INDEX IF EXISTS {name}")
    yield
    for statement in creating:
        shop.database.execute(statement)
