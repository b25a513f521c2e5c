"""What a refund leaves in the hub: Return ID, history, what is refunded of the order and its items; or an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone

from mageferry.hub.connectors.models import Magento2Seller, OrderPaymentMagento2
from mageferry.hub.mapping.amounts import ZERO, cents
from mageferry.hub.trade.models import (
    HistoryOutcome,
    Order,
    OrderHistory,
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


def _count_refunded(order: Order, made: Made) -> None:
    """Totals as they are, never added to: reading the order from the shop may have counted this refund already."""
    created = OrderPayment.objects.filter(
        order=order, payment_type=PaymentType.REFUND, magento__return_created=True
    )
    refunded = created.aggregate(total=Sum("amount"))["total"] or ZERO
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
    OrderHistory.objects.create(
        order=refund.order, at=timezone.now(), flow=FLOW, connector=row.connector.name if row else "",
        target_store=f"{row.store_id} {row.store_code}".strip() if row else "", outcome=outcome,
        ids={"refund": refund.pk, **ids}, message=message,
    )  # fmt: skip
