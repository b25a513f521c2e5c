"""What a refund leaves in the hub: Return ID, history, what is refunded of the order and its items; or an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone

from mageferry.hub.connectors.models import Magento2Seller, OrderPaymentMagento2
from mageferry.hub.flows.history import place_of
from mageferry.hub.mapping.amounts import ZERO, cents
from mageferry.hub.trade.history import write_history
from mageferry.hub.trade.models import (
    HistoryOutcome,
    Order,
    OrderItem,
    OrderPayment,
    PaymentType,
)
from mageferry.hub.work import ledger
from mageferry.hub.work.ledger import Outcome
from mageferry.hub.work.models import UnitStatus
from mageferry.magento.types import CreditMemo, money

FLOW = "create_return"


@dataclass(frozen=True, slots=True)
class Made:
    """A credit memo, among all of its order."""

    memo: CreditMemo
    all_of_order: Sequence[CreditMemo]

    @property
    def units_by_item_id(self) -> Mapping[int, Decimal]:
        """Units refunded so far, by Magento's item_id."""
        units: dict[int, Decimal] = {}
        for memo in self.all_of_order:
            for item in memo.get("items") or ():
                item_id = int(item["order_item_id"])
                units[item_id] = units.get(item_id, ZERO) + money(item.get("qty") or 0)
        return units

    @property
    def totals_by_id(self) -> Mapping[int | None, Decimal]:
        """What each credit memo came to."""
        return {int(memo["entity_id"]): money(memo.get("grand_total") or 0) for memo in self.all_of_order}


def adopt_memo(refund: OrderPayment, row: Magento2Seller, made: Made, message: str) -> Outcome:
    """Take a credit memo over: finished."""
    return_id = int(made.memo["entity_id"])
    total = money(made.memo.get("grand_total") or 0)
    text = f"{message} Credit memo {made.memo.get('increment_id') or return_id} of {cents(total)} {refund.currency}."
    if cents(total) != cents(refund.amount):
        text += f" The refund is of {cents(refund.amount)}: Magento's currencies allow no closer amount."

    def record() -> None:
        OrderPaymentMagento2.objects.update_or_create(
            order_payment=refund,
            defaults={"return_created": True, "return_id": return_id, "error": "", "remedy": ""},
        )
        OrderPayment.objects.filter(pk=refund.pk).update(updated_at=timezone.now())
        _count_refunded(refund.order, made)
        _write_history(refund, row, HistoryOutcome.DONE, text, {"return_id": return_id})

    return ledger.finished(record, result={"return_id": return_id, "grand_total": str(cents(total))})


def made_before(refund: OrderPayment) -> list[Decimal]:
    """The amounts of the order's other refunds that are in Magento."""
    others = _in_magento(refund.order).exclude(pk=refund.pk)
    return list(others.values_list("amount", flat=True))


def _in_magento(order: Order) -> QuerySet[OrderPayment]:
    return OrderPayment.objects.filter(
        order=order, payment_type=PaymentType.REFUND, magento__return_created=True
    )


def _count_refunded(order: Order, made: Made) -> None:
    """Totals as they are, never added to: reading the order from the shop may have counted this refund already.

    Credit memos count with what they came to: between two currencies that may be a cent beside the refund's amount.
    """
    totals = made.totals_by_id
    refunded = sum(
        (
            totals.get(return_id, amount)
            for amount, return_id in _in_magento(order).values_list("amount", "magento__return_id")
        ),
        ZERO,
    )
    Order.objects.filter(pk=order.pk).update(total_refunded=refunded, updated_at=timezone.now())
    units = made.units_by_item_id
    entity_id = made.memo.get("order_id")
    for item in OrderItem.objects.filter(order=order, connector_id=entity_id).select_related("magento"):
        if hasattr(item, "magento") and units.get(item.magento.item_id, ZERO) > item.quantity_refunded:
            item.quantity_refunded = units[item.magento.item_id]
            item.save(update_fields=["quantity_refunded"])


def park_refund(
    refund: OrderPayment, row: Magento2Seller | None, reason: str, remedy: str, raw: bytes = b""
) -> Outcome:
    """A lasting refusal: the refund keeps the error until a person clears it, or changes the refund."""

    def record() -> None:
        OrderPaymentMagento2.objects.update_or_create(
            order_payment=refund, defaults={"error": reason, "remedy": remedy}
        )
        OrderPayment.objects.filter(pk=refund.pk).update(updated_at=timezone.now())
        _write_history(refund, row, HistoryOutcome.FAILED, reason, {})

    answer = raw.decode("utf-8", "replace")[:4000] if raw else ""
    return Outcome(UnitStatus.FAILED, reason=reason, remedy=remedy, answer=answer, effect=record)


def _write_history(
    refund: OrderPayment,
    row: Magento2Seller | None,
    outcome: HistoryOutcome,
    message: str,
    ids: dict[str, int],
) -> None:
    write_history(FLOW, place_of(row), refund.order_id, outcome, message, {"refund": refund.pk, **ids})
