"""What a reader is said to have done is the middle of its runs, and the worst of what must not differ."""

from __future__ import annotations

from bench.contest import READERS, Reading, middle


def test_times_are_the_median_and_rows_the_worst() -> None:
    runs = [
        Reading(requests=100, seconds=3.0, cpu_seconds=1.0, peak_mib=50, rows=10, unique=10),
        Reading(requests=103, seconds=1.0, cpu_seconds=3.0, peak_mib=60, rows=9, unique=8),
        Reading(requests=100, seconds=2.0, cpu_seconds=2.0, peak_mib=40, rows=10, unique=10),
    ]

    assert middle(runs) == Reading(103, 2.0, 2.0, 50, 9, 8)


def test_every_reader_is_compared_with_a_floor_of_its_own_concurrency() -> None:
    named = {reader.name: reader for reader in READERS}

    for reader in READERS:
        assert named[reader.floor].concurrency == reader.concurrency, reader.name
