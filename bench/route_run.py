"""One measurement of a route, in a process of its own: it needs a hub's home that nobody uses.

Run as `python -m bench.route_run --address http://127.0.0.1:8085 --entities 10000`, with MAGEFERRY_HOME naming an empty
directory; it prints its figures as JSON. `--only-route` leaves out what the route is measured against.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
import httpx2

from bench.readers.meter import peak_memory_mib

READ = {
    "request": {"path": "/orders"},
    "items": {"pattern": "orders"},
    "pagination": {"type": "page", "stop": {"total": "total"}},
    "entities": {"identifier": ["number"]},
}
TRANSFORM = [
    {"type": "filter", "keep": "status == 'paid'"},
    {"type": "set", "target": "reference", "value": "order &{number}"},
    {
        "type": "set",
        "target": "articles",
        "value": "&{lines[].{article: sku, quantity: quantity, price: price}}",
    },
]
SEND = {
    "request": {
        "path": "/sales",
        "body": {
            "number": "&{number}",
            "reference": "&{reference}",
            "total": "&{total}",
            "lines": "&{articles}",
        },
    },
    "answer": {"id": "id"},
    "repeat": {
        "look_up": {
            "request": {"method": "GET", "path": "/sales", "query": {"number": "&{number}"}},
            "found": "items",
        }
    },
}


def make_route(address: str) -> Any:
    """Orders in, transformed, sales out."""
    from mageferry.hub.pipelines.models import HttpClientRecord
    from mageferry.hub.routes.models import Incoming, Outgoing, Route
    from mageferry.hub.routes.settings import put_settings

    client = HttpClientRecord.objects.create(name="Sales", code="sales", base_uri=address)
    incoming = Incoming(name="Orders", code="orders", type="http", client=client)
    put_settings(incoming, READ)
    incoming.save()
    outgoing = Outgoing(name="Sales", code="sales", type="http", client=client)
    put_settings(outgoing, SEND)
    outgoing.save()
    return Route.objects.create(
        name="Orders", code="orders", incoming=incoming, outgoing=outgoing, transformers=TRANSFORM, changes="always",
        tasks_per_run=10_000_000,
    )  # fmt: skip


type Seconds = tuple[float, float]


def timed(work: Callable[[], object]) -> Seconds:
    """The seconds it took: by the clock, and of the processor for this process."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - cpu


def read_and_send(route: Any, entities: int, threads: int) -> dict[str, Seconds]:
    """The route from its first page to its last answer: seconds of reading and of sending."""
    from mageferry.hub.routes.arrivals import ROUTE_TASK
    from mageferry.hub.routes.runner import run_route
    from mageferry.hub.work.dispatch import drain
    from mageferry.hub.work.models import UnitStatus, WorkUnit

    read = timed(lambda: run_route(route))
    send = timed(lambda: drain([ROUTE_TASK], threads=threads))
    done = WorkUnit.objects.filter(kind=ROUTE_TASK, status=UnitStatus.FINISHED)
    if done.count() != entities:
        unit = WorkUnit.objects.filter(kind=ROUTE_TASK).exclude(status=UnitStatus.FINISHED).first()
        raise SystemExit(f"{done.count()} of {entities} tasks are finished: {unit and unit.reason}")
    return {"read": read, "send": send}


def request_bare(address: str, threads: int) -> None:
    """The same requests from a bare loop of as many threads."""
    with httpx2.Client(base_url=address, timeout=60, trust_env=False) as http:
        orders: list[dict[str, Any]] = []
        page, total = 1, 1
        while len(orders) < total:
            answer = http.get("/orders", params={"page": page}).json()
            page, total = page + 1, answer["total"]
            orders += answer["orders"]

        def send(order: dict[str, Any]) -> None:
            lines = [{"article": each["sku"], "quantity": each["quantity"]} for each in order["lines"]]
            body = {"number": order["number"], "reference": "order", "total": order["total"], "lines": lines}
            http.post("/sales", json=body).raise_for_status().json()

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(send, orders))


def keep_ledger(entities: int, threads: int) -> Seconds:
    """Seconds that as many units take that do nothing, from claim to recorded result."""
    from bench.ledger_process import fill
    from mageferry.hub.work import ledger
    from mageferry.hub.work.dispatch import drain
    from mageferry.hub.work.handling import handles

    handles("trivial")(lambda held: ledger.finished())
    fill(entities)
    return timed(lambda: drain(["trivial"], threads=threads))


def clear() -> None:
    """Nothing is left of the turn before."""
    from mageferry.hub.pipelines.models import HttpRequestRecord
    from mageferry.hub.routes.models import Processed, RouteTask, TaskExchange
    from mageferry.hub.work.models import WorkUnit

    for model in (TaskExchange, RouteTask, Processed, HttpRequestRecord, WorkUnit):
        model.objects.all()._raw_delete("default")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--entities", type=int, required=True)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only-route", action="store_true")
    given = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "mageferry.hub.settings"
    django.setup()
    from mageferry.hub.setup import migrate_database

    migrate_database()
    route = make_route(given.address)
    turns = []
    for _ in range(1 if given.only_route else given.turns):
        figures = read_and_send(route, given.entities, given.threads)
        if not given.only_route:
            clear()
            figures["ledger"] = keep_ledger(given.entities, given.threads)
            clear()
            figures["bare"] = timed(lambda: request_bare(given.address, given.threads))
        turns.append(figures)
    print(json.dumps({"turns": turns, "peak_mib": peak_memory_mib()}))


if __name__ == "__main__":
    main()
