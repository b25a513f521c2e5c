"""mageferry work: the units of work in the ledger, and what a person does with them."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table

from mageferry.cli.hub import COMMAND_LINE, prepare, screen, stop

app = typer.Typer(help="Work: what the hub has to do, does and did.", no_args_is_help=True)

Numbers = Annotated[list[int], typer.Argument(metavar="UNIT...", help="Numbers of units, as listed.")]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; it is kept with the unit.")]


@app.command("list")
def list_units(
    status: Annotated[str, typer.Option("--status", "-s", help="Only this status, e.g. failed.")] = "",
    kind: Annotated[str, typer.Option("--kind", "-k", help="Only this kind, e.g. export_order.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most this many, newest first.")] = 30,
) -> None:
    """Units of work, newest first."""
    prepare()
    from mageferry.hub.work.models import UnitStatus, WorkUnit

    if status and status.lower() not in UnitStatus.values:
        return stop(screen(), f"There is no status {status!r}. They are: {', '.join(UnitStatus.values)}.")
    units = WorkUnit.objects.all()
    if status:
        units = units.filter(status=status.lower())
    if kind:
        units = units.filter(kind=kind)
    table = Table(box=SIMPLE, pad_edge=False)
    for name in ("No.", "Kind", "Subject", "Status", "Attempts", "Not before (UTC)", "Reason and remedy"):
        table.add_column(name, overflow="fold")
    for unit in units.order_by("-pk")[:limit]:
        later = f"{unit.not_before:%m-%d %H:%M:%S}" if unit.not_before else ""
        why = f"{unit.reason} {unit.remedy}".strip()
        table.add_row(
            str(unit.pk), unit.kind, unit.subject, unit.get_status_display(), str(unit.attempts), later, why
        )
    screen().print(table)
    return None


@app.command("show")
def show(number: Annotated[int, typer.Argument(metavar="UNIT", help="Number of the unit.")]) -> None:
    """Everything about one unit."""
    prepare()
    from mageferry.hub.work.models import WorkUnit

    unit = WorkUnit.objects.filter(pk=number).values().first()
    if unit is None:
        return stop(screen(), f"There is no unit {number}. `mageferry work list` shows those there are.")
    for name, value in unit.items():
        text = json.dumps(value, indent=2) if name in ("payload", "result") else str(value)
        screen().print(f"{name}: {text}", markup=False, highlight=False, soft_wrap=True)
    return None


@app.command("retry")
def retry(numbers: Numbers) -> None:
    """Make failed, skipped, cancelled or waiting units due now."""
    prepare()
    from mageferry.hub.work.operations import try_again

    _tell(try_again(numbers, COMMAND_LINE), numbers, "due again")


@app.command("skip")
def skip(numbers: Numbers, reason: Reason = "Skipped on the command line.") -> None:
    """Leave units undone for good; not those that are being worked on."""
    prepare()
    from mageferry.hub.work import operations

    _tell(operations.skip(numbers, reason), numbers, "skipped")


@app.command("cancel")
def cancel(numbers: Numbers, reason: Reason = "Cancelled on the command line.") -> None:
    """Stop units, also running ones that have sent nothing yet."""
    prepare()
    from mageferry.hub.work import operations

    _tell(operations.cancel(numbers, reason), numbers, "cancelled")


@app.command("edit")
def edit(
    number: Annotated[int, typer.Argument(metavar="UNIT", help="Number of the unit.")],
    payload: Annotated[str, typer.Argument(help="The new payload as JSON; - reads it from standard input.")],
) -> None:
    """Give a unit another payload and retry it."""
    prepare()
    from mageferry.hub.work.operations import NotNow, edit_and_retry

    try:
        edit_and_retry(number, json.loads(sys.stdin.read() if payload == "-" else payload))
    except json.JSONDecodeError as error:
        return stop(screen(), f"The payload isn't JSON: {error}.")
    except (NotNow, ValueError) as error:
        return stop(screen(), str(error))
    screen().print(f"Unit {number} is due with its new payload.")
    return None


@app.command("prune")
def prune(
    days: Annotated[
        int | None, typer.Option(min=0, help="Ended longer ago than this; MAGEFERRY_KEEP_DAYS if not given.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=0, help="Keep this many units; MAGEFERRY_KEEP_UNITS if not given.")
    ] = None,
) -> None:
    """Remove old finished units and runs. The scheduler does the same every hour."""
    prepare()
    from mageferry.hub.configuration import configuration
    from mageferry.hub.work import operations

    chosen = configuration()
    count = operations.prune(
        days=chosen.keep_days if days is None else days, keep=chosen.keep_units if keep is None else keep
    )
    screen().print(f"{count} rows removed.", highlight=False)


@app.command("repair")
def repair() -> None:
    """Mend what a crash left behind: units of dead workers, runs without a process, old leases."""
    prepare()
    from mageferry.hub.work.operations import repair_stuck

    screen().print(repair_stuck().text, highlight=False)


def _tell(count: int, numbers: list[int], what: str) -> None:
    text = f"{count} of {len(numbers)} units {what}."
    screen().print(text, highlight=False)
    if count < len(numbers):
        screen().print(
            "The others don't allow it as they stand; `mageferry work show` tells how.", highlight=False
        )
        raise typer.Exit(2)
