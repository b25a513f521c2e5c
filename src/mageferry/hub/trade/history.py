"""What happened to an order, kept with it: an entry for each attempt, naming the store that it was about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from mageferry.hub.trade.models import HistoryOutcome, OrderHistory
from mageferry.hub.work.bulk import Table, json_text

_HISTORY = Table(
    OrderHistory, "order", "at", "flow", "connector", "target_store", "outcome", "ids", "message"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happened, by their names: a connector and its store, or an account alone."""

    connector: str = ""
    target_store: str = ""


def write_history(
    flow: str, place: Place, order_pk: int, outcome: HistoryOutcome, message: str, ids: Mapping[str, Any]
) -> None:
    """An entry in an order's history."""
    write_histories(flow, place, [order_pk], outcome, [message], [ids], timezone.now())


def write_histories(
    flow: str,
    place: Place,
    order_pks: Sequence[int],
    outcome: HistoryOutcome,
    messages: Sequence[str],
    ids: Sequence[Mapping[str, Any]],
    at: dt.datetime,
) -> None:
    """An entry in the history of each of these orders, at the same moment."""
    count = len(order_pks)
    _HISTORY.insert(
        order_pks, [at] * count, [flow] * count, [place.connector] * count, [place.target_store] * count,
        [outcome.value] * count, [json_text(dict(each)) for each in ids], messages,
    )  # fmt: skip
