"""`python -m bench`: each kind of measurement writes its part of the page. `--quick` is for trying a change."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from bench.changing import measure_completeness
from bench.contest import READERS
from bench.exporting import measure_export
from bench.importing import measure_import
from bench.inventory import measure_inventory
from bench.machine import describe_machine
from bench.memory import measure_memory
from bench.plugins import measure_plugins
from bench.reading import measure_reading
from bench.report import Section, print_section, put_part, render_part
from bench.routes import measure_routes
from bench.serving import measure_serving
from bench.shop import ROOT, SHOPS
from bench.work import measure_work

PAGE = ROOT / "docs" / "benchmarks.md"
KINDS = (
    "reading",
    "changing",
    "memory",
    "importing",
    "exporting",
    "inventory",
    "plugins",
    "work",
    "routes",
    "sandbox",
)
PEERS_NEEDED = {"reading", "changing", "memory"}
SHOP_NEEDED = {"reading", "changing", "memory"}


def measure(kind: str, shop: str, quick: bool, tell: Callable[[str], None]) -> Iterator[Section]:
    """The sections of one kind, each as soon as it is measured."""
    orders = 2_000 if quick else 10_000
    match kind:
        case "reading":
            latencies_ms = (0, 50) if quick else (0, 50, 200)
            yield from measure_reading(shop, orders, latencies_ms, 1 if quick else 3, tell)
        case "changing":
            yield measure_completeness(shop, orders, tell)
        case "memory":
            yield measure_memory(shop, (1_000, 4_000) if quick else (1_000, 10_000, 50_000), tell)
        case "importing":
            yield measure_import(orders, 3 if quick else 9, tell)
        case "exporting":
            yield measure_export(100 if quick else 1_000, tell)
        case "inventory":
            yield measure_inventory(10_000 if quick else 100_000, tell)
        case "plugins":
            yield measure_plugins(*((50, 40) if quick else (60, 300)), tell)
        case "work":
            yield from measure_work(quick, tell)
        case _:
            yield from _measure_within(kind, quick, tell)


def _measure_within(kind: str, quick: bool, tell: Callable[[str], None]) -> Iterator[Section]:
    """Those that nobody else is measured against."""
    if kind == "routes":
        yield from measure_routes((1_000, 3_000) if quick else (10_000, 50_000), tell)
    else:
        yield from measure_serving(quick, tell)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; without one, all")
    parser.add_argument("--quick", action="store_true", help="few orders, one turn, nothing is written")
    parser.add_argument("--shop", choices=SHOPS, default="sandbox", help="what is read from")
    parser.add_argument("--page", type=Path, default=PAGE, help="where it is written")
    given = parser.parse_args()
    if unknown := set(given.kinds) - set(KINDS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    return given


def main() -> int:
    given = parse()
    # Piped into a file, a table must not be squeezed into the 80 columns that are assumed there.
    console = Console(width=None if sys.stdout.isatty() else 120)
    progress = Console(stderr=True)
    kinds = given.kinds or list(KINDS)
    if not PEERS_NEEDED.isdisjoint(kinds):
        for reader in READERS:
            reader.python()  # so that a peer that can't be installed is known now and not in ten minutes
    for kind in kinds:
        machine = describe_machine()
        if kind in SHOP_NEEDED:
            machine.append(f"read from {SHOPS[given.shop]}")
        for line in machine:
            console.print(line)
        sections = []
        for section in measure(kind, given.shop, given.quick, lambda text: progress.print(f"  {text}")):
            print_section(section, console)
            sections.append(section)
        if not given.quick:
            _write(given.page, kind, render_part(f"python -m bench {kind}", machine, sections))
            console.print(f"Wrote its part of {given.page}")
    return 0


def _write(page: Path, kind: str, part: str) -> None:
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(put_part(text, kind, part, KINDS), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
