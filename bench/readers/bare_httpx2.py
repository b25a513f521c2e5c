"""The floor: httpx2 and orjson and nothing else, sorted pages by number; threads to read in parallel."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from typing import Any

import httpx2
import orjson

from bench.readers.meter import Job, measure


def parameters(job: Job, page: int) -> dict[str, str]:
    """The query of one page."""
    query = {
        "searchCriteria[pageSize]": str(job.page_size),
        "searchCriteria[currentPage]": str(page),
        "searchCriteria[sortOrders][0][field]": "entity_id",
        "searchCriteria[sortOrders][0][direction]": "ASC",
    }
    if job.status:
        query["searchCriteria[filter_groups][0][filters][0][field]"] = "status"
        query["searchCriteria[filter_groups][0][filters][0][value]"] = job.status
    return query


def read(job: Job) -> Iterator[int]:
    headers = {"Authorization": f"Bearer {job.token}"}
    url = f"{job.endpoint}/rest/V1/orders"
    with httpx2.Client(headers=headers, timeout=60) as client:

        def fetch(page: int) -> dict[str, Any]:
            answer = client.get(url, params=parameters(job, page))
            answer.raise_for_status()
            body: dict[str, Any] = orjson.loads(answer.content)
            return body

        first = fetch(1)
        rest = range(2, ceil(first["total_count"] / job.page_size) + 1)
        yield from (row["entity_id"] for row in first["items"])
        if job.concurrency == 1:
            for page in rest:
                yield from (row["entity_id"] for row in fetch(page)["items"])
            return
        with ThreadPoolExecutor(job.concurrency) as threads:
            for body in threads.map(fetch, rest):
                yield from (row["entity_id"] for row in body["items"])


if __name__ == "__main__":
    measure(read)
