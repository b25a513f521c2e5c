"""mageferry connector: list and test connectors."""

from __future__ import annotations

from typing import Annotated

import typer
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


@app.command("test")
def test(name: Annotated[str, typer.Argument(metavar="CONNECTOR", help="Name of the connector.")]) -> None:
    """Sign in to the shop and compare its stores with the connector's rows. Exit code 1 when something is wrong."""
    prepare()
    from mageferry.hub.connectors.models import Magento2Connector
    from mageferry.hub.connectors.readiness import test_connection

    console = screen()
    connector = Magento2Connector.objects.filter(name__iexact=name).first()
    if connector is None:
        known = ", ".join(Magento2Connector.objects.values_list("name", flat=True)) or "none yet"
        return stop(console, f"There is no connector {name!r}. The connectors are: {known}.")
    finding = test_connection(connector)
    console.print(finding.text, style="green" if finding.fine else "red", markup=False, soft_wrap=True)
    if not finding.fine:
        return stop(console, finding.remedy)
    return None
