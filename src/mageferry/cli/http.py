"""mageferry http: HTTP clients and authentications, to be listed and tried."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mageferry.cli.hub import prepare, screen, stop

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
