"""Refunds that others tell of: for an order of the hub, each taken once by its transaction id."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints

from mageferry.hub.exchange.errors import RefusedEntity
from mageferry.hub.exchange.known_orders import order_of
from mageferry.hub.exchange.order_documents import OrderDocument
from mageferry.hub.exchange.order_shapes import Currency
from mageferry.hub.exchange.plans import EntityPlan
from mageferry.hub.exchange.shapes import Cents, Entity, OrderNumber, place, said
from mageferry.hub.exchange.shipments import ChosenItem
from mageferry.hub.trade.chosen_items import choose_items
from mageferry.hub.trade.models import Account, Order
from mageferry.hub.trade.refunds import OtherRefund, RefundEntry, UnusableRefund, check_refund, enter_refund


class ReturnedItem(ChosenItem):
    """How many of an item are given back."""

    back_to_stock: bool = said("Whether they go back to stock.", False)


class RefundContent(Entity):
    """What is given back. Without items: money only, or everything when the amount is all that is left."""

    transaction_id: Annotated[str, StringConstraints(min_length=1, max_length=128)] = said(
        "The refund's own id: asked for twice with it, it is made once."
    )
    amount: Annotated[Cents, Field(gt=0)] = said("All that is given back.")
    shipping_amount: Cents = said("The part of it that is shipping, without tax.", Decimal(0))
    items: list[ReturnedItem] = said("What comes back.", list, max_length=1000)

    def entry_for(self, order: Order) -> RefundEntry:
        """The refund with its items by position. Raises UnusableRefund naming the places that are wrong."""
        items = {item.pk: item for item in order.items.all()}
        quantities: dict[int, Decimal] = {}
        back_to_stock, problems = set(), []
        for index, each in enumerate(self.items):
            chosen, wrong = choose_items([each.wanted], list(items.values()))
            problems += [f"{place('items', index)}: {problem}." for problem in wrong]
            for pk, quantity in chosen.items():
                position = items[pk].position
                if position in quantities:
                    problems.append("An item is named twice: name it once, with the whole quantity.")
                quantities[position] = quantity
                back_to_stock |= {position} if each.back_to_stock else set()
        if problems:
            raise UnusableRefund(problems)
        return RefundEntry(
            self.amount, self.shipping_amount, quantities, frozenset(back_to_stock), self.transaction_id
        )


class RefundEntity(RefundContent):
    """A refund of an order. The flow Create Return makes its credit memo in Magento."""

    marketplace_order_id: Annotated[OrderNumber, Field(description="The order's number where it was bought.")]
    currency: Currency | None = said("Currency of the amounts: the order's, else it is refused.", None)


def plan_refund(entity: RefundEntity, account: Account) -> EntityPlan:
    """Raises RefusedEntity when it doesn't fit its order, UnknownSubject when there is no such order."""
    order = order_of(account, entity.marketplace_order_id)
    if entity.currency not in (None, order.currency):
        raise RefusedEntity(
            f"currency {entity.currency} isn't that of order {order}, {order.currency}.",
            "Give the amounts in the order's currency.",
        )
    told = f"Refund {entity.transaction_id} of {entity.amount.normalize():f} {order.currency} told."
    return OrderDocument(
        "refund",
        f"Refund {entity.transaction_id}",
        told,
        order,
        account,
        lambda: check_refund(order, entity.entry_for(order))[0],
        lambda: enter_refund(order.pk, entity.entry_for(order)),
        (OtherRefund, UnusableRefund),
    ).plan()
