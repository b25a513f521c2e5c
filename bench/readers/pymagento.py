"""pymagento, as its documentation shows it, sorted by entity_id so that its pages have one order."""

from __future__ import annotations

from collections.abc import Iterator

import magento
from bench.readers.meter import Job, measure


def read(job: Job) -> Iterator[int]:
    shop = magento.Magento(token=job.token, base_url=job.endpoint, scope="default")
    filters = [[("status", job.status, "eq")]] if job.status else []
    query = magento.make_search_query(filters, sort_orders=[("entity_id", "ASC")])
    for order in shop.get_orders(query=query, page_size=job.page_size):
        yield order["entity_id"]


if __name__ == "__main__":
    measure(read)
