"""`python -m bench`: all measurements in one run. `--quick` is for trying a change, not for the page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from bench.changing import measure_completeness
from bench.contest import READERS
from bench.importing import measure_import
from bench.machine import describe_machine
from bench.memory import measure_memory
from bench.plugins import measure_plugins
from bench.reading import measure_reading
from bench.report import Section, print_section, render_page
from bench.shop import ROOT, SHOPS
from bench.work import measure_work

PAGE = ROOT / "docs" / "benchmarks.md"
KINDS = ("reading", "changing", "memory", "importing", "plugins", "work")


def measure(kinds: list[str], shop: str, quick: bool, tell: Callable[[str], None]) -> Iterator[Section]:
    """The sections of the chosen kinds, each as soon as it is measured."""
    orders = 2_000 if quick else 10_000
    if "reading" in kinds:
        latencies_ms = (0, 50) if quick else (0, 50, 200)
        yield from measure_reading(shop, orders, latencies_ms, 1 if quick else 3, tell)
    if "changing" in kinds:
        yield measure_completeness(shop, orders, tell)
    if "memory" in kinds:
        yield measure_memory(shop, (1_000, 4_000) if quick else (1_000, 10_000, 50_000), tell)
    if "importing" in kinds:
        yield measure_import(orders, 3 if quick else 9, tell)
    if "plugins" in kinds:
        yield measure_plugins(*((300, 3) if quick else (2_000, 9)), tell)
    if "work" in kinds:
        yield from measure_work(quick, tell)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; without one, all")
    parser.add_argument("--quick", action="store_true", help="few orders, one turn, and no page is written")
    parser.add_argument("--shop", choices=SHOPS, default="sandbox", help="what is read from")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is written")
    given = parser.parse_args()
    if unknown := set(given.kinds) - set(KINDS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    return given


def main() -> int:
    given = parse()
    # Piped into a file, a table must not be squeezed into the 80 columns that are assumed there.
    console = Console(width=None if sys.stdout.isatty() else 120)
    progress = Console(stderr=True)
    machine = [*describe_machine(), f"read from {SHOPS[given.shop]}"]
    for line in machine:
        console.print(line)
    kinds = given.kinds or list(KINDS)
    if not set(kinds) <= {"importing", "plugins", "work"}:
        for reader in READERS:
            reader.python()  # so that a peer that can't be installed is known now and not in ten minutes
    sections = []
    for section in measure(kinds, given.shop, given.quick, lambda text: progress.print(f"  {text}")):
        print_section(section, console)
        sections.append(section)
    if given.quick or given.kinds:
        console.print("Only a whole run writes the page.")
        return 0
    command = f"python -m bench --shop {given.shop}"
    given.page.write_text(render_page(command, machine, sections), encoding="utf-8")
    console.print(f"Wrote {given.page}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
