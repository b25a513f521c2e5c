"""``mageferry sandbox``: serve a Magento-compatible shop to try flows and faults against."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mageferry.sandbox import ExportError, Sandbox, StateError, serve
from mageferry.sandbox.demo import DEMOS


def sandbox(
    store: Annotated[
        Path | None,
        typer.Option(help="Directory of a store export to serve instead of a demo shop.", file_okay=False),
    ] = None,
    demo: Annotated[str, typer.Option(help="Demo shop: storefront sells, back-office receives orders.")] = (
        "storefront"
    ),
    orders: Annotated[int, typer.Option(min=0, help="Add that many synthetic orders.")] = 0,
    products: Annotated[int, typer.Option(min=0, help="Add that many synthetic products with stock.")] = 0,
    generate: Annotated[
        list[str] | None,
        typer.Option(
            help="Add very many rows of a kind without documents, on disk: orders or source_items. Repeatable.",
            metavar="KIND=COUNT",
        ),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="SQLite file that keeps the shop; without it everything is in memory.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8085,
    latency_ms: Annotated[int, typer.Option(min=0, help="Let every answer take at least that long.")] = 0,
    username: Annotated[str, typer.Option(help="Admin user with every permission.")] = "admin",
    password: Annotated[
        str,
        typer.Option(
            envvar="MAGEFERRY_SANDBOX_PASSWORD",
            help="The admin's password; generated when left out.",
            show_envvar=True,
        ),
    ] = "",
    custom_shop: Annotated[
        bool,
        typer.Option(
            "--custom-shop",
            help="A shop with calls, attributes, statuses and limits of its own (docs/how-to/custom-shop.md).",
        ),
    ] = False,
) -> None:
    """Serve a sandbox shop that answers as Magento 2.4.7 does. For tests and demonstrations only."""
    if demo not in DEMOS:
        raise typer.BadParameter(
            f"unknown demo shop {demo!r}; known are {', '.join(DEMOS)}", param_hint="--demo"
        )
    try:
        shop = Sandbox(
            store or demo,
            state=state,
            host=host,
            port=port,
            orders=orders,
            products=products,
            generate=dict(read_count(text) for text in generate or ()),
            username=username,
            password=password,
            custom_shop=custom_shop,
        )
        shop.control.set_latency(latency_ms)
        serve(shop, lambda ready: announce(ready, generated=not password))
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


def announce(shop: Sandbox, *, generated: bool) -> None:
    """Say where the shop is and how to sign in. A password that the user chose is not repeated."""
    typer.echo("Mageferry sandbox shop (not a real Magento; for tests and demonstrations only)")
    typer.echo(f"  URL       {shop.url}")
    typer.echo(f"  Username  {shop.username}")
    typer.echo(f"  Password  {shop.password if generated else '(as given)'}")
    typer.echo(f"  Control   {shop.url}/_sandbox/")
    typer.echo("Stop with Ctrl+C.")
