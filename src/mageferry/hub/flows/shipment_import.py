"""Storing shipments that were read from a Magento: the same shipment never twice, tracks that come later added."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import DataError, IntegrityError, transaction
from django.db.models import Exists, OuterRef, Sum
from django.utils import timezone

from mageferry.hub.connectors.models import (
    Direction,
    Magento2Seller,
    OrderPartMagento,
    OrderShipmentMagento,
    OrdersMagento,
)
from mageferry.hub.connectors.remote_orders import RemoteOrder
from mageferry.hub.flows.history import place_of
from mageferry.hub.flows.stored import Stored, refused_by_database
from mageferry.hub.mapping.carriers import carrier_for
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.order_amounts import sent_items
from mageferry.hub.mapping.shipment_in import ShipmentRecord, TrackRecord, match_shipped
from mageferry.hub.mapping.shipment_mappings import carrier_of, fill_shipment, shipment_values
from mageferry.hub.mapping.statuses import advance
from mageferry.hub.trade.history import write_history
from mageferry.hub.trade.models import (
    HistoryOutcome,
    Order,
    OrderItem,
    OrderShipment,
    OrderShipmentItem,
    OrderShipmentTrack,
    OrderStatus,
)

FLOW = "get_shipments"
# Shipments of the last day are read again also when they have a track: there may be a second one. Older ones are once
# in this time.
ALL_TRACKS_FOR = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KnownShipment:
    """A shipment of the shop, and which order of the hub it belongs to."""

    record: ShipmentRecord
    remote: RemoteOrder

    @property
    def entity_id(self) -> int:
        return self.record.shipment_id

    @property
    def remote_updated_at(self) -> dt.datetime | None:
        return self.record.remote_updated_at

    @property
    def number(self) -> str:
        return self.record.number


def store_shipments(row: Magento2Seller, known: Sequence[KnownShipment]) -> Stored[KnownShipment]:
    """Store shipments of orders that the hub knows; each that can't be stored is refused alone."""
    stored: Stored[KnownShipment] = Stored()
    for each in known:
        try:
            with transaction.atomic():
                made = _store(row, each.record, each.remote)
        except UnusableRecord as problem:
            stored.refused.append((each, problem.reason, problem.remedy))
        except (IntegrityError, DataError) as error:
            stored.refused.append((each, *refused_by_database(f"shipment {each.number}", error)))
        else:
            setattr(stored, made, getattr(stored, made) + 1)
    return stored


def _store(row: Magento2Seller, record: ShipmentRecord, remote: RemoteOrder) -> str:
    link = (
        OrderShipmentMagento.objects.select_related("order_shipment")
        .filter(magento2_connector=row.connector, shipment_id=record.shipment_id)
        .first()
    )
    if link is None:
        _create(row, record, remote)
        return "created"
    notes = _update(row, link.order_shipment, record)
    if not notes:
        return "unchanged"
    _write_history(row, remote, record, f"Shipment {record.shipment_id}: {'; '.join(notes)}.")
    return "updated"


def _update(row: Magento2Seller, shipment: OrderShipment, record: ShipmentRecord) -> list[str]:
    """Tracks that came since, and the mapped fields; what changed, in words for the history."""
    numbers = _add_tracks(row, shipment, record.tracks)
    notes = [f"tracks {', '.join(numbers)}"] if numbers else []
    changed = []
    if numbers and not shipment.carrier:
        shipment.carrier = carrier_of(record.tracks, row.connector.courier_map)
        changed.append("carrier")
    mapped = fill_shipment(shipment, record, is_new=False)
    notes.extend(f"{name} by a field mapping" for name in mapped)
    if notes:
        # Also for a new track alone: whoever reads what changed must find it.
        shipment.save(update_fields=sorted({*changed, *mapped, "updated_at"}))
    return notes


def _create(row: Magento2Seller, record: ShipmentRecord, remote: RemoteOrder) -> None:
    items = _items_of(row, remote)
    quantities = match_shipped(record, items)
    shipment = OrderShipment(
        order=remote.order,
        # An order may be in several Magentos, in parts: the number alone isn't enough.
        remote_id=f"{row.connector.key}:{record.shipment_id}",
        **shipment_values(record, row.connector.courier_map),
    )
    fill_shipment(shipment, record, is_new=True)
    shipment.save()
    OrderShipmentMagento.objects.create(
        order_shipment=shipment, magento2_connector=row.connector, direction=Direction.DOWNLOADED,
        shipment_id=record.shipment_id,
    )  # fmt: skip
    OrderShipmentItem.objects.bulk_create(
        OrderShipmentItem(shipment=shipment, order_item_id=pk, quantity=quantity)
        for pk, quantity in quantities.items()
    )
    numbers = _add_tracks(row, shipment, record.tracks)
    _note_on_order(row, record, remote, items)
    shipped = ", ".join(
        f"{quantities[item.pk].normalize():f} x {item.sku}" for item in items if item.pk in quantities
    )
    tracks = f" Tracks: {', '.join(numbers)}." if numbers else ""
    _write_history(row, remote, record, f"Shipped in Magento: {shipped}.{tracks}")


def _items_of(row: Magento2Seller, remote: RemoteOrder) -> list[OrderItem]:
    """The items that the Magento order holds."""
    items = OrderItem.objects.filter(order=remote.order).select_related("magento")
    if remote.is_part:
        # Two Magentos may have given two parts the same id; the seller tells them apart.
        items = items.filter(connector_id=remote.entity_id, seller=row.seller_id)
    return list(items)


def _add_tracks(row: Magento2Seller, shipment: OrderShipment, tracks: Sequence[TrackRecord]) -> list[str]:
    """Add the tracks that the shipment doesn't have; returns their numbers."""
    there = set(shipment.tracks.values_list("number", flat=True))
    fresh = {track.number: track for track in tracks if track.number not in there}
    OrderShipmentTrack.objects.bulk_create(
        OrderShipmentTrack(
            shipment=shipment, number=track.number, carrier_code=track.carrier_code,
            title=carrier_for(track.carrier_code, track.title, row.connector.courier_map),
        )
        for track in fresh.values()
    )  # fmt: skip
    return list(fresh)


def _note_on_order(
    row: Magento2Seller, record: ShipmentRecord, remote: RemoteOrder, items: Sequence[OrderItem]
) -> None:
    """Quantities, ids and status of an order after a shipment; all from what is stored, so a repeat changes nothing."""
    sums = dict(
        OrderShipmentItem.objects.filter(order_item__in=items)
        .values_list("order_item")
        .annotate(Sum("quantity"))
        .order_by()
    )
    for item in items:
        shipped = min(max(sums.get(item.pk, Decimal(0)), item.quantity_shipped), item.quantity)
        if shipped != item.quantity_shipped:
            item.quantity_shipped = shipped
            OrderItem.objects.filter(pk=item.pk).update(quantity_shipped=shipped)
    done = not any(_is_waiting(item) for item in sent_items(items))
    _note_on_link(row, record, remote, done)
    # Of an order that went out in parts the first shipment ships the whole.
    reached = OrderStatus.SHIPPED if done or remote.is_part else OrderStatus.PARTIALLY_SHIPPED
    status = Order.objects.values_list("status", flat=True).get(pk=remote.order.pk)
    if advance(status, reached) != status:
        Order.objects.filter(pk=remote.order.pk).update(status=reached, updated_at=timezone.now())


def _is_waiting(item: OrderItem) -> bool:
    gone = max(item.quantity_shipped, item.quantity_refunded) + item.quantity_cancelled
    return item.product_type not in ("virtual", "downloadable") and gone < item.quantity


def _note_on_link(row: Magento2Seller, record: ShipmentRecord, remote: RemoteOrder, done: bool) -> None:
    entry: OrdersMagento | OrderPartMagento = (
        OrderPartMagento.objects.select_for_update().get(
            magento2_connector=row.connector, entity_id=remote.entity_id
        )
        if remote.is_part
        else OrdersMagento.objects.select_for_update().get(order=remote.order)
    )
    if record.shipment_id not in entry.shipment_id:
        entry.shipment_id = [*entry.shipment_id, record.shipment_id]
    entry.shipment_created = entry.shipment_created or done
    entry.save(update_fields=["shipment_id", "shipment_created"])


def _write_history(row: Magento2Seller, remote: RemoteOrder, record: ShipmentRecord, message: str) -> None:
    ids = {"shipment_id": record.shipment_id, "entity_id": remote.entity_id}
    write_history(FLOW, place_of(row), remote.order.pk, HistoryOutcome.DONE, message, ids)


def awaiting_tracks(row: Magento2Seller, now: dt.datetime, *, with_tracks: bool) -> list[int]:
    """Ids of shipments of the row's account that may still get a track: neither the shipment's updated_at nor the
    order's moves when one is added in Magento, and there is no list of tracks, so these are read by their ids.

    Those of the last day, and older ones without a track; `with_tracks`: older ones with a track as well.
    """
    has_track = Exists(OrderShipmentTrack.objects.filter(shipment=OuterRef("order_shipment")))
    links = OrderShipmentMagento.objects.filter(
        magento2_connector=row.connector,
        direction=Direction.DOWNLOADED,
        order_shipment__order__account=row.account_id,
    )
    late = links.filter(
        order_shipment__shipped_at__gte=now - dt.timedelta(days=row.connector.late_track_days)
    )
    recent = links.filter(order_shipment__shipped_at__gte=now - ALL_TRACKS_FOR)
    wanted = late if with_tracks else late.filter(~has_track)
    return sorted(
        {*recent.values_list("shipment_id", flat=True), *wanted.values_list("shipment_id", flat=True)}
    )
