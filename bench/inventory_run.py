"""One measurement of Get Inventory, in a process of its own: it needs a hub's home that nobody uses.

Run as `python -m bench.inventory_run --endpoint http://127.0.0.1:8085 --products 100000`, with MAGEFERRY_HOME naming
an empty directory; it prints its figures as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from itertools import batched

import django

from bench.readers.meter import peak_memory_mib
from bench.shop import CREDENTIALS

SOURCE = "default"


def make_hub(endpoint: str, products: int) -> int:
    """A hub with the shop's synthetic products and a row that reads its stock. The row's key."""
    from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
    from mageferry.hub.setup import migrate_database
    from mageferry.hub.trade.models import Location, Product, sku_key

    migrate_database()
    skus = (f"BULK-{number:07d}" for number in range(1, products + 1))
    for some in batched(skus, 1000):
        Product.objects.bulk_create([Product(sku=sku, sku_key=sku_key(sku)) for sku in some])
    connector = Magento2Connector.objects.create(
        name="Shop", endpoint=endpoint, username=CREDENTIALS["username"],
        password=os.environ["BENCH_SHOP_PASSWORD"], active=True,
    )  # fmt: skip
    row = Magento2Seller.objects.create(
        connector=connector, store_id=1, warehouse_code=SOURCE, get_inventory=True,
        location=Location.objects.create(name="Bench", code="bench"),
    )  # fmt: skip
    return row.pk


def run_once(name: str, row_id: int) -> dict[str, object]:
    """Run the flow; how long it took, and the most memory that the process had until then."""
    from mageferry.hub.connectors.models import Magento2Seller
    from mageferry.hub.flows.get_inventory import GET_INVENTORY
    from mageferry.hub.flows.runner import run_flow

    row = Magento2Seller.objects.select_related("connector", "location").get(pk=row_id)
    began = time.perf_counter()
    run = run_flow(GET_INVENTORY, row)
    seconds = time.perf_counter() - began
    if run.row.error or run.failed:
        raise SystemExit(f"{run.row.error} {run.failures}")
    return {
        "name": name,
        "read": run.read,
        "written": run.created + run.updated,
        "seconds": seconds,
        "peak_mib": peak_memory_mib(),
    }


def change_some() -> int:
    """One quantity in a hundred isn't what the shop has any more."""
    from django.db.models import F
    from django.db.models.functions import Mod

    from mageferry.hub.trade.models import LocationQuantity

    some = LocationQuantity.objects.annotate(part=Mod("pk", 100)).filter(part=0)
    return some.update(quantity=F("quantity") + 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--products", type=int, required=True)
    given = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "mageferry.hub.settings"
    django.setup()
    row_id = make_hub(given.endpoint, given.products)
    runs = [run_once("all new", row_id), run_once("nothing changed", row_id)]
    changed = change_some()
    runs.append(run_once("1 in 100 changed", row_id))
    if runs[-1]["written"] != changed:
        raise SystemExit(f"{changed} quantities had changed, {runs[-1]['written']} were written.")
    print(json.dumps(runs))


if __name__ == "__main__":
    main()
