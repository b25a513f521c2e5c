"""The sandbox with many orders, for the benchmark: it answers as Magento does.

Run as `python -m bench.sandbox_shop --orders 10000`; it prints its address.
"""

from __future__ import annotations

import argparse

from bench.shop import CREDENTIALS
from mageferry.cli.sandbox import read_count
from mageferry.sandbox import Sandbox, serve


def announce(shop: Sandbox) -> None:
    """Tells the one who started it where it listens."""
    print(shop.url, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, default=0)
    parser.add_argument("--products", type=int, default=0, help="synthetic ones, with stock at each source")
    parser.add_argument("--generate", action="append", default=[], help="KIND=COUNT, as the sandbox takes it")
    given = parser.parse_args()
    generate = dict(read_count(text) for text in given.generate)
    user, password = CREDENTIALS["username"], CREDENTIALS["password"]
    shop = Sandbox(
        "storefront",
        orders=given.orders,
        products=given.products,
        generate=generate,
        username=user,
        password=password,
    )
    serve(shop, announce)
