"""mageferry demo: the main job on an embedded default, with proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from mageferry.cli.flow import flow_progress, print_runs
from mageferry.cli.hub import prepare, screen, stop

if TYPE_CHECKING:
    from mageferry.hub.work.runs import Run


def demo() -> None:
    """Start two sandbox shops, get orders from one, export marketplace orders to the other, and prove it."""
    prepare()
    from mageferry.hub.configuration import configuration
    from mageferry.hub.demo import marketplace_orders, records, shops
    from mageferry.hub.setup import migrate_database
    from mageferry.hub.work.models import FlowRun, Mark

    console = screen()
    console.print(f"The hub's home is {configuration().home}.", highlight=False, soft_wrap=True)
    migrate_database()
    if records.holds_other_connectors():
        return stop(
            console,
            "This hub has connectors of its own, and the demo would mix its orders with theirs. "
            "Run it elsewhere: MAGEFERRY_HOME=/tmp/mageferry-demo mageferry demo",
        )
    planned = shops.plan_shops()
    console.print("Starting two sandbox shops ...")
    try:
        with shops.running(planned):
            for shop in planned:
                console.print(f"  {shop.role}: {shop.url}", highlight=False)
            accounts = records.make_records(planned)
            records.resume_interrupted()
            batch = FlowRun.objects.filter(flow="export_orders").count() + 1
            made = marketplace_orders.make_batch(accounts, batch)
            console.print(f"{made} marketplace orders wait in the hub, ready for shipping.", highlight=False)
            console.rule("First run")
            first = _run_all(console)
            console.rule("Second run: everything is read again, nothing may be doubled")
            Mark.objects.all().delete()
            second = _run_all(console)
            fine = _prove(console, first, second)
    except shops.ShopDidNotStart as problem:
        return stop(console, str(problem))
    if not fine:
        return stop(console, "The demo did not end as it should: see the rows marked with no.")
    console.print(
        "All good. Look at it in a browser: make up (or: mageferry up --demo-shops)", highlight=False
    )
    return None


def _run_all(console: Console) -> list[Run]:
    from mageferry.hub.flows import registry, runner

    runs = []
    with flow_progress(console) as watcher:
        for flow in registry.all_flows():
            for connector in runner.active_connectors():
                for row in runner.rows_of(flow, connector):
                    runs.append(runner.run_flow(flow, row, watcher(f"{flow.title}: {row}")))
    print_runs(console, runs)
    return runs


def _prove(console: Console, first: list[Run], second: list[Run]) -> bool:
    from mageferry.hub.demo.proof import Check, compare

    again = sum(run.created for run in second)
    checks = [
        *compare(),
        Check("Created by the second run", str(again), "-", again == 0),
        Check(
            "Runs that could not go on",
            str(sum(bool(run.row.error) for run in first + second)),
            "-",
            not any(run.row.error for run in first + second),
        ),
    ]
    table = Table("Proof: the shops read back", title="Proof")
    table.add_column("Hub", justify="right")
    table.add_column("Shop", justify="right")
    table.add_column("As it should be")
    for check in checks:
        table.add_row(check.what, check.hub, check.shop, "yes" if check.fine else "[red]no")
    console.print(table)
    return all(check.fine for check in checks)
