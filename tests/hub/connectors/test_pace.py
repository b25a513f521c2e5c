"""The connector's limits on its way to a real shop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django.db import connection
from prometheus_client import REGISTRY

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.connectors.shop import close_shops, open_shop
from mageferry.hub.work.models import Limit
from mageferry.magento import Magento
from mageferry.sandbox import Sandbox


def test_requests_pass_within_the_connectors_concurrency(
    storefront_connector: Magento2Connector, storefront: Sandbox
):
    Magento2Connector.objects.update(concurrency=2)
    connector = Magento2Connector.objects.get()

    def read(shop: Magento) -> int:
        try:
            return len(shop.store_views())
        finally:
            connection.close()

    with open_shop(connector) as shop, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(read, [shop] * 24))
    assert len(answers) == 24
    limit = Limit.objects.get(connector_key=connector.key)
    assert (limit.concurrency, limit.allowed) == (2, 2.0)
    counted = {"connector": connector.key, "status": "200"}
    assert (REGISTRY.get_sample_value("mageferry_requests_total", counted) or 0) >= 24


def test_a_shop_that_says_too_many_gets_fewer(storefront_connector: Magento2Connector, storefront: Sandbox):
    storefront.control.add_fault("too_many_requests", path="/V1/store/storeViews", count=1)
    with open_shop(storefront_connector) as shop:
        assert shop.store_views(), "the client asks again by itself"
    close_shops()
    limit = Limit.objects.get(connector_key=storefront_connector.key)
    assert limit.allowed == storefront_connector.concurrency / 2
    assert limit.reason == "answered 429"
