"""The verbs on one kind of record within an event loop: the same flows as those of verbs, where each is explained."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, cast

from mageferry.http import Flow
from mageferry.magento.criteria import SearchCriteria
from mageferry.magento.operations import BulkOptions, BulkReport, Watcher
from mageferry.magento.order_documents import (
    Quantity,
    invoice_body,
    invoice_order,
    refund_body,
    refund_order,
)
from mageferry.magento.page import Page
from mageferry.magento.plans import OrderPlans, ProductPlans, ResourcePlans, SourceItemPlans
from mageferry.magento.reading import aread_pages
from mageferry.magento.shipments import ShipmentPlans, ship_order, shipment_body
from mageferry.magento.types import NewTrack, Order, Product, Shipment, SourceItem
from mageferry.magento.verbs import EVERYTHING, USUAL

type ARun = Callable[[Flow[Any]], Awaitable[Any]]


class AsyncResource[R]:
    """One kind of record, within an event loop; see Resource."""

    def __init__(self, plans: ResourcePlans, run: ARun) -> None:
        self._plans = plans
        self._run = run

    async def get(self, identifier: int | str, *, store_code: str | None = None) -> R:
        return cast(R, await self._run(self._plans.get(identifier, store_code)))

    async def search(self, criteria: SearchCriteria, *, store_code: str | None = None) -> list[R]:
        return cast(list[R], await self._run(self._plans.search(criteria, store_code)))

    async def count(self, criteria: SearchCriteria = EVERYTHING) -> int:
        return cast(int, await self._run(self._plans.count(criteria)))

    def pages(
        self,
        criteria: SearchCriteria = EVERYTHING,
        *,
        page_size: int | None = None,
        concurrency: int = 1,
        store_code: str | None = None,
    ) -> AsyncIterator[Page[R]]:
        return aread_pages(self._plans.reader(criteria, page_size, concurrency, store_code), self._run)

    async def all(
        self,
        criteria: SearchCriteria = EVERYTHING,
        *,
        page_size: int | None = None,
        concurrency: int = 1,
        store_code: str | None = None,
    ) -> AsyncIterator[R]:
        async for page in self.pages(
            criteria, page_size=page_size, concurrency=concurrency, store_code=store_code
        ):
            for row in page.items:
                yield row
            for failed in page.failed:
                raise failed.error


class AsyncOrders(AsyncResource[Order]):
    """See Orders."""

    def __init__(self, plans: OrderPlans, run: ARun) -> None:
        super().__init__(plans, run)
        self._orders = plans

    async def create(self, entity: Mapping[str, Any]) -> Order:
        return cast(Order, await self._run(self._orders.create(entity)))

    async def find(
        self, *, increment_id: str | None = None, ext_order_id: str | None = None, store_id: int | None = None
    ) -> list[Order]:
        plan = self._orders.find(increment_id=increment_id, ext_order_id=ext_order_id, store_id=store_id)
        return cast(list[Order], await self._run(plan))

    async def ship(
        self,
        order_id: int,
        items: Mapping[int, Quantity],
        *,
        tracks: Sequence[NewTrack] = (),
        notify: bool = False,
        source_code: str | None = None,
        comment: str = "",
    ) -> int:
        body = shipment_body(items, tracks=tracks, notify=notify, source_code=source_code, comment=comment)
        return cast(int, await self._run(ship_order(self._orders.shop, order_id, body)))

    async def invoice(
        self,
        order_id: int,
        items: Mapping[int, Quantity] | None = None,
        *,
        capture: bool = True,
        notify: bool = False,
        comment: str = "",
    ) -> int:
        body = invoice_body(items, capture=capture, notify=notify, comment=comment)
        plan = invoice_order(self._orders.shop, order_id, body)
        return cast(int, await self._run(plan))

    async def refund(
        self,
        order_id: int,
        items: Mapping[int, Quantity],
        *,
        shipping_amount: Quantity = 0,
        adjustment_positive: Quantity = 0,
        adjustment_negative: Quantity = 0,
        return_to_stock_items: Collection[int] = (),
        notify: bool = False,
        comment: str = "",
    ) -> int:
        body = refund_body(
            items, shipping_amount=shipping_amount, adjustment_positive=adjustment_positive,
            adjustment_negative=adjustment_negative, return_to_stock_items=return_to_stock_items, notify=notify,
            comment=comment,
        )  # fmt: skip
        plan = refund_order(self._orders.shop, order_id, body)
        return cast(int, await self._run(plan))


class AsyncShipments(AsyncResource[Shipment]):
    """See Shipments."""

    def __init__(self, plans: ShipmentPlans, run: ARun) -> None:
        super().__init__(plans, run)
        self._shipments = plans

    async def of_order(self, order_id: int) -> list[Shipment]:
        return cast(list[Shipment], await self._run(self._shipments.of_order(order_id)))


class AsyncSourceItems(AsyncResource[SourceItem]):
    """See SourceItems."""

    def __init__(self, plans: SourceItemPlans, run: ARun) -> None:
        super().__init__(plans, run)
        self._source_items = plans

    async def save(self, items: Sequence[Mapping[str, Any]]) -> None:
        await self._run(self._source_items.save(items))

    async def save_many(
        self,
        items: Sequence[Mapping[str, Any]],
        *,
        options: BulkOptions = USUAL,
        watch: Watcher | None = None,
    ) -> BulkReport:
        return cast(BulkReport, await self._run(self._source_items.save_many(items, options, watch)))

    async def delete(self, items: Sequence[Mapping[str, Any]]) -> None:
        await self._run(self._source_items.delete(items))


class AsyncProducts(AsyncResource[Product]):
    """See Products."""

    def __init__(self, plans: ProductPlans, run: ARun) -> None:
        super().__init__(plans, run)
        self._products = plans

    async def save(self, product: Mapping[str, Any], *, store_code: str = "all") -> Product:
        return cast(Product, await self._run(self._products.save(product, store_code)))
