"""`python -m chaos`: runs of several seeds, a row each; exit code 1 when anything was lost, doubled or unexplained."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

COLUMNS = (
    "exported",
    "taken_over",
    "shipments",
    "refunds",
    "parked",
    "faults",
    "kills",
    "lost",
    "doubled",
    "unexplained",
)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many runs")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--orders", type=int, default=6, help="orders in a run, half of them each way")
    parser.add_argument("--seconds", type=float, default=90, help="a run takes at most this long")
    parser.add_argument("--jobs", type=int, default=4, help="runs at the same time; they mostly wait")
    parser.add_argument("--one", action="store_true", help="run the first seed here and print it as JSON")
    return parser.parse_args()


def run_one(given: argparse.Namespace) -> dict[str, Any]:
    """One seed in this process, with a home of its own."""
    for name in [each for each in os.environ if each.startswith("MAGEFERRY_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="mageferry-chaos-") as home:
        os.environ["MAGEFERRY_HOME"] = home
        from chaos import workers
        from chaos.loaded import ready
        from chaos.story import run_seed

        ready()
        workers.prepare()
        result = run_seed(given.first, given.orders, given.seconds)
    verdict = asdict(result.verdict)
    return verdict | {
        "seed": result.seed,
        "faults": result.faults,
        "kills": result.kills,
        "seconds": result.seconds,
    }


def run_all(given: argparse.Namespace, console: Console) -> list[dict[str, Any]]:
    """The seeds, a few at a time, each in a process of its own."""
    waiting = list(range(given.first, given.first + given.seeds))
    running: dict[int, subprocess.Popen[str]] = {}
    results: list[dict[str, Any]] = []
    with console.status("") as status:
        while waiting or running:
            while waiting and len(running) < given.jobs:
                seed = waiting.pop(0)
                command = [
                    sys.executable,
                    "-m",
                    "chaos",
                    "--one",
                    "--first",
                    str(seed),
                    "--orders",
                    str(given.orders),
                ]
                command += ["--seconds", str(given.seconds)]
                running[seed] = subprocess.Popen(
                    command, cwd=Path(__file__).parents[1], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE, text=True,
                )  # fmt: skip
            status.update(f"{len(results)} of {given.seeds} runs are done")
            seed, process = next(iter(running.items()))
            output, errors = process.communicate(timeout=given.seconds * 4 + 120)
            del running[seed]
            if process.returncode:
                raise SystemExit(f"Seed {seed} ended with {process.returncode}:\n{errors[-4000:]}")
            results.append(json.loads(output.splitlines()[-1]))
    return results


def main() -> int:
    given = parse()
    if given.one:
        sys.stdout.write(json.dumps(run_one(given)) + "\n")
        return 0
    console, progress = Console(width=None if sys.stdout.isatty() else 140), Console(stderr=True)
    results = run_all(given, progress)
    table = Table("seed", title=f"{given.orders} orders a run: export, shipment, refund, and the way back")
    for column in (*COLUMNS, "seconds"):
        table.add_column(column.replace("_", " "), justify="right")
    for each in results:
        counts = [each[name] if isinstance(each[name], int) else len(each[name]) for name in COLUMNS]
        table.add_row(str(each["seed"]), *map(str, counts), f"{each['seconds']:.0f}")
    console.print(table)
    for each in results:
        for text in (*each["lost"], *each["doubled"], *each["unexplained"], *each["notes"]):
            console.print(f"seed {each['seed']}: {text}", markup=False, highlight=False)
    return 1 if any(each["lost"] or each["doubled"] or each["unexplained"] for each in results) else 0


if __name__ == "__main__":
    sys.exit(main())
