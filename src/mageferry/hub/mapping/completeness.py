"""What an order lacks before Magento would take it: everything by name, before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.trade.models import AddressKind, Order, OrderAddress, OrderPayment, PaymentType

# What Magento requires of each address of an order (Magento\Sales\Model\Order\Address\Validator); it asks for the
# e-mail address, too, and takes the customer's.
_ADDRESS_FIELDS = {
    "firstname": "first name",
    "lastname": "last name",
    "street": "street",
    "city": "city",
    "postcode": "post code (where a country has none, enter -)",
    "country_id": "country",
    "telephone": "telephone number",
}


def addresses_of(order: Order) -> tuple[OrderAddress | None, OrderAddress | None]:
    """Billing and shipping address; each stands in for the other when that is missing."""
    by_kind = {address.kind: address for address in order.addresses.all()}
    billing, shipping = by_kind.get(AddressKind.BILLING), by_kind.get(AddressKind.SHIPPING)
    return billing or shipping, shipping or billing


def payment_of(order: Order) -> OrderPayment | None:
    """What the buyer paid."""
    return next((paid for paid in order.payments.all() if paid.payment_type == PaymentType.PAYMENT), None)


def shipping_method_for(order: Order, row: Magento2Seller) -> str:
    """Magento's carrier_method for the order's shipping service; the connector's own when the map has none."""
    connector = row.connector
    mapped: str = connector.shipping_method_map.get(order.shipping_service) or connector.shipping_method
    return mapped


def missing_of(order: Order, row: Magento2Seller) -> list[str]:
    """Everything that is missing or wrong, one phrase each; `order` with items, addresses, payments prefetched."""
    return list(_missing(order, row))


def _missing(order: Order, row: Magento2Seller) -> Iterator[str]:
    yield from _missing_of_addresses(order)
    if not order.customer_email:
        yield "the customer's e-mail is missing"
    elif not _is_email(order.customer_email):
        yield f"the customer's e-mail {order.customer_email!r} isn't an e-mail address"
    if not order.items.all():
        yield "it has no items"
    if payment_of(order) is None:
        yield "it has no payment"
    if not shipping_method_for(order, row):
        yield "no shipping method is known for it: set the connector's shipping method"


def _missing_of_addresses(order: Order) -> Iterator[str]:
    billing, shipping = addresses_of(order)
    if billing is None or shipping is None:
        yield "the billing address is missing"
        return
    for kind, address in (("billing", billing), ("shipping", shipping)):
        if kind == "shipping" and address is billing:
            # Named once is enough.
            return
        for field, label in _ADDRESS_FIELDS.items():
            if not getattr(address, field).strip():
                yield f"the {kind} {label} is missing"


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
