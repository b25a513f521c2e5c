"""A list of rows that answers search criteria as Magento does, for tests of reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx2

FILTER = re.compile(r"searchCriteria\[filter_groups\]\[(\d+)\]\[filters\]\[(\d+)\]\[(\w+)\]")
COMPARE: dict[str, Callable[[Any, str], bool]] = {
    "eq": lambda have, want: str(have) == want,
    "gt": lambda have, want: have > type(have)(want),
    "gteq": lambda have, want: have >= type(have)(want),
    "lteq": lambda have, want: have <= type(have)(want),
}


class ModelShop:
    """Rows in a list; `before_answer` may change them between two requests, `broken` rows answer 500.

    `repeats_last_page`: a page past the end is the last one again, as before Magento 2.4.
    """

    def __init__(self, rows: list[dict[str, Any]], key: str = "entity_id") -> None:
        self.rows = rows
        self.key = key
        self.broken: set[Any] = set()
        self.max_page_size: int | None = None
        self.repeats_last_page = False
        self.before_answer: Callable[[], None] = lambda: None
        self.requests: list[dict[str, str]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        query = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        self.requests.append(query)
        self.before_answer()
        size = int(query["searchCriteria[pageSize]"])
        if self.max_page_size is not None and size > self.max_page_size:
            return httpx2.Response(
                400,
                json={
                    "message": "Maximum SearchCriteria pageSize is %max",
                    "parameters": {"max": self.max_page_size},
                },
            )
        found = [row for row in self.rows if self.matches(row, query)]
        for index in (1, 0):
            field = query.get(f"searchCriteria[sortOrders][{index}][field]")
            if field:
                found.sort(key=lambda row: row[field])
        skipped = (int(query["searchCriteria[currentPage]"]) - 1) * size
        if self.repeats_last_page:
            skipped = min(skipped, max(0, len(found) - 1) // size * size)
        page = found[skipped : skipped + size]
        if any(row[self.key] in self.broken for row in page):
            return httpx2.Response(500, json={"message": "Internal Error. Report ID: webapi-5f0c"})
        return httpx2.Response(200, json={"items": page, "total_count": len(found)})

    def matches(self, row: dict[str, Any], query: dict[str, str]) -> bool:
        groups: dict[str, dict[str, dict[str, str]]] = {}
        for name, value in query.items():
            match = FILTER.fullmatch(name)
            if match:
                groups.setdefault(match[1], {}).setdefault(match[2], {})[match[3]] = value
        return all(
            any(COMPARE[each["condition_type"]](row[each["field"]], each["value"]) for each in group.values())
            for group in groups.values()
        )


def orders(*ids: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"entity_id": number, **fields} for number in ids]
