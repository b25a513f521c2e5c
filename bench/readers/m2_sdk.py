"""m2-sdk, as its documentation shows it: one page after the other, or its pages in parallel."""

from __future__ import annotations

import asyncio

from m2_sdk.auth import AuthManager
from m2_sdk.client import M2Client
from m2_sdk.config import M2Config

from bench.readers.meter import Job, measure


async def collect(job: Job) -> list[int]:
    settings = M2Config(api_url=f"{job.endpoint}/rest/V1", api_key=job.token)
    ids: list[int] = []
    async with M2Client(settings, AuthManager(settings)) as client:
        orders = client.orders.sort_by("entity_id", "ASC")
        if job.status:
            orders = orders.where("status", "=", job.status)
        async for page in orders.aiter_pages_concurrent(page_size=job.page_size, concurrency=job.concurrency):
            ids.extend(order["entity_id"] for order in page["items"])
    return ids


if __name__ == "__main__":
    measure(lambda job: asyncio.run(collect(job)))
