"""Entering refunds: what is checked before one is kept, and the one way to make it from a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from mageferry.hub.trade.models import Order, OrderItem, OrderRefund, OrderRefundItem

_ZERO = Decimal(0)


class UnusableRefund(ValueError):
    """A refund that can't be entered: everything that is wrong with it."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problems))


class OtherRefund(ValueError):
    """There is a refund with this transaction id, and it is another one."""


@dataclass(frozen=True, slots=True)
class RefundEntry:
    """A refund as it is asked for: amounts in the order's currency, quantities by the position of the item.

    `transaction_id` tells a refund that is asked for twice.
    """

    amount: Decimal
    shipping_amount: Decimal = _ZERO
    quantities: Mapping[int, Decimal] | None = None
    back_to_stock: frozenset[int] = frozenset()
    transaction_id: str = ""


def problems_of(
    order: Order,
    amount: Decimal,
    shipping_amount: Decimal,
    quantities: Mapping[OrderItem, Decimal],
    pk: int | None,
) -> Iterator[str]:
    """What is wrong with a refund of these items of this order; `pk` is its own once it is stored."""
    others = OrderRefund.objects.filter(order=order).exclude(pk=pk or 0)
    refunded = others.aggregate(total=Sum("amount"))["total"] or _ZERO
    if amount <= 0:
        yield "The amount must be more than 0."
    elif amount + refunded > order.grand_total:
        yield (
            f"The amount must be at most {order.grand_total - refunded:.2f} {order.currency}: that is what is left of "
            "the order after its other refunds."
        )
    if not 0 <= shipping_amount <= order.shipping_amount:
        yield f"The shipping part must be from 0 to {order.shipping_amount:.2f} {order.currency}."
    for item, quantity in quantities.items():
        if item.order_id != order.pk:
            yield f"{item.sku} isn't part of order {order}."
            continue
        given_back = OrderRefundItem.objects.filter(order_item=item).exclude(refund=pk or 0)
        counted = given_back.aggregate(total=Sum("quantity"))["total"] or _ZERO
        left = item.quantity - max(counted, item.quantity_refunded)
        if not 0 < quantity <= left:
            yield f"Of {item.sku} (item {item.position}) at most {left.normalize():f} can be given back."


def enter_refund(order_pk: int, entry: RefundEntry) -> tuple[OrderRefund, bool]:
    """Keep a refund; the flow Create Return makes its credit memo. The refund, and whether it is new: one with this
    transaction id that was entered before is given back.

    Raises UnusableRefund, OtherRefund, and Order.DoesNotExist.
    """
    with transaction.atomic():
        # Holding the order, so that two askers at the same time are one after the other.
        order = Order.objects.select_for_update().get(pk=order_pk)
        known, quantities = check_refund(order, entry)
        if known is not None:
            return known, False
        refund = OrderRefund.objects.create(
            order=order, amount=entry.amount, shipping_amount=entry.shipping_amount, currency=order.currency,
            transaction_id=entry.transaction_id, paid_at=timezone.now(),
        )  # fmt: skip
        OrderRefundItem.objects.bulk_create(
            OrderRefundItem(
                refund=refund, order_item=item, quantity=quantity,
                back_to_stock=item.position in entry.back_to_stock,
            )
            for item, quantity in quantities.items()
        )  # fmt: skip
        return refund, True


def check_refund(order: Order, entry: RefundEntry) -> tuple[OrderRefund | None, dict[OrderItem, Decimal]]:
    """The same refund as it was entered before, if it was, and the quantities by item. Raises as enter_refund does."""
    known = _entered_before(order, entry)
    items = {item.position: item for item in order.items.all()}
    wanted = entry.quantities or {}
    unknown = [str(position) for position in wanted if position not in items]
    if unknown:
        raise UnusableRefund([f"Order {order} has no item {', '.join(unknown)}."])
    quantities = {items[position]: quantity for position, quantity in wanted.items()}
    problems = (
        []
        if known is not None
        else list(problems_of(order, entry.amount, entry.shipping_amount, quantities, None))
    )
    if problems:
        raise UnusableRefund(problems)
    return known, quantities


def _entered_before(order: Order, entry: RefundEntry) -> OrderRefund | None:
    if not entry.transaction_id:
        return None
    refund = OrderRefund.objects.filter(order=order, transaction_id=entry.transaction_id).first()
    if refund is None:
        return None
    given_back = {
        returned.order_item.position: (returned.quantity, returned.back_to_stock)
        for returned in refund.refund_items.select_related("order_item")
    }
    wanted = {
        position: (quantity, position in entry.back_to_stock)
        for position, quantity in (entry.quantities or {}).items()
    }
    if (refund.amount, refund.shipping_amount, given_back) != (entry.amount, entry.shipping_amount, wanted):
        raise OtherRefund(
            f"Refund {refund.pk} of order {order} has the transaction id {entry.transaction_id} and is another one: "
            "give each refund a transaction id of its own."
        )
    return refund
