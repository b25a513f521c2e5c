"""Mageferry's AsyncMagento; it reads by key, in parallel when it may."""

from __future__ import annotations

import asyncio

from bench.readers.meter import Job, measure
from mageferry.http.redaction import Secret
from mageferry.magento.client import AsyncMagento
from mageferry.magento.criteria import SearchCriteria
from mageferry.magento.token import BearerToken


async def collect(job: Job) -> list[int]:
    criteria = SearchCriteria()
    if job.status:
        criteria = criteria.where("status", "eq", job.status)
    ids: list[int] = []
    async with AsyncMagento(job.endpoint, BearerToken(Secret(job.token))) as shop:
        async for page in shop.orders.pages(criteria, page_size=job.page_size, concurrency=job.concurrency):
            ids.extend(order["entity_id"] for order in page.items)
    return ids


if __name__ == "__main__":
    measure(lambda job: asyncio.run(collect(job)))
