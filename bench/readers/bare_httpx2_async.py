"""The floor of the asynchronous readers: as bare_httpx2, with tasks that share one counter of pages."""

from __future__ import annotations

import asyncio
from math import ceil
from typing import Any

import httpx2
import orjson

from bench.readers.bare_httpx2 import parameters
from bench.readers.meter import Job, measure


async def collect(job: Job) -> list[int]:
    headers = {"Authorization": f"Bearer {job.token}"}
    url = f"{job.endpoint}/rest/V1/orders"
    ids: list[int] = []
    async with httpx2.AsyncClient(headers=headers, timeout=60) as client:

        async def fetch(page: int) -> Any:
            answer = await client.get(url, params=parameters(job, page))
            answer.raise_for_status()
            body = orjson.loads(answer.content)
            ids.extend(row["entity_id"] for row in body["items"])
            return body["total_count"]

        total = await fetch(1)
        pages = iter(range(2, ceil(total / job.page_size) + 1))

        async def work() -> None:
            for page in pages:
                await fetch(page)

        async with asyncio.TaskGroup() as group:
            for _ in range(job.concurrency):
                group.create_task(work())
    return ids


if __name__ == "__main__":
    measure(lambda job: asyncio.run(collect(job)))
