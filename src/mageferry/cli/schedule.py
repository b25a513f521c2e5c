"""mageferry schedule: when flows run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mageferry.cli.hub import prepare, screen, stop

if TYPE_CHECKING:
    from mageferry.hub.work.models import Schedule

app = typer.Typer(help="Schedules: when flows run by themselves.", no_args_is_help=True)

Number = Annotated[int | None, typer.Argument(metavar="[NUMBER]", help="A schedule, as listed.")]
Connector = Annotated[
    str,
    typer.Option(
        "--connector",
        "-c",
        help="All schedules of this connector (client:CODE: HTTP client), and its units.",
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="Everything of every connector.")]


@app.command("list")
def list_schedules() -> None:
    """The schedules there are, and when each is due next."""
    prepare()
    from mageferry.hub.flows.schedules import follow_switches
    from mageferry.hub.work.models import EVERYTHING, Schedule
    from mageferry.hub.work.schedules import paused_connectors

    follow_switches()
    paused = paused_connectors()
    table = Table("No.", "Schedule", "Cron", "Time zone", "Next (UTC)", "Last (UTC)", "State")
    for each in Schedule.objects.all():
        held = each.connector_key in paused or EVERYTHING in paused
        state = "off" if not each.enabled else "paused" if each.paused or held else "on"
        moments = [f"{at:%Y-%m-%d %H:%M:%S}" if at else "-" for at in (each.next_at, each.last_at)]
        table.add_row(str(each.pk), each.title, each.cron, each.time_zone, *moments, each.error or state)
    screen().print(table)


@app.command("set")
def set_one(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The schedule, as listed.")],
    cron: Annotated[str | None, typer.Argument(help="When, e.g. '*/15 * * * *'.")] = None,
    time_zone: Annotated[str | None, typer.Option("--time-zone", "-z", help="E.g. Europe/Berlin.")] = None,
    spread_seconds: Annotated[
        int | None, typer.Option(min=0, help="Start up to this long after the minute; 0 is exactly.")
    ] = None,
) -> None:
    """Change when a schedule is due; it holds at once, while everything runs."""
    prepare()
    from mageferry.hub.work.cron import BadCron, BadTimeZone
    from mageferry.hub.work.schedules import set_schedule

    schedule = _one(number)
    try:
        set_schedule(schedule, cron=cron, time_zone=time_zone, spread_seconds=spread_seconds)
    except (BadCron, BadTimeZone) as error:
        return stop(screen(), str(error))
    screen().print(
        f"{schedule}: next {schedule.next_at:%Y-%m-%d %H:%M:%S} UTC", markup=False, highlight=False
    )
    return None


@app.command("pause")
def pause(number: Number = None, connector: Connector = "", everything: Everything = False) -> None:
    """Hold a schedule, or everything of a connector, or everything. What runs is finished."""
    prepare()
    from mageferry.hub.work import schedules

    if number is not None:
        schedules.pause_schedules([_one(number).pk])
    else:
        schedules.pause_connector(_key(connector, everything), "Paused on the command line.")
    screen().print("Paused.")


@app.command("resume")
def resume(number: Number = None, connector: Connector = "", everything: Everything = False) -> None:
    """Let it go on. A time that was missed meanwhile is made up for once."""
    prepare()
    from mageferry.hub.work import schedules

    if number is not None:
        schedules.resume_schedules([_one(number).pk])
    else:
        schedules.resume_connector(_key(connector, everything))
    screen().print("Resumed.")


def _one(number: int) -> Schedule:
    from mageferry.hub.work.models import Schedule

    found = Schedule.objects.filter(pk=number).first()
    if found is None:
        stop(screen(), f"There is no schedule {number}. `mageferry schedule list` shows those there are.")
        raise LookupError(number)
    return found


def _key(connector: str, everything: bool) -> str:
    from mageferry.hub.flows.runner import active_connectors
    from mageferry.hub.pipelines.models import HttpClientRecord
    from mageferry.hub.routes.arrivals import CLIENT, client_key
    from mageferry.hub.work.models import EVERYTHING

    if everything:
        return EVERYTHING
    if not connector:
        stop(screen(), "Say what: the number of a schedule, --connector NAME, or --all.")
    if connector.startswith(CLIENT):
        found = HttpClientRecord.objects.filter(code=connector.removeprefix(CLIENT)).first()
        if found is None:
            stop(screen(), f"There is no HTTP client {connector.removeprefix(CLIENT)!r}.")
        else:
            return client_key(found)
    try:
        return active_connectors(connector)[0].key
    except LookupError as error:
        stop(screen(), str(error.args[0]))
        raise
