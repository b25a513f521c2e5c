"""mageferry connector: list and check connectors."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mageferry.cli.hub import prepare, screen, stop

app = typer.Typer(help="Connectors: connections to Magento 2 shops.", no_args_is_help=True)


@app.command("list")
def list_connectors() -> None:
    """The connectors and how they stand."""
    prepare()
    from mageferry.hub.connectors.models import Magento2Connector

    table = Table("Connector", "Active", "Endpoint", "Rows", "Error")
    for connector in Magento2Connector.objects.prefetch_related("sellers"):
        table.add_row(
            connector.name,
            "yes" if connector.active else "no",
            connector.endpoint,
            str(len(connector.sellers.all())),
            f"{connector.error} {connector.remedy}".strip(),
        )
    screen().print(table)


@app.command("check")
def check(name: Annotated[str, typer.Argument(metavar="CONNECTOR", help="Name of the connector.")]) -> None:
    """Whether a connector is ready: sign-in, stores, sources, permissions, clocks. Exit code 1 when it isn't."""
    prepare()
    from mageferry.hub.connectors.models import Magento2Connector
    from mageferry.hub.connectors.readiness import check_connector

    console = screen()
    connector = Magento2Connector.objects.filter(name__iexact=name).first()
    if connector is None:
        known = ", ".join(Magento2Connector.objects.values_list("name", flat=True)) or "none yet"
        return stop(console, f"There is no connector {name!r}. The connectors are: {known}.")
    findings = check_connector(connector)
    table = Table("Looked at", "Outcome", "Finding", "What to do")
    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    for finding in findings:
        outcome = f"[{colours[finding.level]}]{finding.level}"
        table.add_row(finding.name, outcome, escape(finding.text), escape(finding.remedy))
    console.print(table)
    if any(finding.level == "fail" for finding in findings):
        raise typer.Exit(1)
    return None
