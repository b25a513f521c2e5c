"""Get products: Magento -> hub, the products that changed since the mark, with the values of the row's store view.

The first run reads all of them, and so does a run every so many days (a setting of the connector): some changes don't
move a product's date. What a person edited in the hub stays. A product that can't be stored is parked, and the mark
never passes it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db.models import Exists, OuterRef

from mageferry.hub.connectors.models import Magento2Seller, ProductMagento
from mageferry.hub.connectors.product_values import FULL_READ
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.product_import import store_products
from mageferry.hub.flows.progress import move_on, reading_since
from mageferry.hub.flows.reading import ListReading, RecordKind, Rows, read_again, read_each, row_read_for
from mageferry.hub.flows.registry import Flow, declare
from mageferry.hub.flows.stored import Stored
from mageferry.hub.mapping.models import mappings_of
from mageferry.hub.mapping.product_in import ProductRecord
from mageferry.hub.mapping.product_mappings import RECORD, read_mapped_product
from mageferry.hub.mapping.rules import FROM_MAGENTO
from mageferry.hub.trade.models import OrderItem, Product
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles
from mageferry.hub.work.leases import Held
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.marks import mark_of, move_mark
from mageferry.hub.work.runs import Run
from mageferry.magento import Magento, SearchCriteria

FLOW = "get_products"
ONE_PRODUCT = "get_product"
PRODUCT = RecordKind("product", ONE_PRODUCT, "id")
DEFAULT_VALUES = "all"
_EXAMPLES = 5
# Attributes that Magento shows as fields of the product itself.
_OWN_FIELDS = ("attribute_set_id", "visibility", "created_at")


def get_products(row: Magento2Seller, run: Run, held: Held) -> None:
    """Read what changed since the mark, or all products."""
    mark = mark_of(row.scope, FLOW)
    full = mark is None or _full_read_is_due(row, run.started_at)
    reading = ListReading(PRODUCT, row, run, held, partial(_read_page, row), _storing(row))
    with open_shop(row.connector) as shop:
        hold = reading.take_in(
            shop.products.pages(
                criteria_for(row, None if full else mark, run.started_at),
                page_size=row.connector.page_size,
                concurrency=row.connector.concurrency,
                store_code=store_code_of(row),
            )
        )
    move_on(row, FLOW, run.started_at, mark, hold)
    if full:
        run.note("All products were read.")
        move_mark(row.scope, FULL_READ, run.started_at)
        _note_missing_attributes(row, run)
    _note_unknown_skus(run)


def criteria_for(row: Magento2Seller, mark: dt.datetime | None, started_at: dt.datetime) -> SearchCriteria:
    """Products that changed since the mark, or all of them without one."""
    if mark is None:
        return _fields(row)
    return _fields(row).where("updated_at", "from", reading_since(row, mark, started_at))


def _fields(row: Magento2Seller) -> SearchCriteria:
    """What to ask of each product: all of it when field mappings read it."""
    if mappings_of(row.connector).concern(FROM_MAGENTO, RECORD):
        return SearchCriteria()
    return SearchCriteria().fields(
        "id", "sku", "name", "type_id", "status", "price", "weight", "updated_at", *_more_fields(row)
    )


def _more_fields(row: Magento2Seller) -> list[str]:
    """What the chosen attributes need: they are custom attributes, or fields of their own like visibility."""
    chosen = row.connector.product_attributes
    return [*(code for code in chosen if code in _OWN_FIELDS), "custom_attributes"] if chosen else []


def store_code_of(row: Magento2Seller) -> str:
    """The store code for the path: the row's, else the one of the default values."""
    return row.store_code.strip() or DEFAULT_VALUES


def _full_read_is_due(row: Magento2Seller, now: dt.datetime) -> bool:
    days = row.connector.full_products_days
    last = mark_of(row.scope, FULL_READ)
    return days > 0 and (last is None or now - last >= dt.timedelta(days=days))


def _read_page(row: Magento2Seller, items: Sequence[Any]) -> Rows[ProductRecord]:
    return read_each(PRODUCT, items, partial(_read, row))


def _read(row: Magento2Seller, raw: Any) -> ProductRecord:
    connector = row.connector
    return read_mapped_product(raw, connector.product_attributes, mappings_of(connector))


def _storing(row: Magento2Seller) -> Callable[[Sequence[ProductRecord]], Stored[ProductRecord]]:
    return partial(store_products, row.connector, row.store_code.strip())


def _note_missing_attributes(row: Magento2Seller, run: Run) -> None:
    """Chosen attributes that not one product has: most likely a typing error."""
    here = ProductMagento.objects.filter(
        magento2_connector=row.connector, store_code=row.store_code.strip()
    ).order_by()
    missing = [
        code
        for code in row.connector.product_attributes
        if not here.filter(attributes__has_key=code).exists()
    ]
    if missing:
        run.note(f"Attributes that no product has: {', '.join(missing)}.")


def _note_unknown_skus(run: Run) -> None:
    """Order items whose SKU is no product: nobody can say what stock they need."""
    unknown = unknown_skus()
    examples = list(unknown[:_EXAMPLES])
    if examples:
        run.note(f"SKUs of order items that are no product: {unknown.count()} ({', '.join(examples)}).")


def unknown_skus() -> Any:
    """The SKUs of order items that no product has, each once."""
    known = Product.objects.filter(sku=OuterRef("sku"))
    items = OrderItem.objects.filter(~Exists(known)).exclude(sku="")
    return items.order_by("sku").values_list("sku", flat=True).distinct()


@handles(ONE_PRODUCT)
def get_one_product(held: Claim) -> Outcome:
    """Read one failed product again (a person's retry)."""
    row = row_read_for(held)
    if row is None:
        return ledger.skipped("The seller row that it was read for is gone.")

    def fetch(shop: Magento) -> ProductRecord | Outcome:
        wanted = _fields(row).where("entity_id", "eq", held.unit.payload["remote_id"])
        found = shop.products.search(wanted, store_code=store_code_of(row))
        return _read(row, found[0]) if found else ledger.skipped("The product is gone from the shop.")

    return read_again(held, PRODUCT, row, fetch, _storing(row))


GET_PRODUCTS = declare(Flow(FLOW, "Get Products", "get_products", 90, get_products, cron="20 * * * *"))
