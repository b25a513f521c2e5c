"""The whole route table, put together from the resources."""

from __future__ import annotations

from mageferry.sandbox.resources import catalog, customers, inventory, orders, stores, tokens
from mageferry.sandbox.routing import Route, Router

ROUTES: tuple[Route, ...] = (
    *tokens.ROUTES,
    *orders.ROUTES,
    *catalog.ROUTES,
    *inventory.ROUTES,
    *customers.ROUTES,
    *stores.ROUTES,
)


def build_router() -> Router:
    return Router(ROUTES)
