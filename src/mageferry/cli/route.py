"""mageferry route: routes between any systems, their tasks, and tests of their transformers."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mageferry.cli.flow import flow_progress, print_runs
from mageferry.cli.hub import COMMAND_LINE, prepare, screen, stop

if TYPE_CHECKING:
    from mageferry.hub.routes.models import Route, RouteTask

app = typer.Typer(help="Routes: any system to any system, a task for each entity.", no_args_is_help=True)
Code = Annotated[str, typer.Argument(metavar="ROUTE", help="Code of the route.")]
Numbers = Annotated[list[int] | None, typer.Argument(metavar="[TASK]...", help="Numbers of tasks.")]
Failed = Annotated[str, typer.Option("--failed", metavar="ROUTE", help="All failed tasks of this route.")]


@app.command("list")
def list_routes() -> None:
    """The routes, how many tasks wait and have failed, and what keeps them from running."""
    prepare()
    from mageferry.hub.routes.models import Route
    from mageferry.hub.routes.readiness import problems_of, task_counts

    table = Table("Route", "Name", "Enabled", "From", "To", "Open", "Failed", "State", box=SIMPLE)
    counts = task_counts()
    for route in Route.objects.select_related("incoming", "outgoing"):
        state = " ".join(problems_of(route)) or "ready"
        count = counts[route.pk]
        table.add_row(
            route.code, escape(route.name), "yes" if route.enabled else "no", escape(str(route.incoming)),
            escape(str(route.outgoing)), str(count.open), str(count.failed), escape(state),
        )  # fmt: skip
    screen().print(table)


@app.command("run")
def run(
    code: Code,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Most new tasks; those of the route if not given.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Leave the tasks to the workers.")] = False,
) -> None:
    """Read what is new and send it, now. Exit code 2 when something failed."""
    prepare()
    from mageferry.hub.routes import runner
    from mageferry.hub.work.leases import LeaseHeld
    from mageferry.hub.work.runs import NotRunnable

    console = screen()
    route = _route(console, code)
    outcomes: Counter[str] = Counter()
    with flow_progress(console) as watcher:
        try:
            if read_only:
                made = runner.run_route(route, watcher(route.name), limit)
            else:
                made, outcomes = runner.run_once(route, limit, watcher(route.name))
        except (NotRunnable, LeaseHeld) as problem:
            return stop(console, str(problem))
    print_runs(console, [made])
    if outcomes:
        console.print(f"Tasks: {', '.join(f'{count} {name}' for name, count in sorted(outcomes.items()))}.")
    if made.failed or made.row.error or set(outcomes) - {"finished", "skipped"}:
        raise typer.Exit(2)
    return None


@app.command("tasks")
def tasks(
    code: Code,
    status: Annotated[str, typer.Option(help="Only those of this status, e.g. failed.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
) -> None:
    """The tasks of a route, with their reasons and remedies."""
    prepare()
    from mageferry.hub.routes.models import RouteTask
    from mageferry.hub.work.models import UnitStatus

    console = screen()
    rows = RouteTask.objects.filter(route=_route(console, code)).select_related("unit")
    if status:
        if status.lower() not in UnitStatus.values:
            return stop(console, f"There is no status {status!r}. There are: {', '.join(UnitStatus.values)}.")
        rows = rows.filter(unit__status=status.lower())
    table = Table("Task", "Entity", "Status", "Attempts", "Reason and remedy", box=SIMPLE)
    for row in rows[:limit]:
        why = f"{row.unit.reason} {row.unit.remedy}".strip()
        state = row.unit.get_status_display()
        table.add_row(str(row.unit_id), escape(row.identifier), state, str(row.unit.attempts), escape(why))
    console.print(table)
    return None


@app.command("show")
def show(number: Annotated[int, typer.Argument(metavar="TASK", help="Number of the task.")]) -> None:
    """Everything about one task: its entity, what it became, and each request with its answer."""
    prepare()
    from mageferry.http.redaction import redact_json
    from mageferry.hub.routes.task_page import attempts_of

    console = screen()
    task = _task(console, number)
    facts = {
        "Task": number, "Route": task.route.code, "Entity": task.identifier, "From": task.source,
        "Status": task.unit.get_status_display(), "Step": task.unit.get_step_display(),
        "Attempts": task.unit.attempts, "Reason": task.unit.reason, "Remedy": task.unit.remedy,
    }  # fmt: skip
    documents = {"As read": task.entity, "As sent": task.transformed, "Result": task.result}
    for name, value in facts.items():
        _say(console, f"{name}: {value}")
    for name, value in documents.items():
        if value:
            _say(console, f"{name}: {json.dumps(redact_json(value), indent=2, ensure_ascii=False)}")
    for attempt in attempts_of(task.exchanges.all(), task.retries.all()):
        if attempt.number is None:
            _say(console, f"\nRetried{f' by {attempt.by}' if attempt.by else ''}")
        for each in attempt.exchanges:
            said = each.status or f"no answer: {each.error}"
            _say(console, f"\nAttempt {each.attempt} {each.step}: {each.method} {each.url}\n{each.request}")
            _say(console, f"-> {said} after {each.elapsed_ms} ms\n{each.answer}")


@app.command("retry")
def retry(numbers: Numbers = None, failed: Failed = "") -> None:
    """Make failed, skipped or waiting tasks due now; what is unclear is looked for first."""
    prepare()
    from mageferry.hub.routes import operations

    console = screen()
    _say(console, f"{operations.retry(_chosen(console, numbers, failed), COMMAND_LINE)} tasks are due again.")


@app.command("skip")
def skip(
    numbers: Numbers = None,
    failed: Failed = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "Skipped on the command line.",
) -> None:
    """Leave tasks undone for good; their entities come again only when they have changed."""
    prepare()
    from mageferry.hub.routes import operations

    console = screen()
    _say(console, f"{operations.skip(_chosen(console, numbers, failed), reason)} tasks were skipped.")


@app.command("edit")
def edit(
    number: Annotated[int, typer.Argument(metavar="TASK", help="Number of the task.")],
    entity: Annotated[str, typer.Argument(help="The entity as JSON; - reads it from standard input.")],
) -> None:
    """Give a failed task another entity and retry it."""
    prepare()
    from mageferry.hub.routes import operations
    from mageferry.hub.work.operations import NotNow

    console = screen()
    try:
        given = json.loads(sys.stdin.read() if entity == "-" else entity)
        operations.edit_and_retry(_task(console, number), given, COMMAND_LINE)
    except json.JSONDecodeError as error:
        return stop(console, f"The entity isn't JSON: {error}.")
    except (NotNow, ValueError) as error:
        return stop(console, str(error))
    return _say(console, f"Task {number} is due with its new entity.")


@app.command("settle")
def settle(
    number: Annotated[int, typer.Argument(metavar="TASK", help="Number of a task that is unclear.")],
    there: Annotated[bool, typer.Option("--there/--not-there", help="What you found in the other system.")],
    remote_id: Annotated[str, typer.Option("--id", help="Its id there.")] = "",
) -> None:
    """Say what became of a request whose answer never came, after looking in the other system."""
    prepare()
    from mageferry.hub.routes import operations
    from mageferry.hub.work.operations import NotNow

    console, task = screen(), _task(screen(), number)
    try:
        if there:
            operations.mark_done(task, remote_id or None, COMMAND_LINE)
        else:
            operations.send_again(task, COMMAND_LINE)
    except (NotNow, ValueError) as error:
        return stop(console, str(error))
    task.unit.refresh_from_db()
    return _say(console, f"Task {number}: {task.unit.get_status_display()}.")


@app.command("test")
def run_tests(
    code: Annotated[str, typer.Argument(metavar="[ROUTE]", help="Only the tests of this route.")] = "",
) -> None:
    """Run the stored tests of transformers. Exit code 1 when one fails."""
    prepare()
    from mageferry.hub.routes.models import StoredTest
    from mageferry.hub.routes.stored_tests import run_test

    console = screen()
    chosen = StoredTest.objects.select_related("route")
    if code:
        chosen = chosen.filter(route=_route(console, code))
    verdicts = [run_test(each) for each in chosen]
    for verdict in verdicts:
        _say(console, str(verdict))
    failed = sum(not verdict.passed for verdict in verdicts)
    _say(console, f"{len(verdicts) - failed} passed, {failed} failed.")
    if failed:
        raise typer.Exit(1)


@app.command("try")
def try_page(code: Code) -> None:
    """Read one page and show what becomes of it, step by step; nothing is stored or sent. Exit code 1 when it fails."""
    prepare()
    from mageferry.hub.routes.trial import try_step

    console = screen()
    route = _route(console, code)
    trial = try_step(route.incoming, route)
    for each in trial.exchanges:
        _say(console, f"{each.method} {each.url}: {each.status or 'no answer'} after {each.elapsed_ms} ms")
    _say(console, f"{trial.received} items; the first of them:")
    _say(console, json.dumps(trial.items[:1], indent=2, ensure_ascii=False))
    for stage in trial.stages:
        _say(console, f"{stage.title}: {len(stage.entities)} entities, {len(stage.failures)} failed")
        for failure in stage.failures:
            console.print(f"  {failure}", style="red", markup=False, highlight=False, soft_wrap=True)
    if trial.error:
        return stop(console, f"{trial.error} {trial.remedy}".strip())
    return None


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _route(console: Console, code: str) -> Route:
    from mageferry.hub.routes.runner import route_named

    try:
        return route_named(code)
    except LookupError as error:
        stop(console, str(error.args[0]))
        raise


def _task(console: Console, number: int) -> RouteTask:
    from mageferry.hub.routes.models import RouteTask

    task = RouteTask.objects.select_related("unit", "route").filter(unit=number).first()
    if task is None:
        stop(console, f"There is no task {number}. `mageferry route tasks ROUTE` shows those there are.")
    assert task is not None
    return task


def _chosen(console: Console, numbers: list[int] | None, failed: str) -> Any:
    from mageferry.hub.routes.models import RouteTask
    from mageferry.hub.routes.operations import failed_tasks

    if failed:
        return failed_tasks(_route(console, failed))
    if not numbers:
        stop(console, "Name the tasks by their numbers, or all failed ones of a route by --failed ROUTE.")
    return RouteTask.objects.filter(unit__in=numbers or [])
