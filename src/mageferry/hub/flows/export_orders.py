"""Export orders: hub -> Magento, `PUT /V1/orders/create`.

Each order is a unit of work, written when the order is found ready. An unclear answer is settled by looking for the
order in the shop. Magento itself refuses a second order with the same increment_id in one store; that number is the
same at each attempt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from mageferry.hub.connectors.models import Direction, Magento2Seller, OrderItemMagento, OrdersMagento
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.outcomes import outcome_of
from mageferry.hub.flows.registry import Flow, declare
from mageferry.hub.flows.runner import SetupProblem
from mageferry.hub.flows.writing import Write, as_text, write_once
from mageferry.hub.mapping.models import mappings_of
from mageferry.hub.mapping.order_amounts import UnsendableOrder, sent_items
from mageferry.hub.mapping.order_mappings import map_entity
from mageferry.hub.mapping.order_out import build_entity, external_item_id, increment_id_for
from mageferry.hub.trade.models import HistoryOutcome, Order, OrderHistory, OrderItem, OrderStatus
from mageferry.hub.work import ledger
from mageferry.hub.work.dispatch import drain, handles
from mageferry.hub.work.leases import Held
from mageferry.hub.work.ledger import Claim, Intent, Outcome
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.magento.client import Magento
from mageferry.magento.errors import AlreadyExists, MagentoError, Rejected

FLOW = "export_orders"
ONE_ORDER = "export_order"


def export_orders(row: Magento2Seller, run: Run, held: Held) -> None:
    """Write a unit for each order that is ready, then work until all of them had an attempt."""
    _check_row(row)
    intents = [intent_for(order, row) for order in ready_orders(row).only("pk", "marketplace_order_id")]
    ledger.write_intents(intents)
    keys = [intent.dedup_key for intent in intents]
    _reopen(keys)
    due = list(
        WorkUnit.objects.filter(
            dedup_key__in=keys, status__in=(UnitStatus.NEW, UnitStatus.RETRY, UnitStatus.PROCESSING)
        ).values_list("pk", flat=True)
    )
    run.expect(len(due))
    run.add(skipped=len(keys) - len(due))
    held.check()
    drain(
        [ONE_ORDER],
        only=due,
        threads=row.connector.concurrency,
        done=lambda unit, end: _count(run, unit, end),
    )


def _count(run: Run, held: Claim, outcome: Outcome) -> None:
    run.add(read=1)
    if outcome.status == UnitStatus.FINISHED:
        run.add(created=1)
    elif outcome.status == UnitStatus.SKIPPED:
        run.add(skipped=1)
    else:
        run.fail(f"{held.unit.subject}: {outcome.reason}")


def ready_orders(row: Magento2Seller) -> QuerySet[Order]:
    """Orders of the row's account that wait to be exported: right status, not exported, no error standing."""
    waiting_items = OrderItem.objects.filter(order=OuterRef("pk"), magento_exported=False)
    return Order.objects.filter(
        Exists(waiting_items),
        account=row.account_id,
        status__in=row.connector.exporting_statuses or [OrderStatus.READY_FOR_SHIPPING],
        error="",
        magento__isnull=True,
    ).order_by("placed_at", "id")


def intent_for(order: Order, row: Magento2Seller) -> Intent:
    """The unit of one order: one for ever, whatever row it goes through."""
    return Intent(
        ONE_ORDER, f"Order {order.marketplace_order_id} of {row.account}", row.connector.key,
        f"{ONE_ORDER}:{order.pk}", payload={"order": order.pk}, priority=10,
    )  # fmt: skip


def _reopen(keys: Sequence[str | None]) -> None:
    """Orders whose error a person cleared: their parked units are due again."""
    parked = WorkUnit.objects.filter(dedup_key__in=keys, status=UnitStatus.FAILED).values_list(
        "pk", flat=True
    )
    ledger.try_again(list(parked))


def _check_row(row: Magento2Seller) -> None:
    if row.account_id is None:
        raise SetupProblem(
            f"{row} exports orders but has no account.", "Choose the account whose orders it exports."
        )
    if row.export_orders_per_seller:
        raise SetupProblem(
            f"{row} has Export Orders Per Seller on, which this version doesn't do yet.",
            "Switch it off to export whole orders.",
        )
    others = Magento2Seller.objects.filter(
        account=row.account_id, export_orders=True, connector__active=True
    ).exclude(pk=row.pk)
    if others.exists():
        names = "; ".join(str(other) for other in [row, *others.select_related("connector")])
        raise SetupProblem(
            f"Several rows export the orders of {row.account}: {names}. An order must go to one place only.",
            "Leave Export Orders on one of them, or switch on Export Orders Per Seller.",
        )


@handles(ONE_ORDER)
def export_order(held: Claim) -> Outcome:
    """One attempt to bring one order into Magento."""
    order = (
        Order.objects.select_related("account", "account__marketplace")
        .prefetch_related("items", "addresses", "payments")
        .filter(pk=held.unit.payload["order"])
        .first()
    )
    if order is None:
        return ledger.skipped("The order is gone from the hub.")
    if hasattr(order, "magento"):
        return ledger.finished(result={"entity_id": order.magento.entity_id})
    row = _row_for(order)
    if isinstance(row, Outcome):
        return row
    try:
        entity = map_entity(build_entity(order, row), order, row, mappings_of(row.connector))
    except UnsendableOrder as problem:
        return _park(order, row, str(problem), problem.remedy)
    with open_shop(row.connector) as shop:
        try:
            return write_once(held, _write(shop, order, row, entity))
        except AlreadyExists as error:
            return _adopt_existing(shop, order, row, error)
        except Rejected as error:
            return _park(order, row, error.message, error.remedy, error.raw)
        except MagentoError as error:
            return outcome_of(error, held)


def _write(
    shop: Magento, order: Order, row: Magento2Seller, entity: dict[str, Any]
) -> Write[Mapping[str, Any]]:
    return Write(
        request=as_text(*shop.plans.addressed("PUT", "/V1/orders/create", {"entity": entity})),
        send=lambda: shop.orders.create(entity),
        look=lambda: find_exported(shop, order, row),
        adopt=lambda made, message: _adopt(order, row, made, message),
        done="Exported to Magento.",
    )


def _row_for(order: Order) -> Magento2Seller | Outcome:
    rows = list(
        Magento2Seller.objects.select_related("connector").filter(
            account=order.account_id, export_orders=True, connector__active=True
        )[:2]
    )
    if len(rows) == 1:
        return rows[0]
    if rows:
        return ledger.failed(
            f"Several rows export the orders of {order.account}.",
            "Leave Export Orders on one of them, then retry.",
        )
    return ledger.failed(
        f"No active connector exports the orders of {order.account}.",
        "Switch on Export Orders on a row with this account and Active on its connector, then retry.",
    )


def find_exported(shop: Magento, order: Order, row: Magento2Seller) -> Mapping[str, Any] | None:
    """The order in the shop, if an earlier attempt created it. Looked for by what we always send."""
    found = shop.orders.find(ext_order_id=order.marketplace_order_id, store_id=row.store_id)
    number = increment_id_for(order, row)
    if number is not None:
        # ext_order_id isn't unique in Magento; the number is.
        found = [each for each in found if each.get("increment_id") == number]
    return min(found, key=lambda each: int(each["entity_id"])) if found else None


def _adopt_existing(shop: Magento, order: Order, row: Magento2Seller, error: AlreadyExists) -> Outcome:
    """Magento has this number in this store already: ours from an earlier attempt, or somebody else's."""
    found = find_exported(shop, order, row)
    if found is not None:
        return _adopt(order, row, found, "It was in Magento already.")
    return _park(
        order,
        row,
        f"{error.message}: number {increment_id_for(order, row)} belongs to another order of store {row.store_id}.",
        "Look at the order with this number in Magento. If it is another one, change the account's code or the "
        "marketplace order id, then retry.",
        error.raw,
    )


def _adopt(order: Order, row: Magento2Seller, made: Mapping[str, Any], message: str) -> Outcome:
    entity_id = int(made["entity_id"])
    item_ids = match_items(sent_items(list(order.items.all())), made.get("items") or [])
    payment = made.get("payment") or {}

    def record() -> None:
        OrdersMagento.objects.create(
            order=order, magento2_connector=row.connector, direction=Direction.EXPORTED, entity_id=entity_id,
            increment_id=made.get("increment_id") or "", store_id=row.store_id,
            order_payment_id=payment.get("entity_id"),
        )  # fmt: skip
        OrderItemMagento.objects.bulk_create(
            OrderItemMagento(order_item_id=pk, item_id=item_id) for pk, item_id in item_ids.items()
        )
        order.items.update(magento_exported=True, connector_id=entity_id)
        Order.objects.filter(pk=order.pk).update(
            connector_id=entity_id, error="", remedy="", updated_at=timezone.now()
        )
        _write_history(order, row, HistoryOutcome.DONE, message, {"entity_id": entity_id})

    return ledger.finished(record, result={"entity_id": entity_id, "increment_id": made.get("increment_id")})


def match_items(items: Sequence[OrderItem], made: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Our item -> Magento's item_id: by ext_order_item_id, then by SKU in order; the same SKU twice stays two."""
    left = list(made)
    matched: dict[int, int] = {}
    for field, wanted in (("ext_order_item_id", external_item_id), ("sku", _sku)):
        for item in items:
            found = next((each for each in left if each.get(field) == wanted(item)), None)
            if item.pk not in matched and found is not None:
                matched[item.pk] = int(found["item_id"])
                left.remove(found)
    return matched


def _sku(item: OrderItem) -> str:
    return item.sku


def _park(order: Order, row: Magento2Seller, reason: str, remedy: str, raw: bytes | None = None) -> Outcome:
    """A lasting refusal: the order keeps the error until a person clears it."""

    def record() -> None:
        Order.objects.filter(pk=order.pk).update(error=reason, remedy=remedy, updated_at=timezone.now())
        _write_history(order, row, HistoryOutcome.FAILED, reason, {})

    answer = raw.decode("utf-8", "replace")[:4000] if raw else ""
    return Outcome(
        UnitStatus.FAILED, reason=reason, remedy=remedy, answer=answer, step=Step.INTENT, effect=record
    )


def _write_history(
    order: Order, row: Magento2Seller, outcome: HistoryOutcome, message: str, ids: dict[str, Any]
) -> None:
    OrderHistory.objects.create(
        order=order, at=timezone.now(), flow=FLOW, connector=row.connector.name,
        target_store=f"{row.store_id} {row.store_code}".strip(), outcome=outcome, ids=ids, message=message,
    )  # fmt: skip


EXPORT_ORDERS = declare(Flow(FLOW, "Export Orders", "export_orders", 10, export_orders))
