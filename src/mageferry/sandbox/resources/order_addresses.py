"""The address of an order: what Magento checks before it is saved, and the service that saves one."""

from __future__ import annotations

import re

from mageferry.sandbox.orderbook import Record, record, shipping_of
from mageferry.sandbox.php import Value, is_empty
from mageferry.sandbox.refusals import Refusal
from mageferry.sandbox.routing import Call

_REQUIRED = {
    "parent_id": "Parent Order Id",
    "postcode": "Zip code",
    "lastname": "Last name",
    "street": "Street",
    "city": "City",
    "email": "Email",
    "country_id": "Country",
    "firstname": "First Name",
    "address_type": "Address Type",
    "telephone": "Phone Number",
}
EMAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.?[A-Za-z0-9]\Z")


def check_address(address: Record) -> None:
    """Raises Refusal (400) with one line for every field that is missing or wrong."""
    warnings = [
        f'"{label}" is required. Enter and try again.'
        for name, label in _REQUIRED.items()
        if name not in address
    ]
    if not EMAIL.match(str(address.get("email") or "")):
        warnings.append("Email has a wrong format")
    if address.get("address_type") not in ("billing", "shipping"):
        warnings.append("Address type doesn't match required options")
    if warnings:
        raise Refusal(400, "We can't save the address:\n%1", ["\n".join(warnings)])


def save_order_address(call: Call) -> Value:
    """``PUT /V1/orders/:parent_id``: change an address of the order, or add one that nothing refers to."""
    address = dict(call.record("entity"))
    address["parent_id"] = call.number("parent_id")
    check_address(address)
    order = call.shop.orders.load(call.number("parent_id"))
    if is_empty(address.get("entity_id")):
        address["entity_id"] = call.shop.orders.next_id("address")
    elif order is not None:
        for own in (record(order.get("billing_address")), record(shipping_of(order).get("address"))):
            if own.get("entity_id") == address["entity_id"]:
                own.update({name: value for name, value in address.items() if value is not None})
        call.shop.orders.save(order)
    return {name: value for name, value in address.items() if value is not None}
