"""`python -m chaos`: runs of several seeds, a row each; exit code 1 when anything was lost, doubled or unexplained."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many runs")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--orders", type=int, default=10, help="orders in a run, half of them each way")
    parser.add_argument("--seconds", type=float, default=60, help="a run takes at most this long")
    return parser.parse_args()


def main() -> int:
    given = parse()
    console, progress = Console(width=None if sys.stdout.isatty() else 120), Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="mageferry-chaos-") as home:
        for name in [each for each in os.environ if each.startswith("MAGEFERRY_")]:
            del os.environ[name]
        os.environ |= {"MAGEFERRY_HOME": home, "MAGEFERRY_LOG_FILE": str(Path(home) / "log")}
        from chaos import loaded, workers
        from chaos.hub import Database
        from chaos.story import Result, run_seed

        workers.prepare()
        database = Database()
        results: list[Result] = []
        with progress.status(f"{loaded.__name__}") as status:
            for seed in range(given.first, given.first + given.seeds):
                results.append(run_seed(seed, given.orders, database, given.seconds, status.update))
    table = Table("Seed", title=f"{given.orders} orders a run: export, shipment, refund, and the way back")
    for column in ("Exported", "Taken over", "Shipments", "Refunds", "Parked", "Faults", "Killed", "Lost", "Doubled",
                   "Unexplained", "Seconds"):  # fmt: skip
        table.add_column(column, justify="right")
    for each in results:
        found = each.verdict
        table.add_row(
            str(each.seed), str(found.exported), str(found.taken_over), str(found.shipments), str(found.refunds),
            str(found.parked), str(each.faults), str(each.kills), str(len(found.lost)), str(len(found.doubled)),
            str(len(found.unexplained)), f"{each.seconds:.0f}",
        )  # fmt: skip
    console.print(table)
    for each in results:
        found = each.verdict
        for text in (*found.lost, *found.doubled, *found.unexplained, *found.notes):
            console.print(f"seed {each.seed}: {text}", markup=False, highlight=False)
    return 0 if all(each.verdict.good for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
