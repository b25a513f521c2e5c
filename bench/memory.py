"""Does the memory of a read grow with the number of orders?"""

from __future__ import annotations

from collections.abc import Callable

from bench.contest import READERS, read_once
from bench.report import Section
from bench.shop import run_shop


def measure_memory(kind: str, sizes: tuple[int, ...], tell: Callable[[str], None]) -> Section:
    """Peak memory of each reader, which keeps nothing of an order but its id, for shops of several sizes."""
    peaks: dict[str, list[float]] = {reader.name: [] for reader in READERS}
    for orders in sizes:
        with run_shop(kind, orders) as shop:
            for reader in READERS:
                tell(f"memory for {orders} orders: {reader.name}")
                peaks[reader.name].append(read_once(reader, shop).peak_mib)
    return Section(
        "Memory against the number of orders",
        "Peak MiB of the reader's process, which keeps the ids only; growth is the largest shop's "
        "figure divided by the smallest's.",
        ("reader", *(f"{orders:,} orders" for orders in sizes), "growth"),
        [(name, *(f"{peak:.0f}" for peak in row), f"{row[-1] / row[0]:.2f}") for name, row in peaks.items()],
    )
