"""An order that others tell of, as rows of the hub's tables that aren't stored yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from mageferry.hub.exchange.errors import RefusedEntity, UnknownSubject
from mageferry.hub.exchange.order_shapes import Address, OrderEntity
from mageferry.hub.exchange.shapes import place
from mageferry.hub.mapping.amounts import ZERO, cents
from mageferry.hub.mapping.order_amounts import UnsendableOrder, close_amounts, sent_items
from mageferry.hub.trade.models import (
    Account,
    AddressKind,
    Order,
    OrderAddress,
    OrderItem,
    OrderPayment,
    PaymentType,
    Seller,
)

CONTACT = (
    "customer_email", "customer_firstname", "customer_lastname", "shipping_service", "shipping_description",
)  # fmt: skip
_UNIT_TAX = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """The rows of an order, not stored."""

    order: Order
    items: Sequence[OrderItem]
    addresses: Sequence[OrderAddress]
    payment: OrderPayment

    def check_amounts(self) -> None:
        """Raises RefusedEntity with the sums when its amounts don't add up."""
        try:
            close_amounts(self.order, self.items)
        except UnsendableOrder as problem:
            raise RefusedEntity(
                f"The amounts of order {self.order} don't add up: {'; '.join(problem.problems)}.",
                "Correct the amounts where the order comes from, or what the transformer makes of them; the discount "
                "is a positive amount, and tax is never part of a price.",
            ) from None


def draft_order(entity: OrderEntity, account: Account) -> OrderDraft:
    """The rows of an order; sums that were left out are added up. Raises UnknownSubject for an unknown seller."""
    sellers = [_seller_of(item.seller, index) for index, item in enumerate(entity.items)]
    items = [
        OrderItem(
            position=position,
            unit_tax=item.tax_of_one.quantize(_UNIT_TAX),
            row_total=(item.price * item.quantity).quantize(Decimal("0.0001")),
            seller=seller,
            **item.model_dump(exclude={"unit_tax", "tax_amount", "seller"}),
        )
        for position, (item, seller) in enumerate(zip(entity.items, sellers, strict=True), 1)
    ]
    order = _order(entity, account, items)
    addresses = [
        OrderAddress(kind=kind, **address.model_dump())
        for kind, address in (
            (AddressKind.BILLING, entity.billing_address),
            (AddressKind.SHIPPING, entity.shipping_address),
        )
        if address is not None and address != Address()
    ]
    return OrderDraft(order, items, addresses, _payment(entity))


def _order(entity: OrderEntity, account: Account, items: Sequence[OrderItem]) -> Order:
    counted = sent_items(items) if _components_carry_money(items) else items
    tax, discount, subtotal = entity.tax_amount, entity.discount_amount, entity.subtotal
    if subtotal is None:
        subtotal = sum((cents(item.price * item.quantity) for item in counted), ZERO)
    if tax is None:
        tax = sum((cents(item.unit_tax * item.quantity) for item in counted), ZERO)
    if discount is None:
        discount = sum((cents(item.discount_amount) for item in counted), ZERO)
    return Order(
        account=account,
        remote_updated_at=entity.updated_at,
        subtotal=subtotal,
        tax_amount=tax,
        discount_amount=discount,
        **entity.model_dump(
            include={
                "marketplace_order_id", "status", "remote_status", "placed_at", "currency", "shipping_amount",
                "grand_total", *CONTACT,
            }
        ),
    )  # fmt: skip


def _components_carry_money(items: Sequence[OrderItem]) -> bool:
    return any(item.price for item in items if item.bundle_sku)


def _payment(entity: OrderEntity) -> OrderPayment:
    """What the buyer pays; an order whose payment isn't told is paid to the marketplace."""
    paid = entity.payment
    return OrderPayment(
        payment_type=PaymentType.PAYMENT,
        method=paid.method if paid else "",
        amount=entity.grand_total if paid is None or paid.amount is None else paid.amount,
        amount_paid=paid.amount_paid if paid else ZERO,
        shipping_amount=entity.shipping_amount,
        currency=entity.currency,
        transaction_id=paid.transaction_id if paid else "",
        paid_at=paid.paid_at if paid else None,
    )


def _seller_of(text: str, index: int) -> Seller | None:
    if not text:
        return None
    found = list(Seller.objects.filter(Q(code__iexact=text) | Q(name__iexact=text))[:2])
    if len(found) != 1:
        raise UnknownSubject(
            "seller",
            f"{place('items', index, 'seller')}: the hub has {'several' if found else 'no'} sellers {text!r}.",
            "Add the seller under Sellers, or correct the name.",
        )
    return found[0]
