"""`python -m chaos`: runs of several seeds, a row each; exit code 1 when anything was lost, doubled or unexplained,
or didn't come to its end."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chaos.runs import Run, run_seeds

COLUMNS = ("refused", "faults", "kills", "lost", "doubled", "unexplained", "unsettled", "seconds")


@dataclass(frozen=True, slots=True)
class StoryKind:
    """A story: where it is told, how many seeds are played, what is counted in a run, and what a run is."""

    module: str
    seeds: int
    counts: tuple[str, ...]
    title: str


STORIES = {
    "flows": StoryKind(
        "chaos.story", 20, ("exported", "taken_over", "shipments", "refunds"),
        "export, shipment, refund, and the way back",
    ),
    "routes": StoryKind(
        "chaos.route_story", 5, ("orders", "sales", "parcels"), "marketplace to hub and ERP, a chain back to it"
    ),
}  # fmt: skip


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--story", choices=STORIES, default="flows", help="what is played")
    parser.add_argument("--seeds", type=int, help="how many runs: 20 of flows, 5 of routes")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--orders", type=int, default=6, help="orders in a run, half of them each way")
    parser.add_argument(
        "--seconds", type=float, default=90, help="faults and kills go on for at most this long"
    )
    parser.add_argument("--jobs", type=int, default=4, help="runs at the same time; they mostly wait")
    parser.add_argument(
        "--keep", type=Path, help="a folder for the database and the log of each run with a difference"
    )
    given = parser.parse_args()
    if given.seeds is None:
        given.seeds = STORIES[given.story].seeds
    return given


def use_home(home: Path) -> None:
    """A hub's home for this process, whatever the environment says."""
    for name in [each for each in os.environ if each.startswith("MAGEFERRY_")]:
        del os.environ[name]
    os.environ["MAGEFERRY_HOME"] = str(home)


def show(given: argparse.Namespace, runs: list[Run]) -> None:
    """A row for each seed, then every difference in a line."""
    kind = STORIES[given.story]
    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table("seed", title=f"{given.orders} orders a run: {kind.title}")
    for column in (*kind.counts, *COLUMNS):
        table.add_column(column.replace("_", " "), justify="right")
    for run in runs:
        verdict = run.result.get("verdict", {})
        counts = verdict.get("counts")
        cells: list[Any] = [None if counts is None else counts.get(name, 0) for name in kind.counts]
        cells += [run.result.get(name, verdict.get(name)) for name in COLUMNS]
        table.add_row(str(run.seed), *map(_cell, cells))
    console.print(table)
    for run in runs:
        for text in run.problems:
            console.print(f"FAILED seed {run.seed}: {text}", markup=False, highlight=False, soft_wrap=True)


def _cell(value: Any) -> str:
    """Differences are counted, numbers shown whole; a run that broke off has neither."""
    if value is None:
        return "-"
    return str(len(value) if isinstance(value, list) else round(value))


def main() -> int:
    given = parse()
    runs: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="mageferry-chaos-") as directory:
        use_home(Path(directory))
        for run in run_seeds(given, STORIES[given.story].module, Path(directory)):
            sys.stderr.write(f"seed {run.seed}: {'; '.join(run.problems) or 'no difference'}\n")
            runs.append(run)
    show(given, sorted(runs, key=lambda run: run.seed))
    return 1 if any(run.problems for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
