"""One shipment of the hub on its way into Magento: what is sent, how it is found again, what is recorded.

Magento has no key for shipments: the same request sent twice ships twice. So each shipment carries a marker in its
comment, which is stored with it in one transaction, and an unclear answer is settled by reading the shipments of the
order. Quantities are checked against the order as it is in the shop right before sending, since Magento cuts what is
too much without a word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from mageferry.hub.connectors.models import Direction, Magento2Seller, OrderShipmentMagento, OrdersMagento
from mageferry.hub.flows.history import place_of
from mageferry.hub.flows.writing import Write, as_text, settle_seconds_of
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.models import mappings_of
from mageferry.hub.mapping.order_lines import OrderLine, OrderLines, read_lines
from mageferry.hub.mapping.shipment_mappings import map_shipment_body
from mageferry.hub.mapping.shipment_out import Plan, UnsendableShipment, Wanted, plan_shipment, tracks_of
from mageferry.hub.mapping.statuses import advance
from mageferry.hub.trade.history import write_history
from mageferry.hub.trade.models import (
    HistoryOutcome,
    Order,
    OrderItem,
    OrderShipment,
    OrderStatus,
)
from mageferry.hub.work import ledger
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.models import Step, UnitStatus
from mageferry.magento import Magento, Rejected, SearchCriteria
from mageferry.magento.shipments import ship_order, ship_path, shipment_body

FLOW = "create_shipments"


@dataclass(frozen=True, slots=True)
class Shipped:
    """A shipment that is in Magento, and the order's lines after it."""

    shipment_id: int
    lines: OrderLines


def marker_of(shipment: OrderShipment, row: Magento2Seller) -> str:
    """What tells this shipment apart in Magento: the same at every attempt, another in every installation."""
    installation = hashlib.sha256(f"shipments/{row.connector.callback_key}".encode()).hexdigest()[:12]
    return f"Mageferry shipment {installation}-{shipment.pk}"


def fingerprint_of(shipment: OrderShipment) -> str:
    """The shipment's content in short: a refused one is tried again when a person has changed it."""
    items = sorted((item.order_item_id, f"{item.quantity.normalize():f}") for item in shipment.items.all())
    tracks = sorted((track.number, track.title, track.carrier_code) for track in shipment.tracks.all())
    return hashlib.sha256(repr((items, tracks, shipment.carrier)).encode()).hexdigest()[:16]


class ShipmentExport:
    """One attempt at one shipment. `before_sending` is called right before the request; what it raises stops it."""

    def __init__(
        self, shop: Magento, shipment: OrderShipment, row: Magento2Seller, before_sending: Callable[[], None]
    ) -> None:
        self._shop, self._shipment, self._row = shop, shipment, row
        self._before_sending = before_sending
        self._order = shipment.order
        self._order_id = shipment.order.magento.entity_id
        self._marker = marker_of(shipment, row)
        self._plan: Plan | None = None
        self._body: dict[str, Any] | None = None

    def write(self, held: Claim) -> Write[Shipped]:
        """The write, planned already unless an earlier attempt may have shipped: then looking comes before counting
        what is left. Raises Rejected for a shipment that can't be sent."""
        request = "" if held.sent_before else self._request_text()
        return Write(
            request,
            self._send,
            self._look,
            self._adopt,
            "Shipment created in Magento.",
            settle_seconds_of(self._row.connector),
        )

    def _request_text(self) -> str:
        return as_text("POST", ship_path(self._order_id), self._made_body())

    def _made_body(self) -> dict[str, Any]:
        """What is sent, with the connector's field mappings; made once, as the plan is."""
        if self._body is None:
            body = shipment_body(
                self._made_plan().items,
                tracks=tracks_of(self._shipment, self._row.connector.courier_map),
                notify=self._row.sent_customer_notification,
                source_code=self._row.source_code,
                comment=self._marker,
            )
            mappings = mappings_of(self._row.connector)
            try:
                self._body = map_shipment_body(body, self._shipment, self._row, mappings)
            except UnsendableShipment as problem:
                raise _rejection(problem) from None
        return self._body

    def _made_plan(self) -> Plan:
        if self._plan is None:
            wanted = [
                Wanted(item_id_of(item.order_item), item.order_item.sku, item.quantity)
                for item in self._shipment.items.all()
            ]
            try:
                self._plan = plan_shipment(wanted, self._read_lines(), self._ships_in_parts)
            except UnsendableShipment as problem:
                raise _rejection(problem) from None
        return self._plan

    def _read_lines(self) -> OrderLines:
        try:
            return read_lines(self._shop.orders.get(self._order_id))
        except UnusableRecord as problem:
            raise Rejected(problem.reason, remedy=problem.remedy, sent=False) from None

    def _ships_in_parts(self, bundle: OrderLine) -> bool:
        """Whether a bundle's product is set to be shipped in parts (shipment_type 1)."""
        criteria = SearchCriteria().where("entity_id", "eq", bundle.product_id or 0).page_size(1)
        for product in self._shop.products.search(criteria):
            for attribute in product.get("custom_attributes") or ():
                if attribute.get("attribute_code") == "shipment_type":
                    return str(attribute.get("value")) == "1"
        return False

    def _send(self) -> Shipped:
        plan, body = self._made_plan(), self._made_body()
        self._before_sending()
        made = self._shop.run(ship_order(self._shop.plans, self._order_id, body))
        return Shipped(made, plan.after)

    def _look(self) -> Shipped | None:
        for each in self._shop.shipments.of_order(self._order_id):
            if any(self._marker in str(note.get("comment")) for note in each.get("comments") or ()):
                return Shipped(int(each["entity_id"]), self._read_lines())
        return None

    def _adopt(self, made: Shipped, message: str) -> Outcome:
        def record() -> None:
            OrderShipmentMagento.objects.create(
                order_shipment=self._shipment, magento2_connector=self._row.connector,
                direction=Direction.EXPORTED, shipment_id=made.shipment_id,
            )  # fmt: skip
            OrderShipment.objects.filter(pk=self._shipment.pk).update(updated_at=timezone.now())
            note_shipment(self._order, made)
            _note(self._shipment, self._row, HistoryOutcome.DONE, message, {"shipment_id": made.shipment_id})

        return ledger.finished(record, result={"shipment_id": made.shipment_id})


def _rejection(problem: UnsendableShipment) -> Rejected:
    return Rejected(str(problem), remedy=problem.remedy, sent=False)


def item_id_of(item: OrderItem) -> int | None:
    """Magento's item_id of an order item, None when it isn't known."""
    return item.magento.item_id if hasattr(item, "magento") else None


def note_shipment(order: Order, made: Shipped) -> None:
    """Note on the order what Magento has shipped of it. Inside a transaction."""
    entry = OrdersMagento.objects.select_for_update().get(order=order)
    if made.shipment_id not in entry.shipment_id:
        entry.shipment_id = [*entry.shipment_id, made.shipment_id]
    entry.shipment_created = entry.shipment_created or made.lines.nothing_left
    entry.save(update_fields=["shipment_id", "shipment_created"])
    for item in OrderItem.objects.filter(order=order).select_related("magento"):
        line = made.lines.get(item_id_of(item) or 0)
        shipped = min(line.shipped, item.quantity) if line is not None else Decimal(0)
        if shipped > item.quantity_shipped:
            OrderItem.objects.filter(pk=item.pk).update(quantity_shipped=shipped)
    status = Order.objects.values_list("status", flat=True).get(pk=order.pk)
    reached = OrderStatus.SHIPPED if made.lines.nothing_left else OrderStatus.PARTIALLY_SHIPPED
    if advance(status, reached) != status:
        Order.objects.filter(pk=order.pk).update(status=reached, updated_at=timezone.now())


def park(shipment: OrderShipment, row: Magento2Seller, error: Rejected) -> Outcome:
    """A lasting refusal: the unit waits for a person, and the order's history says why."""

    def record() -> None:
        _note(shipment, row, HistoryOutcome.FAILED, error.message, {})

    answer = error.raw.decode("utf-8", "replace")[:4000]
    return Outcome(
        UnitStatus.FAILED, reason=error.message, remedy=error.remedy, answer=answer, step=Step.INTENT,
        result={"refused": fingerprint_of(shipment)}, effect=record,
    )  # fmt: skip


def _note(
    shipment: OrderShipment, row: Magento2Seller, outcome: HistoryOutcome, message: str, ids: dict[str, Any]
) -> None:
    write_history(FLOW, place_of(row), shipment.order_id, outcome, message, {"shipment": shipment.pk, **ids})
