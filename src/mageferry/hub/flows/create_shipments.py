"""Create shipments: hub -> Magento, `POST /V1/order/{id}/ship`, for orders that came from Magento.

Switch: an account linked to the row (account_magento), the row's Create Shipments, the connector's Active. Each
shipment that isn't in Magento yet is a unit of work. Those of one order go one at a time, oldest first, so that what is
left of the order is known before each.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.db.models import Exists, OuterRef, QuerySet

from mageferry.hub.connectors.models import Direction, Magento2Seller
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.attempts import DUE, attempt_written
from mageferry.hub.flows.order_import import linked_account
from mageferry.hub.flows.outcomes import outcome_of
from mageferry.hub.flows.registry import Flow, declare
from mageferry.hub.flows.runner import SetupProblem
from mageferry.hub.flows.shipment_export import (
    FLOW,
    ShipmentExport,
    fingerprint_of,
    park,
)
from mageferry.hub.flows.writing import settle_seconds_of, write_once
from mageferry.hub.trade.models import Account, OrderShipment, OrderShipmentItem
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles
from mageferry.hub.work.leases import Held, LeaseHeld, holding
from mageferry.hub.work.ledger import Claim, Intent, Outcome
from mageferry.hub.work.models import OPEN, Step, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.magento import MagentoError, Rejected

ONE_SHIPMENT = "create_shipment"
# Orders share lanes, so that there is a bounded number of leases; few orders wait for another one's.
LANES = 64
LANE_SECONDS = 60.0
PATIENCE_SECONDS = 30.0
RECORDING_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 0.05


def create_shipments(row: Magento2Seller, run: Run, held: Held) -> None:
    """Write a unit for each shipment that is to be created and work on them, each order's in their order."""
    account = linked_account(row)
    if account is None:
        raise SetupProblem(
            f"No account is linked to {row}: nobody knows which orders came from it.",
            "Link an account to this row under Accounts in Magento.",
        )
    queues: dict[int, list[int]] = {}
    for pk, order_id in waiting_shipments(row, account).values_list("pk", "order"):
        queues.setdefault(order_id, []).append(pk)
    run.expect(sum(map(len, queues.values())))
    while queues:
        held.check()
        keys = _attempt_first_of_each(row, queues, run)
        _drop_done(queues, keys, run)


def waiting_shipments(row: Magento2Seller, account: Account) -> QuerySet[OrderShipment]:
    """Shipments of orders that came through this row which aren't in Magento yet, the oldest first.

    One without items isn't ready: a person is still entering it.
    """
    return OrderShipment.objects.filter(
        Exists(OrderShipmentItem.objects.filter(shipment=OuterRef("pk"))),
        magento__isnull=True,
        order__account=account,
        order__magento__magento2_connector=row.connector_id,
        order__magento__direction=Direction.DOWNLOADED,
    ).order_by("shipped_at", "id")


def intent_for(shipment: OrderShipment, row: Magento2Seller) -> Intent:
    """The unit of one shipment: one for ever."""
    return Intent(
        ONE_SHIPMENT, f"Shipment of order {shipment.order} of {shipment.order.account}", row.connector.key,
        _key(shipment.pk), payload={"shipment": shipment.pk}, priority=CREATE_SHIPMENTS.priority,
    )  # fmt: skip


def _key(pk: int) -> str:
    return f"{ONE_SHIPMENT}:{pk}"


def _attempt_first_of_each(row: Magento2Seller, queues: dict[int, list[int]], run: Run) -> dict[int, str]:
    """One attempt for the first shipment of each order; returns the keys of the units by order."""
    first = {order_id: pks.pop(0) for order_id, pks in queues.items()}
    shipments = list(
        OrderShipment.objects.filter(pk__in=first.values())
        .select_related("order__account")
        .prefetch_related("items", "tracks")
    )
    ledger.write_intents([intent_for(shipment, row) for shipment in shipments])
    _reopen(shipments)
    attempt_written(row.connector, run, ONE_SHIPMENT, [_key(pk) for pk in first.values()])
    return {order_id: _key(pk) for order_id, pk in first.items()}


def _reopen(shipments: Sequence[OrderShipment]) -> None:
    """Failed units are due again, except those of shipments that were refused and are still as they were."""
    by_key = {_key(shipment.pk): shipment for shipment in shipments}
    failed = WorkUnit.objects.filter(dedup_key__in=by_key, status=UnitStatus.FAILED)
    again = [
        pk
        for pk, key, result in failed.values_list("pk", "dedup_key", "result")
        if result.get("refused") != fingerprint_of(by_key[key or ""])
    ]
    ledger.try_again(again)


def _drop_done(queues: dict[int, list[int]], keys: dict[int, str], run: Run) -> None:
    """Orders with nothing more, and those whose shipment is to be tried again later: the others wait for it."""
    unsettled = set(
        WorkUnit.objects.filter(dedup_key__in=keys.values(), status__in=DUE).values_list(
            "dedup_key", flat=True
        )
    )
    for order_id, key in keys.items():
        if key in unsettled:
            run.add(skipped=len(queues[order_id]))
        if key in unsettled or not queues[order_id]:
            del queues[order_id]


@handles(ONE_SHIPMENT)
def create_shipment(held: Claim) -> Outcome:
    """One attempt to bring one shipment into Magento."""
    shipment = (
        OrderShipment.objects.select_related("order__account", "order__magento", "magento")
        .prefetch_related("items__order_item__magento", "tracks")
        .filter(pk=held.unit.payload["shipment"])
        .first()
    )
    if shipment is None:
        return ledger.skipped("The shipment is gone from the hub.")
    if hasattr(shipment, "magento"):
        return ledger.finished(result={"shipment_id": shipment.magento.shipment_id})
    row = _row_for(shipment)
    if isinstance(row, Outcome):
        return row
    entity_id = shipment.order.magento.entity_id
    lane = f"shipments:{row.connector.key}:{entity_id % LANES}"
    try:
        with holding(lane, LANE_SECONDS, patience_seconds=PATIENCE_SECONDS) as in_turn:
            return _take_turn(held, shipment, row, in_turn)
    except LeaseHeld:
        return ledger.retry("Another shipment of the order is on its way.", PATIENCE_SECONDS)


def _row_for(shipment: OrderShipment) -> Magento2Seller | Outcome:
    order = shipment.order
    if not hasattr(order, "magento") or order.magento.direction != Direction.DOWNLOADED:
        return ledger.skipped("The order didn't come from a Magento.")
    row = (
        Magento2Seller.objects.select_related("connector")
        .filter(account_magento__account=order.account_id, connector=order.magento.magento2_connector_id)
        .first()
    )
    if row is None or not row.create_shipments or not row.connector.active:
        return ledger.failed(
            f"No active connector creates the shipments of {order.account}.",
            "Switch on Create Shipments on the row that this account is linked to and Active on its connector.",
        )
    return row


def _take_turn(held: Claim, shipment: OrderShipment, row: Magento2Seller, in_turn: Held) -> Outcome:
    """An attempt while nobody else ships this order."""
    if _earlier_is_unclear(held):
        return ledger.retry(
            "An earlier shipment of the order was sent and its answer never came: it is settled first.",
            settle_seconds_of(row.connector),
        )
    with open_shop(row.connector) as shop:
        export = ShipmentExport(shop, shipment, row, lambda: in_turn.renew(LANE_SECONDS))
        try:
            return write_once(held, export.write(held))
        except Rejected as error:
            return park(shipment, row, error)
        except MagentoError as error:
            return outcome_of(error, held)


def _earlier_is_unclear(held: Claim) -> bool:
    """Whether another shipment of the same order may or may not be in Magento: what is left isn't known then."""
    if held.sent_before:
        return False
    sent = WorkUnit.objects.filter(
        kind=ONE_SHIPMENT, subject=held.unit.subject, status__in=OPEN, step__in=(Step.SENDING, Step.UNCLEAR)
    ).exclude(pk=held.pk)
    # Its turn ends a moment before its result is written.
    deadline = time.monotonic() + RECORDING_SECONDS
    while sent.filter(status=UnitStatus.PROCESSING).exists() and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN_SECONDS)
    return sent.exists()


CREATE_SHIPMENTS = declare(
    Flow(FLOW, "Create Shipments", "create_shipments", 10, create_shipments, needs_account_link=True)
)
