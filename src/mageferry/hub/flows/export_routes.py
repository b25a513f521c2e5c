"""Which seller row exports what: one row whole orders of an account, or one for each seller the items of that one."""

from __future__ import annotations

from collections.abc import Sequence

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.flows.runner import SetupProblem


def exporting_rows(account_pk: int) -> list[Magento2Seller]:
    """The switched-on rows of active connectors that export this account's orders."""
    rows = Magento2Seller.objects.select_related("connector", "account", "seller")
    return list(
        rows.filter(account=account_pk, export_orders=True, connector__active=True).order_by(
            "connector", "pk"
        )
    )


def check_row(row: Magento2Seller) -> None:
    """Raises SetupProblem when it isn't certain what the row exports: an order must go to one place only."""
    if row.account_id is None:
        raise SetupProblem(
            f"{row} exports orders but has no account.", "Choose the account whose orders it exports."
        )
    _check(row, exporting_rows(row.account_id))


def _check(row: Magento2Seller, rows: Sequence[Magento2Seller]) -> None:
    if not all(each.export_orders_per_seller for each in rows) and len(rows) > 1:
        raise SetupProblem(
            f"Several rows export the orders of {row.account}: {_names(rows)}. An order must go to one place only.",
            "Leave Export Orders on one of them, or switch on Export Orders Per Seller on all of them.",
        )
    if row.export_orders_per_seller:
        _check_seller(row, rows)


def _check_seller(row: Magento2Seller, rows: Sequence[Magento2Seller]) -> None:
    if row.seller_id is None:
        raise SetupProblem(
            f"{row} has Export Orders Per Seller on but no seller.",
            "Choose the seller whose items it exports.",
        )
    same = [each for each in rows if each.seller_id == row.seller_id]
    if len(same) > 1:
        raise SetupProblem(
            f"Several rows export the items of {row.seller} in the orders of {row.account}: {_names(same)}.",
            "Leave Export Orders on one of them.",
        )


def row_for(account_pk: int, seller_pk: int | None) -> Magento2Seller:
    """The row that exports the account's whole orders, or the items of a seller in them. Raises SetupProblem."""
    rows = exporting_rows(account_pk)
    for row in rows:
        wanted = row.seller_id if row.export_orders_per_seller else None
        if wanted == seller_pk:
            _check(row, rows)
            return row
    for row in rows:
        _check(row, rows)
    if rows:
        raise SetupProblem(
            f"No row exports {'these items' if seller_pk else 'whole orders'} of {rows[0].account} any more.",
            "Give the seller a row with Export Orders and Export Orders Per Seller on, then retry."
            if seller_pk
            else "Its parts have units of work of their own: skip this one.",
        )
    raise SetupProblem(
        "No active connector exports the orders of this account.",
        "Switch on Export Orders on a row with this account and Active on its connector, then retry.",
    )


def _names(rows: Sequence[Magento2Seller]) -> str:
    return "; ".join(str(row) for row in rows)
