"""mageferry http: HTTP clients and authentications, to be listed, tried, exported and imported."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mageferry.cli.hub import prepare, screen, stop

if TYPE_CHECKING:
    from rich.console import Console

    from mageferry.hub.pipelines.transfer import Import

app = typer.Typer(help="HTTP clients and HTTP authentications.", no_args_is_help=True)
Code = Annotated[str, typer.Argument(metavar="CLIENT", help="Code of the client.")]


@app.command("list")
def list_clients() -> None:
    """The clients and how they stand."""
    prepare()
    from mageferry.hub.pipelines.descriptions import check_client
    from mageferry.hub.pipelines.models import HttpClientRecord

    table = Table("Code", "Client", "Enabled", "Base URI", "State")
    for client in HttpClientRecord.objects.select_related("authentication"):
        state = " ".join(check_client(client)) or "ready"
        enabled = "yes" if client.enabled else "no"
        table.add_row(client.code, escape(client.name), enabled, escape(client.base_uri), escape(state))
    screen().print(table)


@app.command("test")
def try_client(
    code: Code,
    path: Annotated[str, typer.Argument(help="Behind the base URI, or a complete address.")] = "",
    method: Annotated[str, typer.Option(help="GET, POST, ...")] = "GET",
    body: Annotated[str, typer.Option(help="What to send.")] = "",
) -> None:
    """Send one request for real; secrets are masked in what is printed. Exit code 1 when it fails."""
    prepare()
    from mageferry.hub.pipelines.models import HttpClientRecord
    from mageferry.hub.pipelines.trial import METHODS, Call, send_call

    console = screen()
    client = HttpClientRecord.objects.select_related("authentication").filter(code=code).first()
    if client is None:
        known = ", ".join(HttpClientRecord.objects.values_list("code", flat=True)) or "none yet"
        return stop(console, f"There is no client {code!r}. There are: {known}.")
    if method.upper() not in METHODS:
        return stop(console, f"The method is one of {', '.join(METHODS)}.")
    outcome = send_call(client, Call(method, path, body=body))
    for each in outcome.sent:
        console.print(
            f"{each.method} {each.url}: {each.status or 'no answer'} after {each.elapsed_ms} ms",
            markup=False,
            highlight=False,
        )
    if outcome.last is not None and outcome.last.body:
        console.print(outcome.last.body, markup=False, highlight=False, soft_wrap=True)
    if outcome.error:
        return stop(console, f"{outcome.error} {outcome.remedy}".strip())
    return None


@app.command("export")
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to write; without it to the screen.")] = None,
) -> None:
    """Write all clients and authentications as NDJSON, without their secrets."""
    prepare()
    from mageferry.hub.pipelines.transfer import export_lines

    content = b"".join(export_lines())
    if file is None:
        sys.stdout.write(content.decode())
        return None
    try:
        file.write_bytes(content)
    except OSError as error:
        return stop(screen(), f"Can't write {file}: {error.strerror}.")
    screen().print(f"{content.count(b'\n')} lines written to {file}.", highlight=False)
    return None


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The lines of an export; - reads them from the input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would do.")] = False,
) -> None:
    """Store the clients and authentications of an export. All of it is stored, or nothing: then exit code 1."""
    prepare()
    from mageferry.hub.pipelines.transfer import import_lines

    console = screen()
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        return stop(console, f"Can't read {file}: {error.strerror}.")
    report = import_lines(content, dry_run=dry_run)
    _print_report(console, report)
    if report.refused:
        return stop(console, "Nothing is stored: correct the refused lines, then try again.")
    console.print("It is stored." if report.stored else "Nothing is stored: this was a dry run.")
    return None


def _print_report(console: Console, report: Import) -> None:
    table = Table("Line", "What", "Code", "Outcome", "Details")
    for line in report.lines:
        details = [", ".join(line.changed), *line.problems]
        if line.secrets_to_enter:
            details.append(f"To be entered: {', '.join(line.secrets_to_enter)}")
        text = escape("\n".join(each for each in details if each))
        table.add_row(str(line.number), line.kind, escape(line.code), line.action, text)
    console.print(table)
