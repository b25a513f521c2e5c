"""The whole route table, put together from the resources."""

from __future__ import annotations

from mageferry.sandbox.custom_shop import custom_routes
from mageferry.sandbox.resources import (
    bulk,
    catalog,
    categories,
    credit_memos,
    customers,
    inventory,
    invoices,
    order_actions,
    orders,
    prices,
    product_images,
    product_writes,
    salability,
    shipments,
    source_selection,
    stock_writes,
    stores,
    tokens,
)
from mageferry.sandbox.routing import Route, Router

ROUTES: tuple[Route, ...] = (
    *tokens.ROUTES,
    *orders.ROUTES,
    *order_actions.ROUTES,
    *invoices.ROUTES,
    *shipments.ROUTES,
    *credit_memos.ROUTES,
    *catalog.ROUTES,
    *categories.ROUTES,
    *product_writes.ROUTES,
    *product_images.ROUTES,
    *prices.ROUTES,
    *inventory.ROUTES,
    *stock_writes.ROUTES,
    *salability.ROUTES,
    *source_selection.ROUTES,
    *customers.ROUTES,
    *stores.ROUTES,
    *bulk.ROUTES,
)


def build_router(*, custom_shop: bool = False) -> Router:
    return Router(custom_routes(ROUTES) if custom_shop else ROUTES)
