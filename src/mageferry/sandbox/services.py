"""Magento's service names behind the routes: asynchronous topics and result messages carry them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mageferry.sandbox.routing import Route


@dataclass(frozen=True, slots=True)
class Service:
    """``contract`` is the PHP interface, ``implementation`` the class that a shop uses for it."""

    contract: str
    implementation: str
    method: str

    def topic(self, http_method: str) -> str:
        name = f"{self.contract}\\{self.method}".replace("\\", ".").lower()
        return f"async.{name}.{http_method.lower()}"

    @property
    def success(self) -> str:
        return f"Service execution success {self.implementation}::{self.method}"


_PRODUCTS = (
    r"Magento\Catalog\Api\ProductRepositoryInterface",
    r"Magento\Catalog\Model\ProductRepository\Interceptor",
)
_ORDERS = (r"Magento\Sales\Api\OrderRepositoryInterface", r"Magento\Sales\Model\OrderRepository\Interceptor")
_ORDER_SERVICE = (
    r"Magento\Sales\Api\OrderManagementInterface",
    r"Magento\Sales\Model\Service\OrderService\Interceptor",
)
_COMMANDS = r"Magento\Inventory\Model\SourceItem\Command"
_SERVICES = {
    ("POST", "/V1/products"): Service(*_PRODUCTS, "save"),
    ("PUT", "/V1/products/:sku"): Service(*_PRODUCTS, "save"),
    ("DELETE", "/V1/products/:sku"): Service(*_PRODUCTS, "deleteById"),
    ("POST", "/V1/orders"): Service(*_ORDERS, "save"),
    ("PUT", "/V1/orders/create"): Service(*_ORDERS, "save"),
    ("POST", "/V1/orders/:id/cancel"): Service(*_ORDER_SERVICE, "cancel"),
    ("POST", "/V1/orders/:id/hold"): Service(*_ORDER_SERVICE, "hold"),
    ("POST", "/V1/orders/:id/unhold"): Service(*_ORDER_SERVICE, "unHold"),
    ("POST", "/V1/orders/:id/comments"): Service(*_ORDER_SERVICE, "addComment"),
    ("POST", "/V1/order/:orderId/ship"): Service(
        r"Magento\Sales\Api\ShipOrderInterface", r"Magento\Sales\Model\ShipOrder", "execute"
    ),
    ("POST", "/V1/order/:orderId/invoice"): Service(
        r"Magento\Sales\Api\InvoiceOrderInterface", r"Magento\Sales\Model\InvoiceOrder", "execute"
    ),
    ("POST", "/V1/order/:orderId/refund"): Service(
        r"Magento\Sales\Api\RefundOrderInterface", r"Magento\Sales\Model\RefundOrder\Interceptor", "execute"
    ),
    ("POST", "/V1/inventory/source-items"): Service(
        r"Magento\InventoryApi\Api\SourceItemsSaveInterface",
        rf"{_COMMANDS}\SourceItemsSave\Interceptor",
        "execute",
    ),
    ("POST", "/V1/inventory/source-items-delete"): Service(
        r"Magento\InventoryApi\Api\SourceItemsDeleteInterface",
        rf"{_COMMANDS}\SourceItemsDelete\Interceptor",
        "execute",
    ),
    ("POST", "/V1/products/base-prices"): Service(
        r"Magento\Catalog\Api\BasePriceStorageInterface",
        r"Magento\Catalog\Model\Product\Price\BasePriceStorage",
        "update",
    ),
    ("POST", "/V1/products/special-price"): Service(
        r"Magento\Catalog\Api\SpecialPriceStorageInterface",
        r"Magento\Catalog\Model\Product\Price\SpecialPriceStorage",
        "update",
    ),
    ("POST", "/V1/products/tier-prices"): Service(
        r"Magento\Catalog\Api\TierPriceStorageInterface",
        r"Magento\Catalog\Model\Product\Price\TierPriceStorage",
        "update",
    ),
}


def service_of(route: Route) -> Service:
    """The service of a route; a name made from the path for one whose PHP classes are not in the table."""
    known = _SERVICES.get((route.method, route.path))
    if known is not None:
        return known
    words = [part for part in re.split(r"\W+", route.path.removeprefix("/V1/")) if part]
    name = "".join(word.title() for word in words)
    return Service(rf"Magento\Webapi\Api\{name}Interface", rf"Magento\Webapi\Model\{name}", "execute")
