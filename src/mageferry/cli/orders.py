"""mageferry orders: look at orders."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer
from rich.table import Table

from mageferry.cli.hub import prepare, screen, stop

app = typer.Typer(help="Orders of all accounts.", no_args_is_help=True)


@app.command("list")
def list_orders(
    account: Annotated[str, typer.Option(help="Only this account (name or code).")] = "",
    status: Annotated[str, typer.Option(help="Only this status, e.g. rfs.")] = "",
    errors: Annotated[
        bool, typer.Option("--errors", help="Only orders that are parked with an error.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many, newest first.")] = 50,
) -> None:
    """List orders, newest first."""
    prepare()
    from django.db.models import Count, Q

    from mageferry.hub.trade.models import Account, Order, OrderStatus

    console = screen()
    orders = (
        Order.objects.select_related("account").annotate(lines=Count("items")).order_by("-placed_at", "-id")
    )
    if account:
        if not Account.objects.filter(Q(name__iexact=account) | Q(code__iexact=account)).exists():
            known = ", ".join(Account.objects.values_list("name", flat=True)) or "none yet"
            return stop(console, f"There is no account {account!r}. The accounts are: {known}.")
        orders = orders.filter(Q(account__name__iexact=account) | Q(account__code__iexact=account))
    if status:
        if status not in OrderStatus.values:
            return stop(
                console, f"There is no status {status!r}. The statuses are: {', '.join(OrderStatus.values)}."
            )
        orders = orders.filter(status=status)
    if errors:
        orders = orders.exclude(error="")
    total = orders.count()
    console.print(_table(orders[:limit], title=f"{min(limit, total)} of {total} orders"))
    return None


def _table(orders: Any, title: str) -> Table:
    table = Table(title=title)
    for name in ("Order", "Account", "Status", "Customer"):
        table.add_column(name, overflow="fold")
    table.add_column("Total", justify="right")
    table.add_column("Items", justify="right")
    for name in ("Placed", "Magento id", "Error"):
        table.add_column(name, overflow="fold")
    for order in orders:
        placed_at = order.placed_at.astimezone(dt.UTC)
        table.add_row(
            order.marketplace_order_id,
            order.account.name,
            order.get_status_display(),
            f"{order.customer_firstname} {order.customer_lastname}".strip(),
            f"{order.grand_total:.2f} {order.currency}",
            str(order.lines),
            f"{placed_at:%Y-%m-%d %H:%M}",
            str(order.connector_id or ""),
            order.error,
        )
    return table
