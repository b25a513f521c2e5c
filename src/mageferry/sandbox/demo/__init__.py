"""Demo content made from small tables with a fixed seed: the same shop every time."""

from __future__ import annotations

from mageferry.sandbox.demo.goods import MARKETPLACE_SKUS
from mageferry.sandbox.demo.orders import load_many
from mageferry.sandbox.demo.shops import DEMOS, documents, lists, store_values
from mageferry.sandbox.export import fill
from mageferry.sandbox.shop import Shop

__all__ = ["DEMOS", "MARKETPLACE_SKUS", "load_demo"]


def load_demo(shop: Shop, name: str) -> None:
    """Replace the shop's content with a demo shop. KeyError for an unknown name."""
    demo = DEMOS[name]
    fill(shop, documents(demo), lists(demo))
    for sku, values in store_values(demo).items():
        shop.set_store_values(sku, values)
    if demo.orders:
        load_many(shop, demo.orders, reserve=True)
