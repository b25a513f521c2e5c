"""Get products: Magento -> hub, the products that changed since the mark, with the values of the row's store view.

The first run reads all of them, and so does a run every so many days (a setting of the connector): some changes don't
move a product's date. What a person edited in the hub stays. A product that can't be stored is parked, and the mark
never passes it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import DataError, IntegrityError
from django.db.models import Exists, OuterRef

from mageferry.hub.connectors.models import Magento2Seller, ProductMagento
from mageferry.hub.connectors.product_values import FULL_READ
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.failures import BadRecord, clear, park
from mageferry.hub.flows.outcomes import outcome_of
from mageferry.hub.flows.product_import import Stored, store_products
from mageferry.hub.flows.registry import Flow, declare
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.product_in import ProductRecord, read_product
from mageferry.hub.trade.models import OrderItem, Product
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles
from mageferry.hub.work.leases import Held
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.marks import mark_of, move_mark
from mageferry.hub.work.runs import Run
from mageferry.magento import MagentoError, Page, SearchCriteria, moment

FLOW = "get_products"
ONE_PRODUCT = "get_product"
DEFAULT_VALUES = "all"
_EXAMPLES = 5
# Attributes that Magento shows as fields of the product itself.
_OWN_FIELDS = ("attribute_set_id", "visibility", "created_at")


def get_products(row: Magento2Seller, run: Run, held: Held) -> None:
    """Read what changed since the mark, or all products."""
    mark = mark_of(row.scope, FLOW)
    full = mark is None or _full_read_is_due(row, run.started_at)
    hold: list[dt.datetime | None] = []
    with open_shop(row.connector) as shop:
        pages = shop.products.pages(
            criteria_for(row, None if full else mark),
            page_size=row.connector.page_size,
            concurrency=row.connector.concurrency,
            store_code=store_code_of(row),
        )
        for page in pages:
            if run.expected is None:
                run.expect(len(page.items) + page.remaining)
            held.check()
            hold.extend(_store_page(row, page, run))
    _move_mark(row, run, mark, hold)
    if full:
        run.note("All products were read.")
        move_mark(row.scope, FULL_READ, run.started_at)
        _note_missing_attributes(row, run)
    _note_unknown_skus(run)


def criteria_for(row: Magento2Seller, since: dt.datetime | None) -> SearchCriteria:
    """Products that changed since then (minus the overlap), or all of them."""
    criteria = SearchCriteria().fields(
        "id", "sku", "name", "type_id", "status", "price", "weight", "updated_at", *_more_fields(row)
    )
    if since is None:
        return criteria
    return criteria.where("updated_at", "from", since - dt.timedelta(minutes=row.connector.overlap_minutes))


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


def _store_page(row: Magento2Seller, page: Page[Any], run: Run) -> list[dt.datetime | None]:
    """Store a page; returns when its failed records changed (the mark must not pass them)."""
    records, bad = _read_page(row, page)
    stored = _store(row, records, bad)
    bad.extend(
        BadRecord(record.entity_id, record.remote_updated_at, reason, remedy)
        for record, reason, remedy in stored.refused
    )
    failed_ids = {each.remote_id for each in bad}
    if records:
        clear(ONE_PRODUCT, row, [each.entity_id for each in records if each.entity_id not in failed_ids])
    news = [each for each in bad if park(ONE_PRODUCT, row, each, "product")]
    run.add(
        read=len(page.items) + len(page.failed),
        created=stored.created,
        updated=stored.updated,
        unchanged=stored.unchanged,
        skipped=len(bad) - len(news),
    )
    for each in news:
        run.fail(each.reason)
    return [each.changed_at for each in news]


def _read_page(row: Magento2Seller, page: Page[Any]) -> tuple[list[ProductRecord], list[BadRecord]]:
    records, bad = [], []
    for raw in page.items:
        try:
            records.append(read_product(raw, row.connector.product_attributes))
        except UnusableRecord as error:
            bad.append(BadRecord(int(raw["id"]), _changed_at(raw), error.reason, error.remedy))
    bad.extend(BadRecord(each.id, None, each.error.message, each.error.remedy) for each in page.failed)
    return records, bad


def _store(row: Magento2Seller, records: Sequence[ProductRecord], bad: list[BadRecord]) -> Stored:
    """Store the page at once; when the database refuses a record, one by one, so that only that one fails."""
    store_code = row.store_code.strip()
    try:
        return store_products(row.connector, store_code, records)
    except (IntegrityError, DataError):
        whole = Stored()
        for record in records:
            try:
                one = store_products(row.connector, store_code, [record])
            except (IntegrityError, DataError) as error:
                bad.append(
                    BadRecord(
                        record.entity_id,
                        record.remote_updated_at,
                        f"Product {record.sku} can't be stored: {str(error).splitlines()[0]}",
                        "Mend the product in the shop; it is read again with the next run.",
                    )
                )
            else:
                whole.created += one.created
                whole.updated += one.updated
                whole.unchanged += one.unchanged
                whole.refused.extend(one.refused)
        return whole


def _move_mark(
    row: Magento2Seller, run: Run, mark: dt.datetime | None, hold: Sequence[dt.datetime | None]
) -> None:
    if None in hold:
        # Nobody knows when that record changed, so the mark stays where it is.
        return
    value = min([run.started_at, *(each for each in hold if each is not None)])
    if mark is None or value > mark:
        move_mark(row.scope, FLOW, value)


def _changed_at(raw: Any) -> dt.datetime | None:
    try:
        return moment(raw["updated_at"])
    except (KeyError, TypeError, ValueError):
        return None


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
    payload = held.unit.payload
    row = Magento2Seller.objects.select_related("connector").filter(pk=payload["row"]).first()
    if row is None:
        return ledger.skipped("The seller row that it was read for is gone.")
    criteria = criteria_for(row, None).where("entity_id", "eq", payload["remote_id"])
    try:
        with open_shop(row.connector) as shop:
            found = shop.products.search(criteria, store_code=store_code_of(row))
        if not found:
            return ledger.skipped("The product is gone from the shop.")
        record = read_product(found[0], row.connector.product_attributes)
    except MagentoError as error:
        return outcome_of(error, held)
    except UnusableRecord as error:
        return ledger.failed(error.reason, error.remedy)
    stored = store_products(row.connector, row.store_code.strip(), [record])
    if stored.refused:
        return ledger.failed(*stored.refused[0][1:])
    return ledger.finished(result={"entity_id": record.entity_id})


GET_PRODUCTS = declare(Flow(FLOW, "Get Products", "get_products", 90, get_products, cron="20 * * * *"))
