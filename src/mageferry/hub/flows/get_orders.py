"""Get orders: Magento -> hub.

Switch: an account linked to the row (account_magento), the row's Get Orders, the connector's Active. Reads the orders
of the row's store that changed since the mark (minus the overlap) and have one of the connector's reading statuses;
stores each page in one transaction; then moves the mark to the start of the run, or to the oldest failed record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import DataError, IntegrityError

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.failures import BadRecord, clear, park
from mageferry.hub.flows.order_import import Stored, linked_account, store_orders
from mageferry.hub.flows.order_update import FLOW
from mageferry.hub.flows.outcomes import outcome_of
from mageferry.hub.flows.progress import move_on, reading_since
from mageferry.hub.flows.registry import Flow, declare
from mageferry.hub.flows.runner import SetupProblem
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.models import mappings_of
from mageferry.hub.mapping.order_in import OrderRecord
from mageferry.hub.mapping.order_mappings import read_mapped_order
from mageferry.hub.trade.models import Account
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles
from mageferry.hub.work.leases import Held
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.marks import mark_of
from mageferry.hub.work.runs import Run
from mageferry.magento import MagentoError, Page, SearchCriteria, moment

ONE_ORDER = "get_order"


def get_orders(row: Magento2Seller, run: Run, held: Held) -> None:
    """Read what changed since the mark. See the module's page in the reference for the rules."""
    account = _account_of(row)
    mark = mark_of(row.scope, FLOW)
    hold: list[dt.datetime | None] = []
    with open_shop(row.connector) as shop:
        pages = shop.orders.pages(
            criteria_for(row, mark, run.started_at),
            page_size=row.connector.page_size,
            concurrency=row.connector.concurrency,
        )
        for page in pages:
            if run.expected is None and page.remaining is not None:
                run.expect(len(page.items) + page.remaining)
            held.check()
            hold.extend(_store_page(row, account, page, run))
    move_on(row, FLOW, run.started_at, mark, hold)


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


def _store_page(row: Magento2Seller, account: Account, page: Page[Any], run: Run) -> list[dt.datetime | None]:
    """Store a page; returns when its failed records changed (the mark must not pass them)."""
    records, bad = _read_page(row.connector, page)
    stored = _store(row, account, records, bad)
    bad.extend(
        BadRecord(record.entity_id, record.remote_updated_at, reason, remedy)
        for record, reason, remedy in stored.refused
    )
    failed_ids = {each.remote_id for each in bad}
    if records:
        clear(ONE_ORDER, row, [record.entity_id for record in records if record.entity_id not in failed_ids])
    news = [each for each in bad if park(ONE_ORDER, row, each)]
    run.add(
        read=len(page.items) + len(page.failed),
        created=stored.created,
        updated=stored.updated,
        unchanged=stored.unchanged,
        skipped=stored.skipped + len(bad) - len(news),
    )
    for each in news:
        run.fail(each.reason)
    return [each.changed_at for each in news]


def _read_page(connector: Magento2Connector, page: Page[Any]) -> tuple[list[OrderRecord], list[BadRecord]]:
    records, bad = [], []
    mappings = mappings_of(connector)
    for raw in page.items:
        try:
            records.append(read_mapped_order(raw, connector.status_map, mappings))
        except UnusableRecord as error:
            bad.append(BadRecord(_remote_id(raw), _changed_at(raw), error.reason, error.remedy))
    bad.extend(BadRecord(each.id, None, each.error.message, each.error.remedy) for each in page.failed)
    return records, bad


def _store(
    row: Magento2Seller, account: Account, records: Sequence[OrderRecord], bad: list[BadRecord]
) -> Stored:
    """Store the page at once; when the database refuses a record, one by one, so that only that one fails."""
    try:
        return store_orders(row, account, records)
    except (IntegrityError, DataError):
        whole = Stored()
        for record in records:
            try:
                one = store_orders(row, account, [record])
            except (IntegrityError, DataError) as error:
                bad.append(
                    BadRecord(
                        record.entity_id,
                        record.remote_updated_at,
                        f"Order {record.increment_id} can't be stored: {str(error).splitlines()[0]}",
                        "Mend the order in the shop; it is read again with the next run.",
                    )
                )
            else:
                whole.created += one.created
                whole.updated += one.updated
                whole.unchanged += one.unchanged
                whole.skipped += one.skipped
                whole.refused.extend(one.refused)
        return whole


def _remote_id(raw: Any) -> int:
    value = raw.get("entity_id") if isinstance(raw, Mapping) else None
    try:
        return int(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0


def _changed_at(raw: Any) -> dt.datetime | None:
    try:
        return moment(raw["updated_at"])
    except (KeyError, TypeError, ValueError):
        return None


@handles(ONE_ORDER)
def get_one_order(held: Claim) -> Outcome:
    """Read one failed order again (a person's retry)."""
    payload = held.unit.payload
    row = Magento2Seller.objects.select_related("connector").filter(pk=payload["row"]).first()
    account = linked_account(row) if row else None
    if row is None or account is None:
        return ledger.skipped("The seller row that it was read for is gone, or has no account any more.")
    try:
        with open_shop(row.connector) as shop:
            raw = shop.orders.get(payload["remote_id"])
            record = read_mapped_order(raw, row.connector.status_map, mappings_of(row.connector))
    except MagentoError as error:
        return outcome_of(error, held)
    except UnusableRecord as error:
        return ledger.failed(error.reason, error.remedy)
    stored = store_orders(row, account, [record])
    if stored.refused:
        return ledger.failed(*stored.refused[0][1:])
    return ledger.finished(result={"entity_id": record.entity_id})


GET_ORDERS = declare(Flow(FLOW, "Get Orders", "get_orders", 10, get_orders, needs_account_link=True))
