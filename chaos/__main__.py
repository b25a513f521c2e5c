"""`python -m chaos`: runs of several seeds, a row each; exit code 1 when anything was lost, doubled or unexplained,
or didn't come to its end."""

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
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

ROOT = Path(__file__).parents[1]
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
    parser.add_argument("--seconds", type=float, default=90, help="a run takes at most this long")
    parser.add_argument("--jobs", type=int, default=4, help="runs at the same time; they mostly wait")
    parser.add_argument("--one", action="store_true", help="run the first seed here and print it as JSON")
    parser.add_argument(
        "--home", type=Path, help="a hub's home with its tables made, to begin with a copy of it"
    )
    parser.add_argument("--keep", type=Path, help="a folder for the home of each run with a difference")
    given = parser.parse_args()
    if given.seeds is None:
        given.seeds = STORIES[given.story].seeds
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
        story = import_module(STORIES[given.story].module)
        result = story.run_seed(given.first, given.orders, given.seconds)
        problems = result.verdict.problems
        if problems and given.keep is not None:
            shutil.copytree(home, given.keep / f"{given.story}-{given.first}", dirs_exist_ok=True)
    return asdict(result) | {"problems": problems}


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
    if given.keep is not None:
        options["keep"] = given.keep
    command = [sys.executable, "-m", "chaos", "--one"]
    command += [f"--{name}={value}" for name, value in options.items()]
    try:
        done = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=given.seconds + 300,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        return _without_result(seed, f"it did not end: {late}")
    if done.returncode:
        return _without_result(seed, f"it ended with {done.returncode}:\n{done.stderr[-4000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _without_result(seed: int, why: str) -> dict[str, Any]:
    """A run that broke off: the others go on, and this one is a bad one."""
    return {"seed": seed, "verdict": {"counts": {}}, "problems": [why]}


def show(given: argparse.Namespace, results: list[dict[str, Any]]) -> None:
    """A row for each seed, then every difference in a line."""
    kind = STORIES[given.story]
    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table("seed", title=f"{given.orders} orders a run: {kind.title}")
    for column in (*kind.counts, *COLUMNS):
        table.add_column(column.replace("_", " "), justify="right")
    for each in results:
        cells = [each["verdict"]["counts"].get(name, 0) for name in kind.counts]
        cells += [_cell(each.get(name, each["verdict"].get(name))) for name in COLUMNS]
        table.add_row(str(each["seed"]), *map(str, cells))
    console.print(table)
    for each in results:
        for text in each["problems"]:
            console.print(f"seed {each['seed']}: {text}", markup=False, highlight=False, soft_wrap=True)


def _cell(value: Any) -> str:
    """Differences are counted, numbers shown whole; a run that broke off has neither."""
    if value is None:
        return "-"
    return str(len(value) if isinstance(value, list) else round(value))


def main() -> int:
    given = parse()
    if given.one:
        sys.stdout.write(json.dumps(run_one(given)) + "\n")
        return 0
    results = list(run_all(given, Console(stderr=True)))
    show(given, results)
    return 1 if any(each["problems"] for each in results) else 0


if __name__ == "__main__":
    sys.exit(main())
