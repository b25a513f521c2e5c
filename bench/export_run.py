"""One measurement of the export, in a process of its own: it needs a hub's home that nobody uses.

Run as `python -m bench.export_run --endpoint URL --orders 1000`, with MAGEFERRY_HOME naming an empty directory and
BENCH_SHOP_PASSWORD; it prints its figures as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import django
import httpx2

CONCURRENCY = 10
STORE_ID = 1


def make_orders(account: Any, prefix: str, count: int) -> list[Any]:
    """Orders that are ready to export, two lines each."""
    from django.db import transaction
    from django.utils import timezone

    from mageferry.hub.trade.models import (
        AddressKind,
        Order,
        OrderAddress,
        OrderItem,
        OrderPayment,
        OrderStatus,
    )

    orders = []
    with transaction.atomic():
        for number in range(count):
            order = Order.objects.create(
                account=account, marketplace_order_id=f"{prefix}{number:06d}", currency="USD",
                status=OrderStatus.READY_FOR_SHIPPING, subtotal=Decimal("44.98"), tax_amount=Decimal("3.60"),
                shipping_amount=Decimal("4.95"), grand_total=Decimal("53.53"), customer_email="buyer@example.com",
                customer_firstname="Ruth", customer_lastname="Grady", shipping_service="Standard",
                placed_at=timezone.now(),
            )  # fmt: skip
            for position, sku in enumerate(("LF-MAT-FOAM", "LF-BOTTLE-1L"), 1):
                price = Decimal("24.99") if position == 1 else Decimal("19.99")
                OrderItem.objects.create(
                    order=order, position=position, sku=sku, name=sku, price=price, quantity=1, row_total=price,
                    unit_tax=Decimal("1.80"),
                )  # fmt: skip
            for kind in AddressKind:
                OrderAddress.objects.create(
                    order=order, kind=kind, firstname="Ruth", lastname="Grady", street="12 Quay Street",
                    city="Dayton", region="Ohio", region_code="OH", postcode="45402", country_id="US",
                    telephone="555 0123",
                )  # fmt: skip
            OrderPayment.objects.create(order=order, method="card", amount=order.grand_total, currency="USD")
            orders.append(order)
    return orders


def export_by_hub(row: Any, count: int) -> float:
    """The flow, as a schedule runs it: its seconds."""
    from mageferry.hub.flows import registry, runner

    began = time.perf_counter()
    run = runner.run_flow(registry.flow_named("export_orders"), row)
    seconds = time.perf_counter() - began
    if run.created != count:
        raise SystemExit(f"Of {count} orders only {run.created} were exported: {run.failures[:3]}")
    return seconds


def send_bare(endpoint: str, password: str, entities: list[dict[str, Any]]) -> float:
    """The same requests from a bare loop of as many threads: its seconds."""
    with httpx2.Client(base_url=f"{endpoint}/rest/V1", timeout=60, trust_env=False) as http:
        token = http.post("/integration/admin/token", json={"username": "bench", "password": password}).json()
        headers = {"Authorization": f"Bearer {token}"}

        def send(entity: dict[str, Any]) -> None:
            http.put("/orders/create", json={"entity": entity}, headers=headers).raise_for_status()

        began = time.perf_counter()
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            list(pool.map(send, entities))
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--orders", type=int, required=True)
    given = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "mageferry.hub.settings"
    django.setup()
    from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
    from mageferry.hub.mapping.order_out import build_entity
    from mageferry.hub.setup import migrate_database
    from mageferry.hub.trade.models import Account, Marketplace, Order

    migrate_database()
    password = os.environ["BENCH_SHOP_PASSWORD"]
    connector = Magento2Connector.objects.create(
        name="Shop", endpoint=given.endpoint, username="bench", password=password, active=True,
        concurrency=CONCURRENCY,
    )  # fmt: skip
    marketplace = Marketplace.objects.create(code="market", name="Market")
    account = Account.objects.create(code="MKT", name="Market", marketplace=marketplace)
    row = Magento2Seller.objects.create(
        connector=connector, account=account, store_id=STORE_ID, store_code="default", export_orders=True
    )
    turns = []
    for turn in range(3):
        made = [order.pk for order in make_orders(account, f"B{turn}-", given.orders)]
        loaded = Order.objects.filter(pk__in=made).select_related("account__marketplace")
        loaded = loaded.prefetch_related("items__seller", "addresses", "payments")
        bare = send_bare(given.endpoint, password, [build_entity(order, row) for order in loaded])
        Order.objects.filter(pk__in=made).delete()
        make_orders(account, f"H{turn}-", given.orders)
        turns.append((export_by_hub(row, given.orders), bare))
    print(json.dumps(turns))


if __name__ == "__main__":
    main()
