"""Is a read complete while orders leave the set that is read, as they do in a shop at work?"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from bench.contest import READERS, Reader, read_once
from bench.report import Section
from bench.shop import Shop, run_shop

LATENCY_MS = 50
SECONDS_BETWEEN = 0.02
STATUS, LEFT = "processing", "complete"


def measure_completeness(kind: str, orders: int, tell: Callable[[str], None]) -> Section:
    """Each reader reads all processing orders while they become complete, one by one, the oldest first."""
    rows = []
    for reader in READERS:
        tell(f"reading while the set changes: {reader.name}")
        with run_shop(kind, orders) as shop:
            rows.append(_read_while_orders_leave(reader, shop))
    return Section(
        f"Completeness while {orders:,} orders change",
        f"Read: orders in status {STATUS}; meanwhile one becomes {LEFT} every "
        f"{SECONDS_BETWEEN * 1000:.0f} ms, the oldest first. "
        "Lost are orders that were in the set all the time and were not returned.",
        ("reader", "left meanwhile", "lost", "returned twice"),
        rows,
    )


def _read_while_orders_leave(reader: Reader, shop: Shop) -> tuple[str, ...]:
    ended = threading.Event()
    there = shop.list_ids(STATUS)
    left: list[int] = []

    def change() -> None:
        for order_id in there:
            if ended.wait(SECONDS_BETWEEN):
                return
            shop.set_status(order_id, LEFT)
            left.append(order_id)

    shop.set_latency(LATENCY_MS)
    changer = threading.Thread(target=change)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ids.json"
        changer.start()
        try:
            read_once(reader, shop, STATUS, file)
        finally:
            ended.set()
            changer.join()
        ids = json.loads(file.read_text(encoding="ascii"))
    lost = set(there) - set(left) - set(ids)
    return reader.name, str(len(left)), str(len(lost)), str(len(ids) - len(set(ids)))
