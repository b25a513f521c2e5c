"""How fast are 10,000 orders read, at several latencies, against a bare loop and against others?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.contest import PAGE_SIZE, READERS, Reader, middle, read_in_turns
from bench.report import Section
from bench.shop import run_shop

COLUMNS = ("reader", "requests", "wall s", "to the bare loop", "CPU s", "peak MiB", "complete", "unique")


def measure_reading(
    orders: int, latencies_ms: tuple[int, ...], repeats: int, tell: Callable[[str], None]
) -> Iterator[Section]:
    """One section per latency; the ratio is to the bare loop with the same concurrency."""
    with run_shop(orders) as shop:
        for latency_ms in latencies_ms:
            shop.set_latency(latency_ms)
            tell(f"reading {orders} orders at {latency_ms} ms")
            readings = {
                name: middle(runs) for name, runs in read_in_turns(READERS, shop, repeats, tell).items()
            }
            rows = [
                (
                    reader.name,
                    str(readings[reader.name].requests),
                    f"{readings[reader.name].seconds:.2f}",
                    _ratio(reader, readings[reader.name].seconds, readings[reader.floor].seconds),
                    f"{readings[reader.name].cpu_seconds:.2f}",
                    f"{readings[reader.name].peak_mib:.0f}",
                    "yes" if readings[reader.name].unique == orders else f"{readings[reader.name].unique}",
                    "yes" if readings[reader.name].rows == readings[reader.name].unique else "no",
                )
                for reader in READERS
            ]
            yield Section(
                f"Reading {orders:,} orders, {latency_ms} ms latency",
                f"Pages of {PAGE_SIZE}; median of {repeats}, readers taking turns, each in its own process. "
                "The ratio is to the bare httpx2 loop of that concurrency. CPU and memory are the reader's.",
                COLUMNS,
                rows,
            )


def _ratio(reader: Reader, seconds: float, floor_seconds: float) -> str:
    return "1" if reader.name == reader.floor else f"{seconds / floor_seconds:.2f}"
