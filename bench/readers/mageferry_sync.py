"""Mageferry's Magento; it reads by key, in parallel when it may."""

from __future__ import annotations

from collections.abc import Iterator

from bench.readers.meter import Job, measure
from mageferry.http.redaction import Secret
from mageferry.magento.client import Magento
from mageferry.magento.criteria import SearchCriteria
from mageferry.magento.token import BearerToken


def read(job: Job) -> Iterator[int]:
    criteria = SearchCriteria()
    if job.status:
        criteria = criteria.where("status", "eq", job.status)
    with Magento(job.endpoint, BearerToken(Secret(job.token))) as shop:
        for page in shop.orders.pages(criteria, page_size=job.page_size, concurrency=job.concurrency):
            yield from (order["entity_id"] for order in page.items)


if __name__ == "__main__":
    measure(read)
