"""The verbs on one kind of record, blocking: thin shells around flows. See async_verbs for their twins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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
from mageferry.magento.reading import read_pages
from mageferry.magento.shipments import ShipmentPlans, ship_order, shipment_body
from mageferry.magento.types import NewTrack, Order, Product, Shipment, SourceItem

type Run = Callable[[Flow[Any]], Any]
EVERYTHING = SearchCriteria()
USUAL = BulkOptions()


class Resource[R]:
    """One kind of record, blocking."""

    def __init__(self, plans: ResourcePlans, run: Run) -> None:
        self._plans = plans
        self._run = run

    def get(self, identifier: int | str, *, store_code: str | None = None) -> R:
        """One record by its id (products by SKU, sources by code). Raises NotFound."""
        return cast(R, self._run(self._plans.get(identifier, store_code)))

    def search(self, criteria: SearchCriteria, *, store_code: str | None = None) -> list[R]:
        """The rows of one answer, as the criteria say (100 without a page size)."""
        return cast(list[R], self._run(self._plans.search(criteria, store_code)))

    def count(self, criteria: SearchCriteria = EVERYTHING) -> int:
        """How many rows match."""
        return cast(int, self._run(self._plans.count(criteria)))

    def pages(
        self,
        criteria: SearchCriteria = EVERYTHING,
        *,
        page_size: int | None = None,
        concurrency: int = 1,
        store_code: str | None = None,
    ) -> Iterator[Page[R]]:
        """The whole list, page by page: complete and without repeats while rows come and go.

        In the order of the id with `concurrency` 1, else as pages come. A record that the shop cannot
        give out is in `page.failed`.
        """
        return read_pages(self._plans.reader(criteria, page_size, concurrency, store_code), self._run)

    def all(
        self,
        criteria: SearchCriteria = EVERYTHING,
        *,
        page_size: int | None = None,
        concurrency: int = 1,
        store_code: str | None = None,
    ) -> Iterator[R]:
        """Every row. A record that the shop cannot give out raises its error: `pages` goes on behind it."""
        for page in self.pages(criteria, page_size=page_size, concurrency=concurrency, store_code=store_code):
            yield from page.items
            for failed in page.failed:
                raise failed.error


class Orders(Resource[Order]):
    """`/V1/orders`."""

    def __init__(self, plans: OrderPlans, run: Run) -> None:
        super().__init__(plans, run)
        self._orders = plans

    def create(self, entity: Mapping[str, Any]) -> Order:
        """Create an order (`PUT /V1/orders/create`). Raises AlreadyExists, and Unclear: then `find` it."""
        return cast(Order, self._run(self._orders.create(entity)))

    def find(
        self, *, increment_id: str | None = None, ext_order_id: str | None = None, store_id: int | None = None
    ) -> list[Order]:
        """The orders with these ids, oldest first; usually none or one."""
        plan = self._orders.find(increment_id=increment_id, ext_order_id=ext_order_id, store_id=store_id)
        return cast(list[Order], self._run(plan))

    def ship(
        self,
        order_id: int,
        items: Mapping[int, Quantity],
        *,
        tracks: Sequence[NewTrack] = (),
        notify: bool = False,
        source_code: str | None = None,
        comment: str = "",
    ) -> int:
        """Ship items of an order (`POST /V1/order/{id}/ship`); the id of the new shipment.

        `items`: how many of which order item, by Magento's item_id: the configurable's own, the bundle's own, or the
        parts' of a bundle that ships separately. Magento ships less than asked without a word when less is left.
        `notify` mails the customer. `comment` is kept with the shipment, not shown in the shop and not mailed.
        Raises Unclear when nobody knows whether it happened: a repeated request ships again, so look at
        `shipments.of_order` first; ValueError without items, since Magento would ship everything.
        """
        body = shipment_body(items, tracks=tracks, notify=notify, source_code=source_code, comment=comment)
        return cast(int, self._run(ship_order(self._orders.shop, order_id, body)))

    def invoice(
        self,
        order_id: int,
        items: Mapping[int, Quantity] | None = None,
        *,
        capture: bool = True,
        notify: bool = False,
        comment: str = "",
    ) -> int:
        """Invoice an order (`POST /V1/order/{id}/invoice`): quantities by item_id, without `items` all that is
        left. The invoice's id.

        `capture` asks the payment method for the money; an offline one, such as checkmo, is paid at once either way.
        Raises Rejected when nothing is left to invoice, and Unclear: then look into `shop.invoices` by order_id.
        """
        body = invoice_body(items, capture=capture, notify=notify, comment=comment)
        plan = invoice_order(self._orders.shop, order_id, body)
        return cast(int, self._run(plan))

    def refund(
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
        """Refund an order offline (`POST /V1/order/{id}/refund`): quantities by item_id. The credit memo's id.

        Money alone is refunded with one item of quantity 0 and `adjustment_positive`. Amounts are in the order's
        base currency; no shipping is refunded unless `shipping_amount` says so. A configurable goes by the item_id
        of the parent; of a bundle the components, or the bundle itself when it has a fixed price.
        Raises Rejected when the order or one of the amounts doesn't allow it, and Unclear: then look into
        `shop.credit_memos` by order_id before sending it again, since the same refund can be made twice; `comment`
        comes back there with the credit memo.
        """
        body = refund_body(
            items, shipping_amount=shipping_amount, adjustment_positive=adjustment_positive,
            adjustment_negative=adjustment_negative, return_to_stock_items=return_to_stock_items, notify=notify,
            comment=comment,
        )  # fmt: skip
        plan = refund_order(self._orders.shop, order_id, body)
        return cast(int, self._run(plan))


class Shipments(Resource[Shipment]):
    """`/V1/shipments`."""

    def __init__(self, plans: ShipmentPlans, run: Run) -> None:
        super().__init__(plans, run)
        self._shipments = plans

    def of_order(self, order_id: int) -> list[Shipment]:
        """All shipments of an order, oldest first, with items, tracks and comments."""
        return cast(list[Shipment], self._run(self._shipments.of_order(order_id)))


class SourceItems(Resource[SourceItem]):
    """`/V1/inventory/source-items`."""

    def __init__(self, plans: SourceItemPlans, run: Run) -> None:
        super().__init__(plans, run)
        self._source_items = plans

    def save(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Set quantities; the whole list is saved or, when one row is wrong, none of it."""
        self._run(self._source_items.save(items))

    def save_many(
        self,
        items: Sequence[Mapping[str, Any]],
        *,
        options: BulkOptions = USUAL,
        watch: Watcher | None = None,
    ) -> BulkReport:
        """Set any number of quantities, `options.batch_size` in one call; the report names the SKUs that the shop
        refused. Raises SignInError and ConfigurationError. May be repeated: quantities are absolute."""
        return cast(BulkReport, self._run(self._source_items.save_many(items, options, watch)))

    def delete(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Take products (`sku`) off sources (`source_code`); one that is not there counts as done."""
        self._run(self._source_items.delete(items))


class Products(Resource[Product]):
    """`/V1/products`."""

    def __init__(self, plans: ProductPlans, run: Run) -> None:
        super().__init__(plans, run)
        self._products = plans

    def save(self, product: Mapping[str, Any], *, store_code: str = "all") -> Product:
        """Create a product or change the fields that are given, found by `sku` (`POST /V1/products`).

        `store_code` says whose values are written: `all` the default ones, else those of one store view. Raises
        Unclear when nobody knows whether it happened: then send it again, the values are absolute.
        """
        return cast(Product, self._run(self._products.save(product, store_code)))
