"""Get shipments: Magento -> hub, for orders that were exported.

Switch: the row's Get Shipments and the connector's Active; the row is the one that exports the account's orders. Reads
the shipments of the row's store that changed since the mark (minus the overlap) and, by their ids, those that may have
got a track since: nothing else of a shipment changes with that. Shipments of orders that the hub doesn't know, or that
came from this Magento, are left alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from mageferry.hub.connectors.models import Direction, Magento2Seller, OrderPartMagento
from mageferry.hub.connectors.remote_orders import RemoteOrder, orders_by_entity
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.export_records import ONE_ORDER as EXPORT_OF_ONE_ORDER
from mageferry.hub.flows.progress import move_on, reading_since
from mageferry.hub.flows.reading import ListReading, RecordKind, Rows, read_again, read_each, row_read_for
from mageferry.hub.flows.registry import Flow, declare
from mageferry.hub.flows.runner import SetupProblem
from mageferry.hub.flows.shipment_import import (
    ALL_TRACKS_FOR,
    FLOW,
    KnownShipment,
    awaiting_tracks,
    store_shipments,
)
from mageferry.hub.mapping.models import mappings_of
from mageferry.hub.mapping.shipment_in import order_id_of
from mageferry.hub.mapping.shipment_mappings import read_mapped_shipment
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles
from mageferry.hub.work.leases import Held
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.marks import mark_of, move_mark
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.magento import Magento, SearchCriteria

ONE_SHIPMENT = "get_shipment"
SHIPMENT = RecordKind("shipment", ONE_SHIPMENT)
# Since when every shipment that may get another track was read.
ALL_TRACKS = "get_shipments_tracks"


def get_shipments(row: Magento2Seller, run: Run, held: Held) -> None:
    """Read what changed since the mark, then the shipments whose tracks may have come since."""
    if row.account_id is None:
        raise SetupProblem(
            f"{row} gets shipments but has no account.", "Choose the account whose orders it exports."
        )
    mark = mark_of(row.scope, FLOW)
    # Until it is known which order an unclear export became, its shipments look like a stranger's.
    hold: list[dt.datetime | None] = [*_unclear_exports(row)]
    reading = ListReading(SHIPMENT, row, run, held, partial(_read_page, row), partial(store_shipments, row))
    with open_shop(row.connector) as shop:
        changed = shop.shipments.pages(
            criteria_for(row, mark, run.started_at),
            page_size=row.connector.page_size,
            concurrency=row.connector.concurrency,
        )
        hold.extend(reading.take_in(changed))
        _read_late_tracks(row, shop, reading)
    move_on(row, FLOW, run.started_at, mark, hold)


def criteria_for(row: Magento2Seller, mark: dt.datetime | None, started_at: dt.datetime) -> SearchCriteria:
    """Shipments of the row's store that changed since the mark; the order's updated_at doesn't move with them."""
    since = reading_since(row, mark, started_at)
    return SearchCriteria().where("updated_at", "from", since).where("store_id", "eq", row.store_id)


def _unclear_exports(row: Magento2Seller) -> Iterable[dt.datetime]:
    return WorkUnit.objects.filter(
        kind=EXPORT_OF_ONE_ORDER, connector_key=row.connector.key, step__in=(Step.SENDING, Step.UNCLEAR)
    ).exclude(status__in=(UnitStatus.FINISHED, UnitStatus.SKIPPED)).values_list("created_at", flat=True)  # fmt: skip


def _read_late_tracks(row: Magento2Seller, shop: Magento, reading: ListReading[KnownShipment]) -> None:
    """Read shipments again whose tracks may have come since; once a day those too that have a track already."""
    now = reading.run.started_at
    last = mark_of(row.scope, ALL_TRACKS)
    all_tracks = last is None or now - last >= ALL_TRACKS_FOR
    ids = awaiting_tracks(row, now, with_tracks=all_tracks)
    for criteria in SearchCriteria().split(
        "entity_id", "in", [each for each in ids if each not in reading.seen]
    ):
        # They were stored before: nothing is lost when the mark passes one that can't be read now.
        reading.take_in(shop.shipments.pages(criteria, page_size=row.connector.page_size))
    if all_tracks:
        move_mark(row.scope, ALL_TRACKS, now)


def _read_page(row: Magento2Seller, items: Sequence[Any]) -> Rows[KnownShipment]:
    """The shipments of the row's orders, those that can't be read, and how many are nobody's here."""
    owned = read_each(SHIPMENT, items, lambda raw: (order_id_of(raw), raw))
    ours = exported_orders(row, {order_id for order_id, _ in owned.records})
    mine = [raw for order_id, raw in owned.records if order_id in ours]
    rows = read_each(SHIPMENT, mine, lambda raw: _read(row, raw, ours[order_id_of(raw)]))
    return Rows(rows.records, [*owned.bad, *rows.bad], len(owned.records) - len(mine))


def _read(row: Magento2Seller, raw: Any, remote: RemoteOrder) -> KnownShipment:
    return KnownShipment(read_mapped_shipment(raw, mappings_of(row.connector)), remote)


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


@handles(ONE_SHIPMENT)
def get_one_shipment(held: Claim) -> Outcome:
    """Read one failed shipment again (a person's retry)."""
    row = row_read_for(held)
    if row is None:
        return ledger.skipped("The seller row that it was read for is gone.")

    def fetch(shop: Magento) -> KnownShipment | Outcome:
        raw = shop.shipments.get(held.unit.payload["remote_id"])
        order_id = order_id_of(raw)
        remote = exported_orders(row, {order_id}).get(order_id)
        if remote is None:
            return ledger.skipped("The hub has no exported order that this shipment belongs to.")
        return _read(row, raw, remote)

    return read_again(held, SHIPMENT, row, fetch, partial(store_shipments, row))


GET_SHIPMENTS = declare(Flow(FLOW, "Get Shipments", "get_shipments", 20, get_shipments))
