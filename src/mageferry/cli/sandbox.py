"""``mageferry sandbox``: serve a Magento-compatible shop, or another example system, to try everything against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from mageferry.sandbox import ExportError, Sandbox, StateError, serve
from mageferry.sandbox.demo import DEMOS
from mageferry.sandbox.examples import Erp, Marketplace
from mageferry.sandbox.serving import Served

app = typer.Typer(invoke_without_command=True)

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")]
Latency = Annotated[int, typer.Option(min=0, help="Let every answer take at least that long.")]
KeptIn = Annotated[
    Path | None, typer.Option(help="SQLite file that keeps it; without it everything is in memory.")
]
Password = Annotated[
    str,
    typer.Option(
        envvar="MAGEFERRY_SANDBOX_PASSWORD", help="The password; generated when left out.", show_envvar=True
    ),
]
StoreExport = Annotated[
    Path | None,
    typer.Option(help="Directory of a store export to serve instead of a demo shop.", file_okay=False),
]
Demo = Annotated[str, typer.Option(help="Demo shop: storefront sells, back-office receives orders.")]
Generate = Annotated[
    list[str] | None,
    typer.Option(
        help="Add very many rows of a kind without documents, on disk: orders or source_items. Repeatable.",
        metavar="KIND=COUNT",
    ),
]
CustomShop = Annotated[
    bool,
    typer.Option(
        "--custom-shop",
        help="A shop with calls, attributes, statuses and limits of its own (docs/how-to/custom-shop.md).",
    ),
]


@app.callback()
def shop(
    context: typer.Context,
    store: StoreExport = None,
    demo: Demo = "storefront",
    orders: Annotated[int, typer.Option(min=0, help="Add that many synthetic orders.")] = 0,
    products: Annotated[int, typer.Option(min=0, help="Add that many synthetic products with stock.")] = 0,
    generate: Generate = None,
    state: KeptIn = None,
    host: Host = "127.0.0.1",
    port: Port = 8085,
    latency_ms: Latency = 0,
    username: Annotated[str, typer.Option(help="Admin user with every permission.")] = "admin",
    password: Password = "",
    custom_shop: CustomShop = False,
) -> None:
    """Serve a sandbox shop that answers as Magento 2.4.7 does. For tests and demonstrations only. With a command:
    another system."""
    if context.invoked_subcommand is not None:
        return
    if demo not in DEMOS:
        raise typer.BadParameter(
            f"unknown demo shop {demo!r}; known are {', '.join(DEMOS)}", param_hint="--demo"
        )
    with _readable_errors(host, port):
        made = Sandbox(
            store or demo, state=state, host=host, port=port, orders=orders, products=products,
            generate=dict(read_count(text) for text in generate or ()), username=username, password=password,
            custom_shop=custom_shop,
        )  # fmt: skip
        made.control.set_latency(latency_ms)
        serve(
            made,
            _announcing("Mageferry sandbox shop (not a real Magento", made.username, made.password, password),
        )


@app.command()
def marketplace(
    state: KeptIn = None,
    host: Host = "127.0.0.1",
    port: Port = 8086,
    latency_ms: Latency = 0,
    client_id: Annotated[str, typer.Option(help="Client id of the seller's program.")] = "seller",
    client_secret: Annotated[
        str,
        typer.Option(
            envvar="MAGEFERRY_SANDBOX_PASSWORD", help="Its secret; generated when left out.", show_envvar=True
        ),
    ] = "",
) -> None:
    """Serve Quayside Market, an example marketplace: OAuth 2, orders, shipments, refunds."""
    with _readable_errors(host, port):
        made = Marketplace(
            state=state, host=host, port=port, client_id=client_id, client_secret=client_secret
        )
        made.control.set_latency(latency_ms)
        serve(
            made,
            _announcing("Quayside Market (an example", made.client_id, made.client_secret, client_secret),
        )


@app.command()
def erp(
    state: KeptIn = None,
    host: Host = "127.0.0.1",
    port: Port = 8087,
    latency_ms: Latency = 0,
    username: Annotated[str, typer.Option(help="User of the API.")] = "hub",
    password: Password = "",
) -> None:
    """Serve Kontorhaus, an example ERP: stock, products, sales orders."""
    with _readable_errors(host, port):
        made = Erp(state=state, host=host, port=port, username=username, password=password)
        made.control.set_latency(latency_ms)
        serve(made, _announcing("Kontorhaus (an example", made.username, made.password, password))


@contextmanager
def _readable_errors(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except (ExportError, StateError, ValueError) as error:
        raise typer.BadParameter(str(error)) from None
    except OSError as error:
        typer.echo(f"The sandbox cannot listen on {host}:{port}: {error}. Try --port 0.", err=True)
        raise typer.Exit(1) from None


def read_count(text: str) -> tuple[str, int]:
    """``orders=1000000`` as kind and number. Raises ValueError."""
    kind, _, count = text.partition("=")
    if not count.replace("_", "").isdecimal():
        raise ValueError(f"--generate takes KIND=COUNT, such as orders=1000000, not {text!r}")
    return kind, int(count)


def _announcing(what: str, username: str, password: str, chosen: str) -> Callable[[Served], None]:
    """Says where the system is and how to sign in. A password that the user chose is not repeated."""

    def announce(served: Served) -> None:
        typer.echo(f"{what}; for tests and demonstrations only)")
        typer.echo(f"  URL       {served.url}")
        typer.echo(f"  Username  {username}")
        typer.echo(f"  Password  {'(as given)' if chosen else password}")
        typer.echo(f"  Control   {served.url}/_sandbox/")
        typer.echo("Stop with Ctrl+C.")

    return announce
