"""The command line: parse, one call, print. The same words as the pages and the API."""

from __future__ import annotations

import typer
from rich.console import Console

from mageferry import __version__
from mageferry.cli import (
    config,
    connector,
    demo,
    flow,
    http,
    mapping,
    orders,
    route,
    sandbox,
    schedule,
    server,
    storage,
    user,
    work,
)
from mageferry.cli.hub import readable_errors

app = typer.Typer(
    name="mageferry",
    help="Ferries orders, stock, products, shipments and refunds between Magento 2 shops and everything else.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)
app.command("demo")(demo.demo)
app.command("up")(server.up)
app.command("web")(server.web)
app.command("worker")(server.worker)
app.command("scheduler")(server.scheduler)
app.command("migrate")(server.migrate)
app.command("make-key")(server.make_key)
app.add_typer(config.app, name="config")
app.add_typer(connector.app, name="connector")
app.add_typer(flow.app, name="flow")
app.add_typer(http.app, name="http")
app.add_typer(mapping.app, name="mapping")
app.add_typer(orders.app, name="orders")
app.add_typer(route.app, name="route")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(schedule.app, name="schedule")
app.add_typer(storage.app, name="storage")
app.add_typer(user.app, name="user")
app.add_typer(work.app, name="work")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mageferry {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Options before the command."""


def main() -> None:
    """Entry point: errors that a person can mend are printed as text, not as a traceback."""
    with readable_errors(Console(stderr=True)):
        app(prog_name="mageferry")


if __name__ == "__main__":
    main()
