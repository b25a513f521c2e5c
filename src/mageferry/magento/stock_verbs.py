"""The verbs on stock items and bulks, blocking and asynchronous."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from mageferry.magento.async_verbs import ARun
from mageferry.magento.bulk import save_products, save_source_items, send_entries
from mageferry.magento.operations import BulkOptions, BulkReport, Watcher
from mageferry.magento.page import Page
from mageferry.magento.plans import DEFAULT_PAGE_SIZE, ShopPlans
from mageferry.magento.reading import aread_pages, read_pages
from mageferry.magento.stock_items import StockItemReader
from mageferry.magento.types import StockItem
from mageferry.magento.verbs import USUAL, Run


class StockItems:
    """The stock of shops without sources."""

    def __init__(self, plans: ShopPlans, run: Run) -> None:
        self._plans = plans
        self._run = run

    def pages(self, *, page_size: int = DEFAULT_PAGE_SIZE) -> Iterator[Page[StockItem]]:
        """All stock items, page by page; a row may come again with a newer quantity. Raises Transient when the list
        changed while it was read, whatever was tried: then it is not known to be complete."""
        return read_pages(StockItemReader(self._plans, page_size), self._run)


class Bulk:
    """Many writes in few requests (`/async/bulk/V1/...`); the shop's queue consumers carry them out."""

    def __init__(self, plans: ShopPlans, run: Run) -> None:
        self._plans = plans
        self._run = run

    def save_products(
        self,
        products: Iterable[Mapping[str, Any]],
        *,
        store_code: str = "all",
        options: BulkOptions = USUAL,
        watch: Watcher | None = None,
    ) -> BulkReport:
        """Create or change products and wait for what becomes of them; see Products.save. The report names the SKUs
        that failed, and says when no consumer runs. Raises SignInError and ConfigurationError."""
        flow = save_products(self._plans, products, store_code, options, watch)
        return cast(BulkReport, self._run(flow))

    def save_source_items(
        self,
        items: Sequence[Mapping[str, Any]],
        *,
        options: BulkOptions = USUAL,
        watch: Watcher | None = None,
    ) -> BulkReport:
        """Set quantities at sources and wait for what becomes of them, named by SKU."""
        return cast(BulkReport, self._run(save_source_items(self._plans, items, options, watch)))

    def send(
        self,
        method: str,
        path: str,
        entries: Iterable[tuple[str, Mapping[str, Any]]],
        *,
        store_code: str | None = None,
        options: BulkOptions = USUAL,
        watch: Watcher | None = None,
    ) -> BulkReport:
        """Any other bulk: `send("PUT", "/V1/products/bySku", [("LAMP-1", {"sku": "LAMP-1", "product": {...}})])`.

        An entry is a name for the report and the arguments of one call; path variables are named `byName`. For writes
        of absolute values only: an entry may be carried out twice when a reply gets lost.
        """
        flow = send_entries(self._plans, method, path, entries, store_code, options, watch)
        return cast(BulkReport, self._run(flow))


class AsyncStockItems:
    """See StockItems."""

    def __init__(self, plans: ShopPlans, run: ARun) -> None:
        self._plans = plans
        self._run = run

    def pages(self, *, page_size: int = DEFAULT_PAGE_SIZE) -> AsyncIterator[Page[StockItem]]:
        return aread_pages(StockItemReader(self._plans, page_size), self._run)


class AsyncBulk:
    """See Bulk."""

    def __init__(self, plans: ShopPlans, run: ARun) -> None:
        self._plans = plans
        self._run = run

    async def save_products(
        self,
        products: Iterable[Mapping[str, Any]],
        *,
        store_code: str = "all",
        options: BulkOptions = USUAL,
        watch: Watcher | None = None,
    ) -> BulkReport:
        flow = save_products(self._plans, products, store_code, options, watch)
        return cast(BulkReport, await self._run(flow))

    async def save_source_items(
        self,
        items: Sequence[Mapping[str, Any]],
        *,
        options: BulkOptions = USUAL,
        watch: Watcher | None = None,
    ) -> BulkReport:
        return cast(BulkReport, await self._run(save_source_items(self._plans, items, options, watch)))

    async def send(
        self,
        method: str,
        path: str,
        entries: Iterable[tuple[str, Mapping[str, Any]]],
        *,
        store_code: str | None = None,
        options: BulkOptions = USUAL,
        watch: Watcher | None = None,
    ) -> BulkReport:
        flow = send_entries(self._plans, method, path, entries, store_code, options, watch)
        return cast(BulkReport, await self._run(flow))
