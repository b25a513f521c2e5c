"""As many synthetic products as a benchmark needs, each with stock at every source."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import batched

from mageferry.sandbox.demo.goods import CREATED_AT, money
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.orderbook import Record, records
from mageferry.sandbox.php import Value
from mageferry.sandbox.products import product_row
from mageferry.sandbox.shop import Shop
from mageferry.sandbox.tables import PRODUCTS, SOURCE_ITEMS

_BATCH = 2000


def load_products(shop: Shop, count: int) -> None:
    """Add ``count`` simple products BULK-0000001, BULK-0000002 ... with some quantity at every source."""
    database = shop.database
    sources = [str(code) for (code,) in database.rows("SELECT source_code FROM inventory_source")]
    websites: list[Value] = [site["id"] for site in records(shop.document("websites")) if site["id"]]
    first = database.next_id(PRODUCTS.name)
    first_item = database.next_id(SOURCE_ITEMS.name)
    with database.transaction():
        for numbers in batched(range(1, count + 1), _BATCH):
            products = [_product(number, first + number - 1, websites) for number in numbers]
            database.save_many(PRODUCTS, [(product_row(each), encode_json(each)) for each in products])
            items = [item for number in numbers for item in _items(number, sources)]
            start = first_item + (numbers[0] - 1) * len(sources)
            database.save_many(
                SOURCE_ITEMS,
                [({**item, "source_item_id": start + n}, encode_json(item)) for n, item in enumerate(items)],
            )
        database.raise_id(PRODUCTS.name, first + count)
        database.raise_id(SOURCE_ITEMS.name, first_item + count * len(sources))


def _items(number: int, sources: list[str]) -> Iterator[Record]:
    for code in sources:
        quantity = (number * 7 + len(code)) % 400
        yield {"sku": sku_of(number), "source_code": code, "quantity": quantity, "status": int(quantity > 0)}


def sku_of(number: int) -> str:
    return f"BULK-{number:07d}"


def _product(number: int, entity_id: int, websites: list[Value]) -> Record:
    return {
        "id": entity_id,
        "sku": sku_of(number),
        "name": f"Spare part {number}",
        "attribute_set_id": 4,
        "price": money(500 + number % 9500),
        "status": 1,
        "visibility": 4,
        "type_id": "simple",
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
        "weight": 1,
        "extension_attributes": {"website_ids": websites},
        "product_links": [],
        "options": [],
        "media_gallery_entries": [],
        "tier_prices": [],
        "custom_attributes": [{"attribute_code": "url_key", "value": f"spare-part-{number}"}],
    }
