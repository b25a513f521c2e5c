"""How fast are 10,000 orders read, at several latencies, against a bare loop and against others?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.contest import PAGE_SIZE, READERS, Reader, Reading, middle, read_in_turns
from bench.report import Section
from bench.shop import run_shop

COLUMNS = ("reader", "requests", "wall s", "to the bare loop", "CPU s", "peak MiB", "complete", "unique")


def measure_reading(
    kind: str, orders: int, latencies_ms: tuple[int, ...], repeats: int, tell: Callable[[str], None]
) -> Iterator[Section]:
    """One section per latency; the ratio is to the bare loop with the same concurrency."""
    with run_shop(kind, orders) as shop:
        there = len(shop.list_ids(None))
        for latency_ms in latencies_ms:
            shop.set_latency(latency_ms)
            tell(f"reading {there} orders at {latency_ms} ms")
            runs = read_in_turns(READERS, shop, repeats, tell)
            readings = {name: middle(several) for name, several in runs.items()}
            rows = [_row(reader, readings[reader.name], readings[reader.floor], there) for reader in READERS]
            yield Section(
                f"Reading {there:,} orders, {latency_ms} ms latency",
                f"Pages of {PAGE_SIZE}; median of {repeats}, readers taking turns, each in its own process. "
                "The ratio is to the bare httpx2 loop of that concurrency. CPU and memory are the reader's.",
                COLUMNS,
                rows,
            )


def _row(reader: Reader, reading: Reading, floor: Reading, there: int) -> tuple[str, ...]:
    return (
        reader.name,
        str(reading.requests),
        f"{reading.seconds:.2f}",
        "1" if reader.name == reader.floor else f"{reading.seconds / floor.seconds:.2f}",
        f"{reading.cpu_seconds:.2f}",
        f"{reading.peak_mib:.0f}",
        "yes" if reading.unique == there else f"{reading.unique} of {there}",
        "yes" if reading.rows == reading.unique else f"{reading.rows - reading.unique} twice",
    )
