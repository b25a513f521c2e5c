"""Get orders: Magento -> hub.

Switch: an account linked to the row (account_magento), the row's Get Orders, the connector's Active. Reads the orders
of the row's store that changed since the mark (minus the overlap) and have one of the connector's reading statuses;
stores each page in one transaction; then moves the mark to the start of the run, or to the oldest failed record.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.order_import import linked_account, store_orders
from mageferry.hub.flows.order_update import FLOW
from mageferry.hub.flows.progress import move_on, reading_since
from mageferry.hub.flows.reading import ListReading, RecordKind, read_again, read_each, row_read_for
from mageferry.hub.flows.registry import Flow, declare
from mageferry.hub.flows.runner import SetupProblem
from mageferry.hub.mapping.models import mappings_of
from mageferry.hub.mapping.order_mappings import read_mapped_order
from mageferry.hub.mapping.order_records import OrderRecord
from mageferry.hub.trade.models import Account
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles
from mageferry.hub.work.leases import Held
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.marks import mark_of
from mageferry.hub.work.runs import Run
from mageferry.magento import Magento, SearchCriteria

ONE_ORDER = "get_order"
ORDER = RecordKind("order", ONE_ORDER)


def get_orders(row: Magento2Seller, run: Run, held: Held) -> None:
    """Read what changed since the mark. See the module's page in the reference for the rules."""
    account = _account_of(row)
    mark = mark_of(row.scope, FLOW)
    reading = ListReading(
        ORDER, row, run, held,
        lambda items: read_each(ORDER, items, partial(_read, row.connector)),
        partial(store_orders, row, account),
    )  # fmt: skip
    with open_shop(row.connector) as shop:
        hold = reading.take_in(
            shop.orders.pages(
                criteria_for(row, mark, run.started_at),
                page_size=row.connector.page_size,
                concurrency=row.connector.concurrency,
            )
        )
    move_on(row, FLOW, run.started_at, mark, hold)


def _read(connector: Magento2Connector, raw: Any) -> OrderRecord:
    return read_mapped_order(raw, connector.status_map, mappings_of(connector))


def criteria_for(row: Magento2Seller, mark: dt.datetime | None, started_at: dt.datetime) -> SearchCriteria:
    """Orders of the row's store, of the statuses to read, changed since the mark."""
    connector = row.connector
    since = reading_since(row, mark, started_at)
    criteria = SearchCriteria().where("updated_at", "from", since).where("store_id", "eq", row.store_id)
    if connector.reading_statuses:
        criteria = criteria.where("status", "in", connector.reading_statuses)
    return criteria


def _account_of(row: Magento2Seller) -> Account:
    account = linked_account(row)
    if account is None:
        raise SetupProblem(
            f"No account is linked to {row}: nobody knows where its orders belong.",
            "Link an account to this row under Accounts in Magento.",
        )
    twin = (
        Magento2Seller.objects.filter(
            connector=row.connector_id, store_id=row.store_id, account_magento__isnull=False, get_orders=True
        )
        .exclude(pk=row.pk)
        .first()
    )
    if twin is not None:
        raise SetupProblem(
            f"Two rows of {row.connector} read the orders of store {row.store_id}: it is unclear whose they are.",
            "Leave the account link on one of them only.",
        )
    return account


@handles(ONE_ORDER)
def get_one_order(held: Claim) -> Outcome:
    """Read one failed order again (a person's retry)."""
    row = row_read_for(held)
    account = linked_account(row) if row else None
    if row is None or account is None:
        return ledger.skipped("The seller row that it was read for is gone, or has no account any more.")

    def fetch(shop: Magento) -> OrderRecord:
        return _read(row.connector, shop.orders.get(held.unit.payload["remote_id"]))

    return read_again(held, ORDER, row, fetch, partial(store_orders, row, account))


GET_ORDERS = declare(Flow(FLOW, "Get Orders", "get_orders", 10, get_orders, needs_account_link=True))
