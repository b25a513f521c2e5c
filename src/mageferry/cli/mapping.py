"""mageferry mapping: field mappings of connectors, and what they make of a real record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mageferry.cli.hub import prepare, screen, stop

if TYPE_CHECKING:
    from mageferry.hub.connectors.models import Magento2Connector

app = typer.Typer(
    help="Field mappings: rows of a connector beyond the standard mapping.", no_args_is_help=True
)
ConnectorName = Annotated[str, typer.Option("--connector", help="Name of the connector.")]


@app.command("list")
def list_mappings(connector: ConnectorName) -> None:
    """The rows of a connector, in the order in which they are applied."""
    prepare()
    console = screen()
    table = Table("Record", "Direction", "Source", "Target", "Mode", "Note")
    for row in _connector(console, connector).field_mappings.all():
        mode = row.get_mode_display() + ("" if row.active else " (not active)")
        table.add_row(
            row.get_record_display(), row.get_direction_display(), escape(row.source), escape(row.target), mode,
            escape(row.note),
        )  # fmt: skip
    console.print(table)


@app.command("preview")
def preview(
    connector: ConnectorName,
    number: Annotated[
        str, typer.Option(help="Number, SKU or id; to-magento: the order's number. Without it the newest.")
    ] = "",
    record: Annotated[str, typer.Option(help="order, shipment, refund or product.")] = "order",
    direction: Annotated[
        str, typer.Option(help="from-magento: a record of the shop; to-magento: one of the hub.")
    ] = "from-magento",
    everything: Annotated[bool, typer.Option("--all", help="Also the fields that no row changes.")] = False,
) -> None:
    """What the rows make of one real record; nothing is stored or sent. Exit code 1 when there are problems."""
    prepare()
    from mageferry.hub.mapping.comparison import NoPreview
    from mageferry.hub.mapping.preview import preview_record
    from mageferry.hub.mapping.rules import DIRECTIONS

    console = screen()
    if direction.replace("-", "_") not in DIRECTIONS:
        return stop(console, f"There is no direction {direction!r}. There are: from-magento, to-magento.")
    try:
        shown = preview_record(_connector(console, connector), direction.replace("-", "_"), record, number)
    except NoPreview as error:
        return stop(console, str(error))
    table = Table("Field", "Standard", "With the mappings", title=escape(shown.title))
    for each in shown.changes if everything else shown.changed:
        table.add_row(escape(each.place), escape(each.before), escape(each.after))
    console.print(table)
    console.print(f"{len(shown.changed)} of {len(shown.changes)} fields changed by the mappings.")
    for problem in shown.problems:
        console.print(f"Problem: {problem}", style="red", markup=False, soft_wrap=True)
    if shown.problems:
        raise typer.Exit(1)
    return None


def _connector(console: Console, name: str) -> Magento2Connector:
    from mageferry.hub.connectors.models import Magento2Connector

    found = Magento2Connector.objects.filter(name__iexact=name).first()
    if found is None:
        known = ", ".join(Magento2Connector.objects.values_list("name", flat=True)) or "none yet"
        stop(console, f"There is no connector {name!r}. The connectors are: {known}.")
    assert found is not None
    return found
