"""An ERP as a real server: pages of orders to read, and orders that it takes, which can go wrong on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.http.local_server import LocalServer, Say, Seen, serving


@dataclass(slots=True)
class Erp:
    """`orders` are there to be read; `made` is what was made, by its path. `faults` answer in place of the ERP."""

    server: LocalServer
    orders: list[dict[str, Any]] = field(default_factory=list)
    made: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: list[Callable[[Seen], Say | None]] = field(default_factory=list)
    page_size: int = 100

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def posted(self) -> list[Seen]:
        return [seen for seen in self.server.seen if seen.method == "POST"]

    def answer(self, seen: Seen) -> Say:
        for fault in self.faults:
            said = fault(seen)
            if said is not None:
                return said
        return self.obey(seen)

    def obey(self, seen: Seen) -> Say:
        """What the ERP does when nothing is wrong."""
        if seen.method == "POST":
            return self._make(seen.path, orjson.loads(seen.body))
        if seen.path == "/orders":
            start = int(seen.query.get("page", 1)) - 1
            chosen = self.orders[start * self.page_size : (start + 1) * self.page_size]
            return Say(body={"orders": chosen})
        name, _, number = seen.path.strip("/").partition("/")
        found = [each for each in self.made.get(f"/{name}", []) if each["number"] == number]
        return Say(body={"items": found})

    def _make(self, path: str, body: dict[str, Any]) -> Say:
        rows = self.made.setdefault(path, [])
        row = {"id": f"{path.strip('/').upper()}-{len(rows) + 1}", **body}
        rows.append(row)
        return Say(201, row)


@contextmanager
def serving_erp() -> Iterator[Erp]:
    box: list[Erp] = []
    with serving(lambda seen: box[0].answer(seen)) as server:
        box.append(Erp(server))
        yield box[0]
