"""Get shipments: Magento -> hub, for orders that were exported.

Switch: the row's Get Shipments and the connector's Active; the row is the one that exports the account's orders. Reads
the shipments of the row's store that changed since the mark (minus the overlap) and, by their ids, those that may have
got a track since: nothing else of a shipment changes with that. Shipments of orders that the hub doesn't know, or that
came from this Magento, are left alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mageferry.hub.connectors.models import Direction, Magento2Seller, OrderPartMagento
from mageferry.hub.connectors.remote_orders import RemoteOrder, orders_by_entity
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.export_records import ONE_ORDER as EXPORT_OF_ONE_ORDER
from mageferry.hub.flows.failures import BadRecord, clear, park
from mageferry.hub.flows.outcomes import outcome_of
from mageferry.hub.flows.progress import move_on, reading_since
from mageferry.hub.flows.registry import Flow, declare
from mageferry.hub.flows.runner import SetupProblem
from mageferry.hub.flows.shipment_import import FLOW, Known, awaiting_tracks, store_shipments
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.shipment_in import order_id_of, read_shipment
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles
from mageferry.hub.work.leases import Held
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.marks import mark_of
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.magento import FailedRecord, Magento, MagentoError, SearchCriteria, moment

ONE_SHIPMENT = "get_shipment"


def get_shipments(row: Magento2Seller, run: Run, held: Held) -> None:
    """Read what changed since the mark, then the shipments whose tracks may have come since."""
    if row.account_id is None:
        raise SetupProblem(
            f"{row} gets shipments but has no account.", "Choose the account whose orders it exports."
        )
    mark = mark_of(row.scope, FLOW)
    # Until it is known which order an unclear export became, its shipments look like a stranger's.
    hold: list[dt.datetime | None] = [*_unclear_exports(row)]
    seen: set[int] = set()
    with open_shop(row.connector) as shop:
        pages = shop.shipments.pages(
            criteria_for(row, mark, run.started_at),
            page_size=row.connector.page_size,
            concurrency=row.connector.concurrency,
        )
        for page in pages:
            if run.expected is None and page.remaining is not None:
                run.expect(len(page.items) + page.remaining)
            held.check()
            hold.extend(_store_page(row, page.items, page.failed, run))
            seen.update(_remote_id(raw) for raw in page.items)
        _read_late_tracks(row, shop, seen, run, held)
    move_on(row, FLOW, run.started_at, mark, hold)


def criteria_for(row: Magento2Seller, mark: dt.datetime | None, started_at: dt.datetime) -> SearchCriteria:
    """Shipments of the row's store that changed since the mark; the order's updated_at doesn't move with them."""
    since = reading_since(row, mark, started_at)
    return SearchCriteria().where("updated_at", "from", since).where("store_id", "eq", row.store_id)


def _unclear_exports(row: Magento2Seller) -> Iterable[dt.datetime]:
    return WorkUnit.objects.filter(
        kind=EXPORT_OF_ONE_ORDER, connector_key=row.connector.key, step__in=(Step.SENDING, Step.UNCLEAR)
    ).exclude(status__in=(UnitStatus.FINISHED, UnitStatus.SKIPPED)).values_list("created_at", flat=True)  # fmt: skip


def _read_late_tracks(row: Magento2Seller, shop: Magento, seen: set[int], run: Run, held: Held) -> None:
    ids = [each for each in awaiting_tracks(row, run.started_at) if each not in seen]
    for criteria in SearchCriteria().split("entity_id", "in", ids):
        for page in shop.shipments.pages(criteria, page_size=row.connector.page_size):
            held.check()
            # They were stored before: nothing is lost when the mark passes one that can't be read now.
            _store_page(row, page.items, page.failed, run)


def _store_page(
    row: Magento2Seller, items: Sequence[Any], failed: Sequence[FailedRecord], run: Run
) -> list[dt.datetime | None]:
    """Store shipments; returns when those that failed changed (the mark must not pass them)."""
    known, bad, strangers = _read(row, items)
    bad.extend(BadRecord(each.id, None, each.error.message, each.error.remedy) for each in failed)
    stored = store_shipments(row, known)
    changed = {_remote_id(raw): _changed_at(raw) for raw in items}
    bad.extend(
        BadRecord(record.shipment_id, changed[record.shipment_id], reason, remedy)
        for record, reason, remedy in stored.refused
    )
    failed_ids = {each.remote_id for each in bad}
    done = [record.shipment_id for record, _ in known if record.shipment_id not in failed_ids]
    if done:
        clear(ONE_SHIPMENT, row, done)
    news = [each for each in bad if park(ONE_SHIPMENT, row, each, "shipment")]
    run.add(
        read=len(items) + len(failed),
        created=stored.created,
        updated=stored.updated,
        unchanged=stored.unchanged,
        skipped=strangers + len(bad) - len(news),
    )
    for each in news:
        run.fail(each.reason)
    return [each.changed_at for each in news]


def _read(row: Magento2Seller, items: Sequence[Any]) -> tuple[list[Known], list[BadRecord], int]:
    """The shipments of the row's orders, those that can't be read, and how many are nobody's here."""
    known: list[Known] = []
    bad: list[BadRecord] = []
    order_ids: dict[int, int] = {}
    for index, raw in enumerate(items):
        try:
            order_ids[index] = order_id_of(raw)
        except UnusableRecord as error:
            bad.append(BadRecord(_remote_id(raw), _changed_at(raw), error.reason, error.remedy))
    ours = exported_orders(row, set(order_ids.values()))
    for index, order_id in order_ids.items():
        remote = ours.get(order_id)
        if remote is None:
            continue
        try:
            known.append((read_shipment(items[index]), remote))
        except UnusableRecord as error:
            raw = items[index]
            bad.append(BadRecord(_remote_id(raw), _changed_at(raw), error.reason, error.remedy))
    strangers = sum(order_id not in ours for order_id in order_ids.values())
    return known, bad, strangers


def exported_orders(row: Magento2Seller, order_ids: set[int]) -> dict[int, RemoteOrder]:
    """Those of these Magento orders that the row's account exported there; of an order in parts the row's own."""
    ours = {
        entity_id: remote
        for entity_id, remote in orders_by_entity(row.connector, order_ids).items()
        if remote.direction == Direction.EXPORTED and remote.order.account_id == row.account_id
    }
    parts = [entity_id for entity_id, remote in ours.items() if remote.is_part]
    of_others = OrderPartMagento.objects.filter(
        magento2_connector=row.connector, entity_id__in=parts, magento2_seller__isnull=False
    ).exclude(magento2_seller=row)
    for entity_id in of_others.values_list("entity_id", flat=True):
        del ours[entity_id]
    return ours


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


@handles(ONE_SHIPMENT)
def get_one_shipment(held: Claim) -> Outcome:
    """Read one failed shipment again (a person's retry)."""
    payload = held.unit.payload
    row = Magento2Seller.objects.select_related("connector").filter(pk=payload["row"]).first()
    if row is None:
        return ledger.skipped("The seller row that it was read for is gone.")
    try:
        with open_shop(row.connector) as shop:
            raw = shop.shipments.get(payload["remote_id"])
        remote = exported_orders(row, {order_id_of(raw)}).get(order_id_of(raw))
        if remote is None:
            return ledger.skipped("The hub has no exported order that this shipment belongs to.")
        record = read_shipment(raw)
    except MagentoError as error:
        return outcome_of(error, held)
    except UnusableRecord as error:
        return ledger.failed(error.reason, error.remedy)
    stored = store_shipments(row, [(record, remote)])
    if stored.refused:
        return ledger.failed(*stored.refused[0][1:])
    return ledger.finished(result={"shipment_id": record.shipment_id})


GET_SHIPMENTS = declare(Flow(FLOW, "Get Shipments", "get_shipments", 20, get_shipments))
