"""The hub's order that an entity is about, and what is written into its history."""

from __future__ import annotations

from collections.abc import Mapping

from mageferry.hub.exchange.errors import UnknownSubject
from mageferry.hub.trade.history import Place, write_history
from mageferry.hub.trade.models import Account, HistoryOutcome, Order

FLOW = "exchange"


def order_of(account: Account, number: str) -> Order:
    """The order with this number. Raises UnknownSubject."""
    order = Order.objects.filter(account=account, marketplace_order_id=number).first()
    if order is None:
        raise UnknownSubject(
            "order",
            f"{account} has no order {number}.",
            "Take the order over first; then this is taken over too.",
        )
    return order


def note_told(
    order: Order,
    account: Account,
    message: str,
    ids: Mapping[str, int | str] | None = None,
    outcome: HistoryOutcome = HistoryOutcome.DONE,
) -> None:
    """An entry in the order's history: what the account's marketplace, or whoever speaks for it, told."""
    write_history(FLOW, Place(target_store=account.name), order.pk, outcome, message, ids or {})
