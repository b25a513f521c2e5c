"""Orders that others tell of: each once per account, by its number.

A known order changes as far as it may: its status goes forward only; contact, addresses and payment change until it is
in Magento; items and amounts until it is ready for shipping, since then it may be on its way to Magento at any moment.
What comes later than that is left as it is and said in the order's history.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import IntegrityError, transaction

from mageferry.hub.exchange.known_orders import note_told, order_of
from mageferry.hub.exchange.order_changes import Changes, changes_of, status_changes
from mageferry.hub.exchange.order_drafts import OrderDraft, draft_order
from mageferry.hub.exchange.order_shapes import OrderEntity, OrderStatusEntity
from mageferry.hub.exchange.plans import EntityPlan, Kept, Outcome
from mageferry.hub.trade.models import Account, Order, OrderAddress, OrderItem, OrderPayment, OrderStatus


def plan_order(entity: OrderEntity, account: Account) -> EntityPlan:
    """Raises RefusedEntity when its amounts don't add up, UnknownSubject for an unknown seller."""
    draft = draft_order(entity, account)
    subject = f"Order {entity.marketplace_order_id} of {account}"
    stored = _stored(entity, account)
    if stored is None:
        draft.check_amounts()
        foreseen = Outcome.CREATED
    else:
        foreseen = changes_of(stored, draft, entity).outcome
    return EntityPlan("order", subject, foreseen, lambda: _store(entity, draft, account, subject))


def plan_order_status(entity: OrderStatusEntity, account: Account) -> EntityPlan:
    """Raises UnknownSubject when there is no such order."""
    order = order_of(account, entity.marketplace_order_id)
    subject = f"Status of order {order} of {account}"

    def changes(stored: Order) -> Changes:
        return status_changes(stored, entity.status, entity.remote_status, entity.updated_at, entity.reason)

    @transaction.atomic
    def store() -> Kept:
        return _change(Order.objects.select_for_update().get(pk=order.pk), account, subject, changes)

    return EntityPlan("order_status", subject, changes(order).outcome, store)


def _stored(entity: OrderEntity, account: Account, *, lock: bool = False) -> Order | None:
    orders = Order.objects.select_for_update(of=("self",)) if lock else Order.objects.all()
    return orders.filter(account=account, marketplace_order_id=entity.marketplace_order_id).first()


@transaction.atomic
def _store(entity: OrderEntity, draft: OrderDraft, account: Account, subject: str) -> Kept:
    stored = _stored(entity, account, lock=True)
    if stored is None:
        draft.check_amounts()
        try:
            with transaction.atomic():
                return Kept(Outcome.CREATED, subject, _create(draft, account))
        except IntegrityError:
            # Somebody else told of it just now.
            stored = _stored(entity, account, lock=True)
            if stored is None:
                raise
    return _change(stored, account, subject, lambda order: changes_of(order, draft, entity))


def _create(draft: OrderDraft, account: Account) -> int:
    order = draft.order
    order.pk = None
    order.save(force_insert=True)
    parts: list[OrderItem | OrderAddress | OrderPayment] = [*draft.items, *draft.addresses, draft.payment]
    for part in parts:
        part.order = order
    OrderItem.objects.bulk_create(draft.items)
    OrderAddress.objects.bulk_create(draft.addresses)
    draft.payment.save(force_insert=True)
    note_told(order, account, f"Taken over, status {OrderStatus(order.status).label}.")
    return order.pk


def _change(order: Order, account: Account, subject: str, find: Callable[[Order], Changes]) -> Kept:
    changes = find(order)
    changes.write(order, account)
    return Kept(changes.outcome, subject, order.pk)
