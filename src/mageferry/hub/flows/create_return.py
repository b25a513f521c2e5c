"""Create return: hub -> Magento, an offline credit memo by `POST /V1/order/{id}/refund`.

Each order payment of type Refund is a unit of work. Magento has no key that keeps a refund from being made twice, so
the unit's own mark goes along as the credit memo's comment: after an unclear answer the order's credit memos are
read, and the one with the mark is adopted. As a second safeguard the unit remembers what was refunded of the order
before its request; should that have grown without a credit memo bearing the mark, a person decides.
Refunds of one order are made one after the other, since each is worked out from what the last one left.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.attempts import attempt_each
from mageferry.hub.flows.outcomes import outcome_of
from mageferry.hub.flows.registry import Flow, declare
from mageferry.hub.flows.return_records import FLOW, Made, adopt_memo, made_before, park_refund
from mageferry.hub.flows.return_targets import ReturnTarget, target_of, waiting_refunds, with_order
from mageferry.hub.flows.writing import Write, as_text, settle_seconds_of, write_once
from mageferry.hub.mapping.amounts import cents
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.models import mappings_of
from mageferry.hub.mapping.refund_mappings import map_refund_body
from mageferry.hub.mapping.refund_out import RefundPlan, UnrefundableOrder, plan_refund, wish_of
from mageferry.hub.mapping.sale import Sale, read_sale
from mageferry.hub.trade.models import OrderPayment
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles
from mageferry.hub.work.leases import Held, LeaseHeld, holding
from mageferry.hub.work.ledger import Claim, Intent, Outcome
from mageferry.hub.work.models import OPEN, Step, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.magento import Magento, MagentoError, SearchCriteria
from mageferry.magento.errors import Rejected, Unclear
from mageferry.magento.order_documents import document_path, refund_body, refund_order

ONE_RETURN = "create_return"
TURN_SECONDS = 5.0


def create_returns(row: Magento2Seller, run: Run, held: Held) -> None:
    """Write a unit for each refund that waits, then work until all had an attempt: of each order one at a time."""
    tried: set[int] = set()
    while batch := list(_one_of_each_order(row, tried)):
        held.check()
        attempt_each(row.connector, run, ONE_RETURN, [intent_for(refund, row) for refund in batch])
        tried.update(refund.pk for refund in batch)


def _one_of_each_order(row: Magento2Seller, tried: set[int]) -> Iterator[OrderPayment]:
    orders = set()
    for refund in waiting_refunds(row):
        if refund.pk not in tried and refund.order_id not in orders:
            orders.add(refund.order_id)
            yield refund


def intent_for(refund: OrderPayment, row: Magento2Seller) -> Intent:
    """The unit of one refund, with the mark that its credit memo will bear."""
    mark = f"Mageferry refund {refund.pk}-{secrets.token_hex(6)}"
    return Intent(
        ONE_RETURN, f"Refund of order {refund.order} of {refund.order.account}", row.connector.key,
        f"{ONE_RETURN}:{refund.pk}", payload={"refund": refund.pk, "mark": mark}, priority=20,
    )  # fmt: skip


@handles(ONE_RETURN)
def create_return(held: Claim) -> Outcome:
    """One attempt to make one credit memo."""
    refund = with_order(OrderPayment.objects.filter(pk=held.unit.payload["refund"])).first()
    if refund is None:
        return ledger.skipped("The refund is gone from the hub.")
    if hasattr(refund, "magento") and refund.magento.return_created:
        return ledger.finished(result={"return_id": refund.magento.return_id})
    try:
        target = target_of(refund)
    except UnrefundableOrder as problem:
        return park_refund(refund, None, problem.reason, problem.remedy)
    if not (target.row.create_return and target.row.connector.active):
        return ledger.failed(
            f"Create Return is switched off for {target.row}.",
            "Tick Create Return on this row, and Active on its connector, then retry.",
        )
    try:
        with holding(f"refund:{target.row.connector.key}:{target.entity_id}"):
            return _attempt(held, refund, target)
    except LeaseHeld:
        return ledger.retry("Another refund of this order is being made.", TURN_SECONDS)


def _attempt(held: Claim, refund: OrderPayment, target: ReturnTarget) -> Outcome:
    others = WorkUnit.objects.filter(kind=ONE_RETURN, subject=held.unit.subject, status__in=OPEN)
    if others.exclude(pk=held.pk).filter(step__in=(Step.SENDING, Step.UNCLEAR)).exists():
        return ledger.retry(
            "It isn't known yet whether an earlier refund of this order was made.", 4 * TURN_SECONDS
        )
    with open_shop(target.row.connector) as shop:
        work = _Return(held, refund, target, shop)
        try:
            return write_once(held, work.write())
        except Rejected as error:
            return park_refund(refund, target.row, error.message, error.remedy, error.raw)
        except MagentoError as error:
            outcome = outcome_of(error, held)
            if not held.sent_before:
                return outcome
            # The shop couldn't be asked what became of the request, and may still be at it.
            return replace(outcome, wait_seconds=max(outcome.wait_seconds, work.settle_seconds))


class _Return:
    """One attempt at one credit memo: what is asked of the shop."""

    def __init__(self, held: Claim, refund: OrderPayment, target: ReturnTarget, shop: Magento) -> None:
        self._held, self._refund, self._target, self._shop = held, refund, target, shop
        self._mark: str = held.unit.payload["mark"]
        self._was_sent = held.sent_before
        self.settle_seconds = settle_seconds_of(target.row.connector)

    def write(self) -> Write[Made]:
        """A second request makes a second credit memo: a late one is given as long as an answer may take."""
        return Write(
            request=f"POST {document_path(self._target.entity_id, 'refund')}",
            send=self._send,
            look=self._look,
            adopt=lambda made, message: adopt_memo(self._refund, self._target.row, made, message),
            done="Refunded in Magento.",
            settle_seconds=self.settle_seconds,
        )

    def _send(self) -> Made:
        sale = self._sale()
        try:
            body = self._body(plan_refund(sale, wish_of(self._refund, made_before(self._refund))))
        except UnrefundableOrder as problem:
            raise Rejected(problem.reason, remedy=problem.remedy, sent=False) from None
        ledger.record_step(
            self._held, Step.SENDING,
            request=as_text("POST", document_path(sale.entity_id, "refund"), body),
            facts={"refunded_before": str(sale.amounts["total_refunded"])},
        )  # fmt: skip
        number = self._shop.run(refund_order(self._shop.plans, sale.entity_id, body))
        try:
            found = self._look()
        except MagentoError as error:
            raise Unclear(
                f"Credit memo {number} was made; reading it failed: {error.message}", remedy=error.remedy
            ) from error
        if found is None:
            raise Unclear(f"Credit memo {number} was made; the shop doesn't show it yet.", remedy="")
        return found

    def _body(self, plan: RefundPlan) -> dict[str, Any]:
        """What is sent, with the connector's field mappings. Raises UnrefundableOrder."""
        row = self._target.row
        body = refund_body(
            plan.quantities,
            shipping_amount=plan.shipping_amount,
            adjustment_positive=plan.adjustment_positive,
            adjustment_negative=plan.adjustment_negative,
            return_to_stock_items=plan.return_to_stock_items,
            notify=row.sent_customer_notification,
            comment=self._mark,
        )
        return map_refund_body(body, self._refund, row, mappings_of(row.connector))

    def _sale(self) -> Sale:
        """The order as it is in the shop now, checked against what an earlier attempt left behind."""
        try:
            sale = read_sale(self._shop.orders.get(self._target.entity_id))
        except UnusableRecord as problem:
            raise Rejected(problem.reason, remedy=problem.remedy, sent=False) from None
        currency = self._refund.currency
        if currency and sale.currency and currency != sale.currency:
            raise Rejected(
                f"The refund is in {currency}, the order in Magento in {sale.currency}.",
                remedy=f"Enter the refund in {sale.currency}, then retry the unit of work.",
                sent=False,
            )
        before = self._held.unit.payload.get("refunded_before")
        if self._was_sent and before is not None and sale.amounts["total_refunded"] != Decimal(before):
            raise Rejected(
                f"After a request whose answer never came, what is refunded of order {sale.increment_id} went from "
                f"{cents(Decimal(before))} to {cents(sale.amounts['total_refunded'])}, and no credit memo bears the "
                "mark of this refund.",
                remedy="Look at the order's credit memos in Magento. If one of them is this refund, skip the unit of "
                "work; if not, retry it.",
                sent=False,
            )
        return sale

    def _look(self) -> Made | None:
        """The credit memo that bears this unit's mark."""
        criteria = SearchCriteria().where("order_id", "eq", self._target.entity_id)
        memos = list(self._shop.credit_memos.all(criteria))
        for memo in memos:
            if any(self._mark in str(comment.get("comment")) for comment in memo.get("comments") or ()):
                return Made(memo, memos)
        return None


CREATE_RETURN = declare(Flow(FLOW, "Create Return", "create_return", 20, create_returns))
