"""The sandbox with many orders, for the benchmark: it answers as Magento does.

Run as `python -m bench.sandbox_shop --orders 10000`; it prints its address.
"""

from __future__ import annotations

import argparse

from bench.shop import CREDENTIALS
from mageferry.sandbox import Sandbox, serve


def announce(shop: Sandbox) -> None:
    """Tells the one who started it where it listens."""
    print(shop.url, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, required=True)
    orders = parser.parse_args().orders
    user, password = CREDENTIALS["username"], CREDENTIALS["password"]
    serve(Sandbox("storefront", orders=orders, username=user, password=password), announce)
