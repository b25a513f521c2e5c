"""A process of the measurements of the ledger: prints its figures as JSON.

python -m bench.ledger_process fill COUNT [STATUS]      write units (STATUS finished: as if done long ago)
python -m bench.ledger_process drain THREADS AT         from that moment on, work until nothing is due
python -m bench.ledger_process claim TURNS              seconds of a claim of 16 units, and of a single one
python -m bench.ledger_process schedules COUNT          CPU of ticking with so many schedules
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
from statistics import median
from typing import Any

import django


def fill(count: int, status: str = "new") -> dict[str, Any]:
    """Units of seven kinds and a hundred connectors."""
    from django.utils import timezone

    from mageferry.hub.work.models import WorkUnit

    ended = timezone.now() if status == "finished" else None
    for start in range(0, count, 5000):
        WorkUnit.objects.bulk_create(
            WorkUnit(
                kind="trivial",
                subject=f"unit {number}",
                connector_key=f"magento2:{number % 100}",
                turn=number // 100,
                status=status,
                finished_at=ended,
            )
            for number in range(start, min(count, start + 5000))
        )
    return {"filled": count}


def drain(threads: int, at: float) -> dict[str, Any]:
    """How long all due units took, of this process's part of them."""
    from mageferry.hub.work import ledger
    from mageferry.hub.work.dispatch import Worker
    from mageferry.hub.work.handling import handles

    handles("trivial")(lambda held: ledger.finished())
    # The first query of a process imports and connects: not what is measured.
    ledger.claim("warm-up", kinds=["nothing"])
    time.sleep(max(0.0, at - time.time()))
    began, cpu = time.time(), time.process_time()
    units = Worker(kinds=["trivial"], threads=threads).run(until_idle=True)
    return {"units": units, "began": began, "ended": time.time(), "cpu_seconds": time.process_time() - cpu}


def claim(turns: int) -> dict[str, Any]:
    """Medians over so many claims; what was claimed is handed back."""
    from mageferry.hub.work import ledger

    def timed(limit: int) -> float:
        seconds = []
        for _ in range(turns):
            began = time.perf_counter()
            claims = ledger.claim("bench", kinds=None, limit=limit)
            seconds.append(time.perf_counter() - began)
            ledger.settle_together([(held, ledger.finished()) for held in claims])
        return median(seconds)

    timed(1)
    return {"one_seconds": timed(1), "sixteen_seconds": timed(16)}


def schedules(count: int) -> dict[str, Any]:
    """CPU seconds of idle ticks and of firing every schedule once, as happens in each of their periods."""
    from django.db.models import F

    from mageferry.hub.work.clock import database_now
    from mageferry.hub.work.models import Schedule, WorkUnit
    from mageferry.hub.work.scheduler import tick
    from mageferry.hub.work.schedules import plan

    now = database_now()
    rows = [
        Schedule(
            kind="run_flow", flow=f"flow{number % 7}", scope=f"magento2_seller:{number // 7}",
            connector_key=f"magento2:{number // 7}", cron="*/15 * * * *", payload={"row": number // 7},
        )
        for number in range(count)
    ]  # fmt: skip
    for row in rows:
        plan(row, now)
    Schedule.objects.bulk_create(rows, batch_size=500)
    tick()
    cpu = time.process_time()
    for _ in range(50):
        tick()
    idle = (time.process_time() - cpu) / 50
    # A period passes: at each second those that are due by then, as in life.
    Schedule.objects.update(next_at=F("next_at") - dt.timedelta(minutes=30))
    cpu, fired = time.process_time(), 0
    while (batch := tick().fired) > 0:
        fired += batch
        WorkUnit.objects.filter(kind="run_flow").update(status="finished")
    return {"fired": fired, "idle_tick_seconds": idle, "firing_seconds": time.process_time() - cpu}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mageferry.hub.settings")
    django.setup()
    name, *words = sys.argv[1:]
    figures = {
        "fill": lambda: fill(int(words[0]), *words[1:]),
        "drain": lambda: drain(int(words[0]), float(words[1])),
        "claim": lambda: claim(int(words[0])),
        "schedules": lambda: schedules(int(words[0])),
    }[name]()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
