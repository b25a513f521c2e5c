"""`python -m chaos`: runs of several seeds, a row each; exit code 1 when anything was lost, doubled or unexplained."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

ROOT = Path(__file__).parents[1]
_LAST = ("parked", "faults", "kills", "lost", "doubled", "unexplained")
# The stories: where each is told, what is counted in it, and what a run is.
STORIES = {
    "flows": (
        "chaos.story",
        ("exported", "taken_over", "shipments", "refunds", *_LAST),
        "export, shipment, refund, and the way back",
    ),
    "routes": (
        "chaos.route_story",
        ("orders", "sales", "parcels", *_LAST),
        "marketplace to hub and ERP, a chain back to it",
    ),
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--story", choices=STORIES, default="flows", help="what is played")
    parser.add_argument("--seeds", type=int, help="how many runs: 20 of flows, 5 of routes")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--orders", type=int, default=6, help="orders in a run, half of them each way")
    parser.add_argument("--seconds", type=float, default=90, help="a run takes at most this long")
    parser.add_argument("--jobs", type=int, default=4, help="runs at the same time; they mostly wait")
    parser.add_argument("--one", action="store_true", help="run the first seed here and print it as JSON")
    parser.add_argument(
        "--home", type=Path, help="a hub's home with its tables made, to begin with a copy of it"
    )
    given = parser.parse_args()
    if given.seeds is None:
        given.seeds = 20 if given.story == "flows" else 5
    return given


def use_home(home: Path) -> None:
    """A hub's home for this process, whatever the environment says."""
    for name in [each for each in os.environ if each.startswith("MAGEFERRY_")]:
        del os.environ[name]
    os.environ["MAGEFERRY_HOME"] = str(home)


def run_one(given: argparse.Namespace) -> dict[str, Any]:
    """One seed in this process, with a home of its own."""
    with tempfile.TemporaryDirectory(prefix="mageferry-chaos-") as directory:
        home = Path(directory) / "home"
        if given.home is not None:
            shutil.copytree(given.home, home)
        use_home(home)
        from chaos import workers
        from chaos.loaded import ready

        ready()
        workers.prepare()
        story = import_module(STORIES[given.story][0])
        result = story.run_seed(given.first, given.orders, given.seconds)
    verdict = asdict(result.verdict)
    return verdict | {
        "seed": result.seed,
        "faults": result.faults,
        "kills": result.kills,
        "seconds": result.seconds,
    }


def make_home(home: Path) -> None:
    """The tables once, for all runs to begin with: that takes longer than a short run."""
    code = "from chaos.loaded import ready; ready()"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAGEFERRY_")}
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**environment, "MAGEFERRY_HOME": str(home)}, check=True
    )


def run_all(given: argparse.Namespace, console: Console) -> Iterator[dict[str, Any]]:
    """The seeds, a few at a time, each in a process of its own."""
    seeds = range(given.first, given.first + given.seeds)
    with (
        tempfile.TemporaryDirectory(prefix="mageferry-chaos-") as directory,
        ThreadPoolExecutor(given.jobs) as pool,
        Progress(console=console) as progress,
    ):
        home = Path(directory)
        make_home(home)
        task = progress.add_task("runs", total=given.seeds)
        for result in pool.map(lambda seed: _run_seed(given, seed, home), seeds):
            progress.advance(task)
            yield result


def _run_seed(given: argparse.Namespace, seed: int, home: Path) -> dict[str, Any]:
    options = {
        "story": given.story,
        "first": seed,
        "orders": given.orders,
        "seconds": given.seconds,
        "home": home,
    }
    command = [sys.executable, "-m", "chaos", "--one"]
    command += [f"--{name}={value}" for name, value in options.items()]
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=given.seconds * 4 + 120,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"Seed {seed} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> int:
    given = parse()
    if given.one:
        sys.stdout.write(json.dumps(run_one(given)) + "\n")
        return 0
    console, progress = Console(width=None if sys.stdout.isatty() else 140), Console(stderr=True)
    results = list(run_all(given, progress))
    _, columns, what = STORIES[given.story]
    table = Table("seed", title=f"{given.orders} orders a run: {what}")
    for column in (*columns, "seconds"):
        table.add_column(column.replace("_", " "), justify="right")
    for each in results:
        counts = [each[name] if isinstance(each[name], int) else len(each[name]) for name in columns]
        table.add_row(str(each["seed"]), *map(str, counts), f"{each['seconds']:.0f}")
    console.print(table)
    for each in results:
        for text in (*each["lost"], *each["doubled"], *each["unexplained"], *each["notes"]):
            console.print(f"seed {each['seed']}: {text}", markup=False, highlight=False)
    return 1 if any(each["lost"] or each["doubled"] or each["unexplained"] for each in results) else 0


if __name__ == "__main__":
    sys.exit(main())
