"""Export orders: hub -> Magento.

Each order is a unit of work, written when the order is found ready (export_unit.py has the attempt). With Export
Orders Per Seller each row takes the items of its own seller, and each of these parts is a unit: one that failed is
tried again by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Exists, OuterRef, QuerySet

from mageferry.hub.connectors.models import InvoiceRule, Magento2Seller, OrderPartMagento
from mageferry.hub.flows.attempts import attempt_all, attempt_each
from mageferry.hub.flows.export_records import FLOW, ONE_ORDER, unit_key
from mageferry.hub.flows.export_routes import check_row, exporting_rows
from mageferry.hub.flows.export_unit import export_order
from mageferry.hub.flows.history import place_of
from mageferry.hub.flows.invoice_orders import ONE_INVOICE
from mageferry.hub.flows.registry import Flow, declare
from mageferry.hub.trade.history import write_history
from mageferry.hub.trade.models import HistoryOutcome, Order, OrderItem, OrderStatus
from mageferry.hub.work.leases import Held
from mageferry.hub.work.ledger import Intent
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run


def export_orders(row: Magento2Seller, run: Run, held: Held) -> None:
    """Write a unit for each order that is ready, then work until all of them had an attempt."""
    check_row(row)
    orders: Iterable[Order] = ready_orders(row).only("pk", "marketplace_order_id", "error")
    if row.export_orders_per_seller:
        late = set(_with_late_items(row).values_list("pk", flat=True))
        orders = [order for order in _not_parked_by_this_part(list(orders), row) if order.pk not in late]
        run.add(skipped=_note_left_out(row))
    intents = [intent_for(order, row) for order in orders]
    held.check()
    attempt_each(row.connector, run, ONE_ORDER, intents)
    if row.connector.invoice_rule == InvoiceRule.CALL:
        due = WorkUnit.objects.filter(
            kind=ONE_INVOICE, connector_key=row.connector.key, status__in=(UnitStatus.NEW, UnitStatus.RETRY)
        )
        attempt_all(row.connector, run, ONE_INVOICE, list(due.values_list("pk", flat=True)), count=False)


def _orders_of_account(row: Magento2Seller) -> QuerySet[Order]:
    statuses = row.connector.exporting_statuses or [OrderStatus.READY_FOR_SHIPPING]
    return Order.objects.filter(account=row.account_id, status__in=statuses).order_by("placed_at", "id")


def ready_orders(row: Magento2Seller) -> QuerySet[Order]:
    """Orders of the row's account that wait to be exported: right status, not exported, no error standing.

    Of a row that exports per seller: those with items of its seller; an error may stand that another part has caused.
    """
    waiting = OrderItem.objects.filter(order=OuterRef("pk"), magento_exported=False)
    if row.export_orders_per_seller:
        return _orders_of_account(row).filter(Exists(waiting.filter(seller=row.seller_id)))
    return _orders_of_account(row).filter(Exists(waiting), error="", magento__isnull=True)


def _not_parked_by_this_part(orders: Sequence[Order], row: Magento2Seller) -> list[Order]:
    """Without the orders whose error stands in this part's way: its own, or one that isn't any part's."""
    broken = [order.pk for order in orders if order.error]
    if not broken:
        return list(orders)
    sellers = {each.seller_id for each in exporting_rows(row.account_id or 0)} - {row.seller_id, None}
    keys = {
        pk: ({unit_key(pk, row.seller_id)}, {unit_key(pk, seller) for seller in sellers}) for pk in broken
    }
    failed = set(
        WorkUnit.objects.filter(
            dedup_key__in=[key for own, others in keys.values() for key in own | others],
            status=UnitStatus.FAILED,
        ).values_list("dedup_key", flat=True)
    )
    free = {pk for pk, (own, others) in keys.items() if not own & failed and others & failed}
    return [order for order in orders if not order.error or order.pk in free]


def _note_left_out(row: Magento2Seller) -> int:
    """How many orders hold items that no part takes: without a seller, or given to one whose part is in Magento
    already. Said once in the history of each."""
    waiting = OrderItem.objects.filter(order=OuterRef("pk"), magento_exported=False)
    orders = _orders_of_account(row).prefetch_related("items")
    nobodys = orders.filter(Exists(waiting.filter(seller=None, bundle_sku="")))
    late = _with_late_items(row).prefetch_related("items")
    told = [
        _tell_once(
            order, row, None, "Items without a seller aren't exported: {}. Choose their seller on the order."
        )
        for order in nobodys
    ]
    told += [
        _tell_once(
            order,
            row,
            row.seller_id,
            f"The part of {row.seller} is in Magento already; items that came later aren't exported: {{}}. "
            "Add them in Magento by hand.",
        )
        for order in late
    ]
    return len(set(told))


def _with_late_items(row: Magento2Seller) -> QuerySet[Order]:
    parts = OrderPartMagento.objects.filter(order=OuterRef("pk"), magento2_seller__seller=row.seller_id)
    return ready_orders(row).filter(Exists(parts))


def _tell_once(order: Order, row: Magento2Seller, seller_pk: int | None, text: str) -> int:
    left = [
        item.sku for item in order.items.all() if not item.magento_exported and item.seller_id == seller_pk
    ]
    message = text.format(", ".join(left))
    if not order.history.filter(flow=FLOW, message=message).exists():
        write_history(FLOW, place_of(row), order.pk, HistoryOutcome.SKIPPED, message, {})
    return order.pk


def intent_for(order: Order, row: Magento2Seller) -> Intent:
    """The unit of one order, or of the row's part of it."""
    seller = row.seller if row.export_orders_per_seller else None
    payload = {"order": order.pk} | ({"seller": seller.pk} if seller else {})
    subject = f"Order {order.marketplace_order_id} of {row.account}" + (f": {seller}" if seller else "")
    return Intent(
        ONE_ORDER, subject, row.connector.key, unit_key(order.pk, seller.pk if seller else None),
        payload=payload, priority=10,
    )  # fmt: skip


EXPORT_ORDERS = declare(Flow(FLOW, "Export Orders", "export_orders", 10, export_orders))

__all__ = ["EXPORT_ORDERS", "export_order", "export_orders", "intent_for", "ready_orders"]
