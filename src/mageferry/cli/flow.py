"""mageferry flow: list and run flows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from mageferry.cli.hub import prepare, screen, stop

if TYPE_CHECKING:
    from mageferry.hub.work.runs import Run

app = typer.Typer(help="Flows: what moves between the hub and the shops.", no_args_is_help=True)


@app.command("list")
def list_flows() -> None:
    """The flows there are, and the rows of connectors that they are switched on for."""
    prepare()
    from mageferry.hub.connectors.models import Magento2Connector
    from mageferry.hub.flows import registry, runner

    table = Table("Flow", "Title", "Switched on for")
    connectors = list(Magento2Connector.objects.all())
    for flow in registry.all_flows():
        rows = [str(row) for connector in connectors for row in runner.rows_of(flow, connector)]
        table.add_row(flow.command, flow.title, "\n".join(rows) or "-")
    screen().print(table)


@app.command("run")
def run(
    name: Annotated[str, typer.Argument(metavar="FLOW", help="Which flow, e.g. get-orders.")],
    connector: Annotated[
        str, typer.Option("--connector", "-c", help="Name of a connector; all active ones if empty.")
    ] = "",
) -> None:
    """Run a flow now, for every row of the connector that it is switched on for. Exit code 2 when something failed."""
    prepare()
    from mageferry.hub.flows import registry, runner
    from mageferry.hub.work.leases import LeaseHeld

    console = screen()
    try:
        flow = registry.flow_named(name)
        chosen = runner.active_connectors(connector)
    except LookupError as error:
        return stop(console, str(error.args[0]))
    pairs = [(flow, row) for each in chosen for row in runner.rows_of(flow, each)]
    if not pairs:
        names = ", ".join(each.name for each in chosen) or "no active connector"
        return stop(console, f"{flow.title} is switched on for no row of: {names}.")
    runs: list[Run] = []
    with flow_progress(console) as watcher:
        for each, row in pairs:
            try:
                runs.append(runner.run_flow(each, row, watcher(f"{each.title}: {row}")))
            except (runner.SetupProblem, LeaseHeld) as problem:
                console.print(str(problem), style="red", markup=False)
    print_runs(console, runs)
    if len(runs) < len(pairs) or any(each.failed or each.row.error for each in runs):
        raise typer.Exit(2)
    return None


class FlowProgress:
    """Progress bars of runs; call it with a title for a watcher of one run."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failed]}"),
            TimeElapsedColumn(),
            console=console,
        )

    def __enter__(self) -> Callable[[str], Callable[[Run], None]]:
        self._progress.__enter__()
        return self._watcher

    def __exit__(self, *error: object) -> None:
        self._progress.__exit__(None, None, None)

    def _watcher(self, title: str) -> Callable[[Run], None]:
        bar: TaskID = self._progress.add_task(title, total=None, failed="")

        def watch(run: Run) -> None:
            done = run.row.finished_at is not None
            self._progress.update(
                bar,
                total=run.read if done else run.expected,
                completed=run.read,
                failed=f"{run.failed} failed" if run.failed else "",
            )

        return watch


def flow_progress(console: Console) -> FlowProgress:
    """Progress bars on this console."""
    return FlowProgress(console)


def print_runs(console: Console, runs: list[Run]) -> None:
    """What moved, as a table, and every failure with its reason."""
    table = Table(title="What moved", box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("Flow and store", "Outcome"):
        table.add_column(name, overflow="fold")
    for name in ("Read", "Created", "Updated", "Unchanged", "Skipped", "Failed"):
        table.add_column(name, justify="right", no_wrap=True)
    for run in runs:
        table.add_row(
            run.row.title,
            run.row.get_status_display(),
            *(
                str(count)
                for count in (run.read, run.created, run.updated, run.unchanged, run.skipped, run.failed)
            ),
        )
    console.print(table)
    for run in runs:
        for line in ([f"{run.row.error} {run.row.remedy}"] if run.row.error else []) + run.failures:
            console.print(
                f"  {run.row.title}: {line}", style="red", markup=False, highlight=False, soft_wrap=True
            )
        for line in run.notes:
            console.print(f"  {run.row.title}: {line}", markup=False, highlight=False, soft_wrap=True)
