"""Magento and AsyncMagento: one shop, the same words, blocking or within an event loop."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self, TypedDict, Unpack, cast

import httpx2

import mageferry
from mageferry.http import (
    AsyncHttpClient,
    Flow,
    HttpClient,
    HttpConfig,
    InvalidRequest,
    Plugin,
    Secret,
    Timeouts,
)
from mageferry.http.addresses import AddressPolicy
from mageferry.http.plugins.log import Exchange, Log
from mageferry.http.plugins.retry import Backoff, Retry
from mageferry.magento import resources
from mageferry.magento.async_verbs import (
    AsyncOrders,
    AsyncProducts,
    AsyncResource,
    AsyncShipments,
    AsyncSourceItems,
)
from mageferry.magento.calls import Operations, OperationSettings
from mageferry.magento.endpoint import Endpoint
from mageferry.magento.errors import ConfigurationError
from mageferry.magento.plans import (
    OrderPlans,
    ProductPlans,
    Query,
    ResourcePlans,
    ShopPlans,
    SourceItemPlans,
)
from mageferry.magento.retry import ShopRule
from mageferry.magento.shipments import ShipmentPlans
from mageferry.magento.stock_verbs import AsyncBulk, AsyncStockItems, Bulk, StockItems
from mageferry.magento.token import Authentication
from mageferry.magento.types import (
    CreditMemo,
    Customer,
    Invoice,
    Json,
    OrderItem,
    Row,
    Source,
    StoreConfig,
    StoreView,
    Website,
)
from mageferry.magento.verbs import Orders, Products, Resource, Shipments, SourceItems


class ShopOptions(TypedDict, total=False):
    """How to talk to a shop.

    `verify`: True, the path of a PEM file to trust, an `ssl.SSLContext`, or False. `proxy`: its URL.
    `retry`: how often and how patiently, None for never. `store_code`: the store view, goes before the
    one in the endpoint. `on_exchange`: told every attempt, with secrets masked; when it raises, that is
    logged and the call goes on.
    `plugins`: more of them, each at the place that its stage says. `addresses`: which may be asked, None for any.
    `operations`: the calls that this shop has in its own way, by their names in `mageferry.magento.calls.STANDARD`:
    `{"create_order": {"call": "POST /V1/acme/orders", "wrapper": "order"}}`.
    """

    timeouts: Timeouts
    verify: bool | str | ssl.SSLContext
    proxy: Secret | str | None
    retry: Backoff | None
    store_code: str | None
    user_agent: str
    max_connections: int
    on_exchange: Callable[[Exchange], object] | None
    plugins: Sequence[Plugin]
    addresses: AddressPolicy | None
    operations: OperationSettings


def _configure(endpoint: Endpoint, auth: Authentication, options: ShopOptions) -> HttpConfig:
    plugins: list[Plugin] = list(options.get("plugins", ()))
    retry = options.get("retry", Backoff())
    if retry is not None:
        plugins.append(Retry(ShopRule(retry)))
    on_exchange = options.get("on_exchange")
    if on_exchange is not None:
        plugins.append(Log(on_exchange))
    proxy = options.get("proxy")
    return HttpConfig(
        plugins=tuple(plugins),
        authentication=auth.bind(endpoint),
        timeouts=options.get("timeouts") or Timeouts(),
        verify=options.get("verify", True),
        proxy=Secret(proxy) if proxy else None,
        user_agent=options.get("user_agent") or f"Mageferry/{mageferry.__version__}",
        max_connections=options.get("max_connections", 100),
        addresses=options.get("addresses"),
    )


class Magento:
    """One shop, blocking; safe to share between threads. Close it, or use it in a `with` block.

    >>> shop = Magento("https://shop.example", AdminToken("integration", password))
    >>> shop.orders.get(15)["increment_id"]
    """

    def __init__(
        self,
        endpoint: str,
        auth: Authentication,
        *,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
        **options: Unpack[ShopOptions],
    ) -> None:
        self.endpoint = Endpoint.parse(endpoint, options.get("store_code"))
        operations = Operations.parse(options.get("operations"))
        config = _configure(self.endpoint, auth, options)
        try:
            self._http = HttpClient(config, transport=transport, sleep=sleep)
        except InvalidRequest as error:
            raise ConfigurationError(error.message, remedy=error.remedy) from None
        self.plans = ShopPlans(self.endpoint, self._http.handle, operations)
        self.orders = Orders(OrderPlans(self.plans, resources.ORDERS), self.run)
        self.order_items: Resource[OrderItem] = self._resource(resources.ORDER_ITEMS)
        self.invoices: Resource[Invoice] = self._resource(resources.INVOICES)
        self.shipments = Shipments(ShipmentPlans(self.plans, resources.SHIPMENTS), self.run)
        self.credit_memos: Resource[CreditMemo] = self._resource(resources.CREDIT_MEMOS)
        self.products = Products(ProductPlans(self.plans, resources.PRODUCTS), self.run)
        self.customers: Resource[Customer] = self._resource(resources.CUSTOMERS)
        self.source_items = SourceItems(SourceItemPlans(self.plans, resources.SOURCE_ITEMS), self.run)
        self.sources: Resource[Source] = self._resource(resources.SOURCES)
        self.stocks: Resource[Row] = self._resource(resources.STOCKS)
        self.stock_items = StockItems(self.plans, self.run)
        self.bulk = Bulk(self.plans, self.run)

    def __repr__(self) -> str:
        return f"<Magento {self.endpoint.base}>"

    def _resource(self, spec: resources.ResourceSpec) -> Resource[Any]:
        return Resource(ResourcePlans(self.plans, spec), self.run)

    def run[T](self, flow: Flow[T]) -> T:
        """Drive a flow over this shop's wire."""
        return self._http.run(flow)

    def get(self, path: str, query: Query = None, *, store_code: str | None = None) -> Json:
        """`shop.get("/V1/orders/15/comments")`."""
        return self.run(self.plans.call("GET", path, query=query, store_code=store_code))

    def post(
        self, path: str, json: Any = None, *, query: Query = None, store_code: str | None = None
    ) -> Json:
        """`shop.post("/V1/order/15/ship", {"items": [...]})`. Raises Unclear when it may have happened."""
        return self.run(self.plans.call("POST", path, query=query, json=json, store_code=store_code))

    def put(self, path: str, json: Any = None, *, query: Query = None, store_code: str | None = None) -> Json:
        """A PUT. Raises Unclear when it may have happened."""
        return self.run(self.plans.call("PUT", path, query=query, json=json, store_code=store_code))

    def delete(self, path: str, *, query: Query = None, store_code: str | None = None) -> Json:
        """A DELETE. Raises Unclear when it may have happened."""
        return self.run(self.plans.call("DELETE", path, query=query, store_code=store_code))

    def store_views(self) -> list[StoreView]:
        """Every store view, with the admin's (id 0)."""
        return cast(list[StoreView], self.get("/V1/store/storeViews"))

    def websites(self) -> list[Website]:
        """Every website."""
        return cast(list[Website], self.get("/V1/store/websites"))

    def store_configs(self) -> list[StoreConfig]:
        """Currency, locale, time zone and addresses of every store view."""
        return cast(list[StoreConfig], self.get("/V1/store/storeConfigs"))

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncMagento:
    """The same for an event loop; use it in an `async with` block. See Magento for what the words mean."""

    def __init__(
        self,
        endpoint: str,
        auth: Authentication,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[ShopOptions],
    ) -> None:
        self.endpoint = Endpoint.parse(endpoint, options.get("store_code"))
        operations = Operations.parse(options.get("operations"))
        config = _configure(self.endpoint, auth, options)
        try:
            self._http = AsyncHttpClient(config, transport=transport, sleep=sleep)
        except InvalidRequest as error:
            raise ConfigurationError(error.message, remedy=error.remedy) from None
        self.plans = ShopPlans(self.endpoint, self._http.handle, operations)
        self.orders = AsyncOrders(OrderPlans(self.plans, resources.ORDERS), self.run)
        self.order_items: AsyncResource[OrderItem] = self._resource(resources.ORDER_ITEMS)
        self.invoices: AsyncResource[Invoice] = self._resource(resources.INVOICES)
        self.shipments = AsyncShipments(ShipmentPlans(self.plans, resources.SHIPMENTS), self.run)
        self.credit_memos: AsyncResource[CreditMemo] = self._resource(resources.CREDIT_MEMOS)
        self.products = AsyncProducts(ProductPlans(self.plans, resources.PRODUCTS), self.run)
        self.customers: AsyncResource[Customer] = self._resource(resources.CUSTOMERS)
        self.source_items = AsyncSourceItems(SourceItemPlans(self.plans, resources.SOURCE_ITEMS), self.run)
        self.sources: AsyncResource[Source] = self._resource(resources.SOURCES)
        self.stocks: AsyncResource[Row] = self._resource(resources.STOCKS)
        self.stock_items = AsyncStockItems(self.plans, self.run)
        self.bulk = AsyncBulk(self.plans, self.run)

    def __repr__(self) -> str:
        return f"<AsyncMagento {self.endpoint.base}>"

    def _resource(self, spec: resources.ResourceSpec) -> AsyncResource[Any]:
        return AsyncResource(ResourcePlans(self.plans, spec), self.run)

    async def run[T](self, flow: Flow[T]) -> T:
        """Drive a flow over this shop's wire."""
        return await self._http.run(flow)

    async def get(self, path: str, query: Query = None, *, store_code: str | None = None) -> Json:
        return await self.run(self.plans.call("GET", path, query=query, store_code=store_code))

    async def post(
        self, path: str, json: Any = None, *, query: Query = None, store_code: str | None = None
    ) -> Json:
        return await self.run(self.plans.call("POST", path, query=query, json=json, store_code=store_code))

    async def put(
        self, path: str, json: Any = None, *, query: Query = None, store_code: str | None = None
    ) -> Json:
        return await self.run(self.plans.call("PUT", path, query=query, json=json, store_code=store_code))

    async def delete(self, path: str, *, query: Query = None, store_code: str | None = None) -> Json:
        return await self.run(self.plans.call("DELETE", path, query=query, store_code=store_code))

    async def store_views(self) -> list[StoreView]:
        return cast(list[StoreView], await self.get("/V1/store/storeViews"))

    async def websites(self) -> list[Website]:
        return cast(list[Website], await self.get("/V1/store/websites"))

    async def store_configs(self) -> list[StoreConfig]:
        return cast(list[StoreConfig], await self.get("/V1/store/storeConfigs"))

    async def close(self) -> None:
        await self._http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
