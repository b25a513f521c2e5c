"""`python -m bench`: all measurements in one run. `--quick` is for trying a change, not for the page."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from bench.changing import measure_completeness
from bench.contest import READERS
from bench.machine import describe_machine
from bench.memory import measure_memory
from bench.reading import measure_reading
from bench.report import Section, print_section, render_page
from bench.shop import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
KINDS = ("reading", "changing", "memory")


def measure(kinds: list[str], quick: bool, tell: Callable[[str], None]) -> Iterator[Section]:
    """The sections of the chosen kinds, each as soon as it is measured."""
    orders = 2_000 if quick else 10_000
    if "reading" in kinds:
        yield from measure_reading(orders, (0, 50) if quick else (0, 50, 200), 1 if quick else 3, tell)
    if "changing" in kinds:
        yield measure_completeness(orders, tell)
    if "memory" in kinds:
        yield measure_memory((1_000, 4_000) if quick else (1_000, 10_000, 50_000), tell)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "kinds", nargs="*", metavar="KIND", help=f"any of {', '.join(KINDS)}; without one, all"
    )
    parser.add_argument("--quick", action="store_true", help="few orders, one turn, and no page is written")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is written")
    given = parser.parse_args()
    if unknown := set(given.kinds) - set(KINDS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    machine = describe_machine()
    # Piped into a file, a table must not be squeezed into the 80 columns that are assumed there.
    console = Console(width=None if sys.stdout.isatty() else 120)
    progress = Console(stderr=True)
    for line in machine:
        console.print(line)
    for reader in READERS:
        reader.python()  # so that a peer that can't be installed is known before an hour has passed
    sections = []
    for section in measure(given.kinds or list(KINDS), given.quick, lambda text: progress.print(f"  {text}")):
        print_section(section, console)
        sections.append(section)
    if given.quick or given.kinds:
        console.print("Only a whole run writes the page.")
        return 0
    given.page.write_text(render_page("make bench", machine, sections), encoding="utf-8")
    console.print(f"Wrote {shlex.quote(str(given.page))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
