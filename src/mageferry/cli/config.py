"""mageferry config: HTTP clients, routes and what belongs to them as lines of JSON, out and in."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from mageferry.cli.hub import prepare, screen, stop

if TYPE_CHECKING:
    from rich.console import Console

    from mageferry.hub.transfer import Import

app = typer.Typer(
    help="Configuration as data: HTTP clients, routes and what belongs to them.", no_args_is_help=True
)


@app.command("export")
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to write; without it to the screen.")] = None,
    entries: Annotated[bool, typer.Option("--entries", help="The entries of storages, too.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Only records of this kind. Repeatable.")
    ] = None,
) -> None:
    """Write everything as NDJSON, what others refer to first, without secrets."""
    prepare()
    from mageferry.hub.transfer import all_kinds, export_lines

    kinds = all_kinds()
    unknown = [name for name in only or () if name not in kinds]
    if unknown:
        return stop(screen(), f"There is no kind {unknown[0]!r}. There are: {', '.join(kinds)}.")
    chosen = {name: kinds[name].records() for name in only} if only else None
    lines = export_lines(chosen, [name for name, kind in kinds.items() if kind.on_demand and entries])
    if file is None:
        for line in lines:
            sys.stdout.write(line.decode())
        return None
    try:
        with file.open("wb") as target:
            written = sum(1 for line in lines if target.write(line))
    except OSError as error:
        return stop(screen(), f"Can't write {file}: {error.strerror}.")
    screen().print(f"{written} lines written to {file}.", highlight=False)
    return None


@app.command("import")
def import_(
    file: Annotated[
        str, typer.Argument(help="Lines of an export, or the name of an example; - reads from the input.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would do.")] = False,
) -> None:
    """Store the lines of an export. All of it is stored, or nothing: then exit code 1."""
    prepare()
    from mageferry.hub.transfer import import_lines

    console = screen()
    report = import_lines(_content(console, file), dry_run=dry_run)
    _print_report(console, report)
    if report.refused:
        return stop(console, "Nothing is stored: correct the refused lines, then try again.")
    console.print("It is stored." if report.stored else "Nothing is stored: this was a dry run.")
    return None


@app.command("set")
def set_field(
    kind: Annotated[str, typer.Argument(help="Kind of the record: http_client, incoming, route, ...")],
    code: Annotated[str, typer.Argument(help="Its code, or its name if it has none.")],
    field: Annotated[str, typer.Argument(help="Place of the field, such as base_uri or options.password.")],
    value: Annotated[
        str | None,
        typer.Argument(
            help="JSON, or else a text. Without it, it is asked for unseen, or read from the input."
        ),
    ] = None,
) -> None:
    """Change one field of a record, such as a secret that an import left to be entered."""
    prepare()
    from mageferry.hub.transfer import Unacceptable
    from mageferry.hub.transfer.changes import change_field, read_value

    console = screen()
    given = _asked(f"{kind} {code}, {field}") if value is None else read_value(value)
    try:
        change_field(kind, code, field, given)
    except LookupError as error:
        return stop(console, str(error.args[0]))
    except Unacceptable as error:
        return stop(console, "\n".join(str(problem) for problem in error.problems))
    console.print("It is stored.")
    return None


@app.command("examples")
def examples() -> None:
    """The examples that can be imported by their names."""
    prepare()
    from mageferry.hub.examples import all_examples

    table = Table("Example", "What it connects", "Lines", box=SIMPLE)
    for each in all_examples():
        table.add_row(each.name, each.title, str(each.content.count(b"\n")))
    screen().print(table)


def _asked(what: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True))
    return sys.stdin.readline().rstrip("\r\n")


def _content(console: Console, file: str) -> bytes:
    from mageferry.hub.examples import all_examples

    if file == "-":
        return sys.stdin.buffer.read()
    path = Path(file)
    named = {each.name: each.content for each in all_examples()}
    if file in named and not path.exists():
        return named[file]
    try:
        return path.read_bytes()
    except OSError as error:
        known = ", ".join(named)
        stop(console, f"Can't read {file}: {error.strerror}. Examples with a name are: {known}.")
        raise


def _print_report(console: Console, report: Import) -> None:
    table = Table("Line", "What", "Code", "Outcome", "Details", box=SIMPLE)
    for line in report.lines:
        details = [*line.differences, *line.problems]
        if line.secrets_to_enter:
            details.append(f"To be entered: {', '.join(line.secrets_to_enter)}")
        text = escape("\n".join(each for each in details if each))
        table.add_row(str(line.number), line.kind, escape(line.code), line.action, text)
    console.print(table)
    counted = Counter(line.action for line in report.lines)
    console.print(", ".join(f"{count} {action}" for action, count in counted.items()) or "No lines.")
