"""The lists of a shop as data: where they are, what their rows are called and by what they are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ResourceSpec:
    """One kind of record.

    `key` is the column to filter and sort by, `row_key` its name in the answer's rows. It is a unique number;
    where it is a text, which rows may share, `row_identity` names the fields that tell rows apart. `one_path`
    has `{}` for the identifier, empty when there is no such call; `identifier` says whether that is a number
    (`id`) or a text (`sku`, `code`). `wrapper` is the name around a record that is sent, `acl` the permission
    that reading needs.
    """

    name: str
    path: str
    acl: str
    one_path: str = ""
    identifier: str = "id"
    key: str = "entity_id"
    row_key: str = "entity_id"
    row_identity: tuple[str, ...] = ()
    wrapper: str = "entity"


ORDERS: Final = ResourceSpec("orders", "/V1/orders", "Magento_Sales::actions_view", one_path="/V1/orders/{}")
ORDER_ITEMS: Final = ResourceSpec(
    "order_items",
    "/V1/orders/items",
    "Magento_Sales::actions_view",
    one_path="/V1/orders/items/{}",
    key="item_id",
    row_key="item_id",
)
INVOICES: Final = ResourceSpec(
    "invoices", "/V1/invoices", "Magento_Sales::sales_invoice", one_path="/V1/invoices/{}"
)
SHIPMENTS: Final = ResourceSpec(
    "shipments", "/V1/shipments", "Magento_Sales::shipment", one_path="/V1/shipment/{}"
)
CREDIT_MEMOS: Final = ResourceSpec(
    "credit_memos", "/V1/creditmemos", "Magento_Sales::sales_creditmemo", one_path="/V1/creditmemo/{}"
)
PRODUCTS: Final = ResourceSpec(
    "products",
    "/V1/products",
    "Magento_Catalog::products",
    one_path="/V1/products/{}",
    identifier="sku",
    row_key="id",
    wrapper="product",
)
CUSTOMERS: Final = ResourceSpec(
    "customers",
    "/V1/customers/search",
    "Magento_Customer::customer",
    one_path="/V1/customers/{}",
    row_key="id",
    wrapper="customer",
)
# Rows have no id; within one source the SKU is unique, over several it is not.
SOURCE_ITEMS: Final = ResourceSpec(
    "source_items",
    "/V1/inventory/source-items",
    "Magento_InventoryApi::source",
    key="sku",
    row_key="sku",
    row_identity=("sku", "source_code"),
    wrapper="sourceItems",
)
SOURCES: Final = ResourceSpec(
    "sources",
    "/V1/inventory/sources",
    "Magento_InventoryApi::source",
    one_path="/V1/inventory/sources/{}",
    identifier="code",
    key="source_code",
    row_key="source_code",
    row_identity=("source_code",),
    wrapper="source",
)
STOCKS: Final = ResourceSpec(
    "stocks",
    "/V1/inventory/stocks",
    "Magento_InventoryApi::stock",
    one_path="/V1/inventory/stocks/{}",
    key="stock_id",
    row_key="stock_id",
    wrapper="stock",
)
ALL: Final = (
    ORDERS,
    ORDER_ITEMS,
    INVOICES,
    SHIPMENTS,
    CREDIT_MEMOS,
    PRODUCTS,
    CUSTOMERS,
    SOURCE_ITEMS,
    SOURCES,
    STOCKS,
)
