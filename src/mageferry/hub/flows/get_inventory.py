"""Get inventory: Magento -> hub, the quantities of the row's warehouse into its location.

Source items have no date of change, so each run reads all of them, by SKU, and writes what differs. A run that doesn't
come to its end has written what it read and emptied nothing. Shops without sources (Inventory Management switched off)
and rows whose Warehouse Code is -- give their stock items instead.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller, ProductMagento
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.registry import Flow, declare
from mageferry.hub.flows.runner import SetupProblem
from mageferry.hub.flows.stock_import import Shelf
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.stock_in import StockRecord, read_source_item, read_stock_item
from mageferry.hub.trade.models import Location
from mageferry.hub.work.leases import Held
from mageferry.hub.work.runs import Run
from mageferry.magento import ConfigurationError, Magento, NotFound, SearchCriteria
from mageferry.magento.stock_items import has_no_sources

FLOW = "get_inventory"
NO_WAREHOUSE = "--"
# Rows are small: a hundred at a time would be a thousand requests for a hundred thousand products.
LEAST_PAGE = 1000
COMPOSITES = ("configurable", "bundle", "grouped")
ASK_AGAIN_AFTER = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StockPage:
    """A page of records, those that can't be used (SKU and why), and how many are still to come."""

    records: list[StockRecord]
    unusable: list[tuple[str, str]]
    remaining: int

    @property
    def size(self) -> int:
        return len(self.records) + len(self.unusable)


def get_inventory(row: Magento2Seller, run: Run, held: Held) -> None:
    """Read all quantities of the row's warehouse."""
    shelf = Shelf(_location_of(row), _origin_of(row))
    with open_shop(row.connector) as shop:
        read = _source_pages if _has_source(row, shop, run) else _stock_item_pages
        for page in read(row, shop):
            held.check()
            _store(shelf, page, run)
    # Only here is the read known to be complete.
    gone = shelf.empty_unseen(run.started_at)
    run.add(updated=gone.count)
    _tell(run, shelf)
    if gone.count:
        run.note(f"No longer at this warehouse, now 0: {gone}.")


def _location_of(row: Magento2Seller) -> Location:
    if row.location is None:
        raise SetupProblem(
            f"{row} reads stock but has no Location: nobody knows where its quantities belong.",
            "Choose the Location on this row of the connector.",
        )
    if not row.warehouse_code.strip():
        raise SetupProblem(
            f"{row} reads stock but has no Warehouse Code.",
            "Enter the source code of the warehouse (Stores > Inventory > Sources in Magento), or -- to read the stock "
            "items of a shop without sources.",
        )
    others = Magento2Seller.objects.filter(
        location=row.location_id, get_inventory=True, connector__active=True
    ).select_related("connector")
    rivals = [other for other in others if _origin_of(other) != _origin_of(row)]
    if rivals:
        names = "; ".join(f"{each} ({each.warehouse_code.strip() or 'none'})" for each in [row, *rivals])
        raise SetupProblem(
            f"Several warehouses write into the location {row.location}: {names}. Each run would undo the other's.",
            "Give each warehouse a Location of its own, or switch Get Inventory off on all rows but one.",
        )
    return row.location


def _origin_of(row: Magento2Seller) -> str:
    return f"{row.connector.key}/{row.warehouse_code.strip()}"


def _has_source(row: Magento2Seller, shop: Magento, run: Run) -> bool:
    """Whether to read source items; else the shop, or the row, has none. What the shop answered is remembered."""
    connector, code = row.connector, row.source_code
    if code is None:
        run.note(f"The Warehouse Code is {NO_WAREHOUSE}: the stock items of the shop were read.")
        return False
    since = connector.without_sources_at
    if since is not None and timezone.now() - since < ASK_AGAIN_AFTER:
        _note_stock_items(run)
        return False
    try:
        source = shop.sources.get(code)
    except NotFound:
        # Its list would be empty, and everything would be taken for sold out.
        raise SetupProblem(
            f"The shop of {connector} has no source {code}.",
            "Correct the Warehouse Code of the row: Stores > Inventory > Sources shows the codes.",
        ) from None
    except ConfigurationError as error:
        if not has_no_sources(error):
            raise
        _remember(connector, timezone.now())
        _note_stock_items(run)
        return False
    _remember(connector, None)
    if source.get("enabled") is False:
        run.note(f"The source {code} is disabled in the shop, which sells nothing from it.")
    return True


def _note_stock_items(run: Run) -> None:
    run.note(
        "The shop has no sources (Inventory Management is off): its stock items were read. It is asked again once a "
        "day."
    )


def _remember(connector: Magento2Connector, without_sources_at: dt.datetime | None) -> None:
    if connector.without_sources_at != without_sources_at:
        connector.without_sources_at = without_sources_at
        Magento2Connector.objects.filter(pk=connector.pk).update(without_sources_at=without_sources_at)


def _source_pages(row: Magento2Seller, shop: Magento) -> Iterator[StockPage]:
    """Source items by SKU: complete while rows change."""
    criteria = SearchCriteria().where("source_code", "eq", row.source_code)
    criteria = criteria.fields("sku", "source_code", "quantity", "status")
    for page in shop.source_items.pages(criteria, page_size=max(row.connector.page_size, LEAST_PAGE)):
        yield _read_page([(each, read_source_item, ()) for each in page.items], page.remaining)


def _stock_item_pages(row: Magento2Seller, shop: Magento) -> Iterator[StockPage]:
    """Stock items, which know their products by id only."""
    for page in shop.stock_items.pages(page_size=max(row.connector.page_size, LEAST_PAGE)):
        skus = _skus_by_id(row.connector, shop, [int(each["product_id"]) for each in page.items])
        known = [
            (each, read_stock_item, (sku,))
            for each in page.items
            if each.get("qty") is not None and (sku := skus[int(each["product_id"])])
        ]
        yield _read_page(known, page.remaining)


def _read_page(rows: Sequence[tuple[Any, Any, tuple[str, ...]]], remaining: int) -> StockPage:
    records, unusable = [], []
    for raw, read, more in rows:
        try:
            records.append(read(raw, *more))
        except UnusableRecord as error:
            unusable.append((more[0] if more else str(raw.get("sku")), f"{error.reason} {error.remedy}"))
    return StockPage(records, unusable, remaining)


def _skus_by_id(connector: Magento2Connector, shop: Magento, ids: Sequence[int]) -> defaultdict[int, str]:
    """SKUs of a shop's products, from what Get Products stored, else asked for, a list of ids at a time.

    Empty for those that have no stock of their own (configurables, bundles), and for those that are gone.
    """
    known = ProductMagento.objects.filter(magento2_connector=connector, entity_id__in=ids)
    types = {
        number: (sku, kind) for number, sku, kind in known.values_list("entity_id", "sku", "product_type")
    }
    missing = sorted(set(ids) - types.keys())
    for criteria in SearchCriteria().fields("id", "sku", "type_id").split("entity_id", "in", missing):
        for product in shop.products.all(criteria, page_size=LEAST_PAGE, store_code="all"):
            types[int(product["id"])] = product["sku"], product.get("type_id", "")
    skus = {number: sku for number, (sku, kind) in types.items() if kind not in COMPOSITES}
    return defaultdict(str, skus)


def _store(shelf: Shelf, page: StockPage, run: Run) -> None:
    if run.expected is None:
        run.expect(page.size + page.remaining)
    stored = shelf.store(page.records)
    for sku, reason in page.unusable:
        shelf.spare(sku)
        run.fail(reason)
    run.add(
        read=page.size,
        created=stored.created,
        updated=stored.updated,
        unchanged=stored.unchanged,
        skipped=stored.skipped,
    )


def _tell(run: Run, shelf: Shelf) -> None:
    said: Mapping[str, Any] = {
        "SKUs that are no product of the hub": shelf.unknown,
        "SKUs that several products of the hub share but for case or blanks": shelf.ambiguous,
        "SKUs that came twice, the second left out": shelf.doubled,
        "Quantities below zero (oversold), taken as 0": shelf.oversold,
    }
    for words, odd in said.items():
        if odd.count:
            run.note(f"{words}: {odd}.")


GET_INVENTORY = declare(Flow(FLOW, "Get Inventory", "get_inventory", 50, get_inventory))
