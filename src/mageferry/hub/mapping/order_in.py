"""A Magento order, read into the hub's terms. Pure: no database, no network.

Configurable and bundle: the hub keeps the SKU of the child and the money of the parent. A configurable becomes one
line; a bundle becomes one line per component whose amounts add up to the bundle's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from mageferry.hub.mapping.amounts import FOUR_PLACES, ZERO, spread
from mageferry.hub.mapping.fields import Fields, Texts, UnusableRecord
from mageferry.hub.mapping.order_records import AddressRecord, ItemRecord, OrderRecord, PaymentRecord
from mageferry.hub.mapping.statuses import from_magento

EIGHT_PLACES = Decimal("0.00000001")


def read_order(raw: Mapping[str, Any], status_map: Mapping[str, str]) -> OrderRecord:
    """A row of GET /V1/orders as an OrderRecord.

    Raises UnusableRecord saying which field of which order can't be used.
    """
    order = _fields_of(raw)
    increment_id, currency, status, state, ext_order_id, email, firstname, lastname, description = _texts_of(
        order
    )
    subtotal, shipping_amount, tax, discount, grand_total, refunded = order.amounts(ORDER_AMOUNTS)
    items = _items(raw, order.subject)
    shipping = _first_shipping(raw)
    addresses = _addresses(raw, shipping, order.subject)
    (service,) = Fields(shipping, order.subject, "shipping.").texts(SHIPPING_TEXTS)
    return OrderRecord(
        entity_id=order.id("entity_id"),
        increment_id=increment_id,
        store_id=order.optional_id("store_id"),
        ext_order_id=ext_order_id,
        status=_status(status, state, status_map, items, order.subject),
        remote_status=status,
        currency=currency,
        subtotal=subtotal,
        shipping_amount=shipping_amount,
        tax_amount=tax,
        # Magento writes an order's discount as a negative number.
        discount_amount=-discount + ZERO,
        grand_total=grand_total,
        total_refunded=refunded,
        customer_email=email,
        customer_firstname=firstname or (addresses[0].firstname if addresses else ""),
        customer_lastname=lastname or (addresses[0].lastname if addresses else ""),
        shipping_service=service,
        shipping_description=description,
        placed_at=order.moment("created_at"),
        remote_updated_at=order.moment("updated_at"),
        items=items,
        addresses=addresses,
        payment=_payment(raw, order.subject),
    )


def _fields_of(raw: Mapping[str, Any]) -> Fields:
    if not isinstance(raw, dict):
        raise UnusableRecord(
            "The shop sent something that isn't an order.", "Look at the shop's answer in the request log."
        )
    return Fields(raw, f"Order {raw.get('increment_id') or raw.get('entity_id') or 'without a number'}")


def _texts_of(order: Fields) -> Sequence[str]:
    texts = order.texts(ORDER_TEXTS)
    for name, text in zip(("increment_id", "order_currency_code"), texts, strict=False):
        if not text:
            raise order.refusal(name, "is missing")
    return texts


ORDER_TEXTS = Texts({
    "increment_id": 50, "order_currency_code": 3, "status": 64, "state": 32, "ext_order_id": 64,
    "customer_email": 255, "customer_firstname": 255, "customer_lastname": 255, "shipping_description": 255,
})  # fmt: skip
ORDER_AMOUNTS = (
    "subtotal", "shipping_amount", "tax_amount", "discount_amount", "grand_total", "total_refunded",
)  # fmt: skip
SHIPPING_TEXTS = Texts({"method": 120})


def _status(
    status: str, state: str, status_map: Mapping[str, str], items: Sequence[ItemRecord], subject: str
) -> str:
    def partly_shipped() -> bool:
        return any(item.quantity_shipped for item in items) and any(
            item.quantity_shipped + max(item.quantity_refunded, item.quantity_cancelled) < item.quantity
            for item in items
        )

    try:
        return from_magento(status, state, status_map, partly_shipped)
    except LookupError:
        raise UnusableRecord(
            f"{subject} has the status {status!r} (state {state!r}): the connector's status map doesn't know it.",
            "Add this status to the status map of the connector.",
        ) from None


def _first_shipping(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    extension = raw.get("extension_attributes")
    assignments = extension.get("shipping_assignments") if isinstance(extension, dict) else None
    first = assignments[0] if isinstance(assignments, list) and assignments else None
    shipping = first.get("shipping") if isinstance(first, dict) else None
    return shipping if isinstance(shipping, dict) else {}


ADDRESS_TEXTS = Texts({
    "firstname": 255, "lastname": 255, "company": 255, "city": 255, "region": 255, "region_code": 64, "postcode": 255,
    "country_id": 2, "telephone": 255, "email": 255, "vat_id": 255,
})  # fmt: skip


def _addresses(raw: Mapping[str, Any], shipping: Mapping[str, Any], subject: str) -> list[AddressRecord]:
    found = (("billing", raw.get("billing_address")), ("shipping", shipping.get("address")))
    return [_address(kind, address, subject) for kind, address in found if isinstance(address, dict)]


def _address(kind: str, raw: Mapping[str, Any], subject: str) -> AddressRecord:
    firstname, lastname, company, *rest = Fields(raw, subject, f"{kind} address ").texts(ADDRESS_TEXTS)
    street = raw.get("street")
    lines = street if isinstance(street, list) else [street] if street else []
    text = "\n".join([str(line) for line in lines if line is not None]).replace("\x00", "")
    return AddressRecord(kind, firstname, lastname, company, text, *rest)


PAYMENT_TEXTS = Texts({"method": 128})
PAYMENT_AMOUNTS = ("amount_ordered", "amount_paid", "shipping_amount")


def _payment(raw: Mapping[str, Any], subject: str) -> PaymentRecord | None:
    payment = raw.get("payment")
    if not isinstance(payment, dict):
        return None
    fields = Fields(payment, subject, "payment ")
    (method,) = fields.texts(PAYMENT_TEXTS)
    amount, paid, shipping = fields.amounts(PAYMENT_AMOUNTS)
    return PaymentRecord(fields.id("entity_id"), method, amount, paid, shipping)


def _items(raw: Mapping[str, Any], subject: str) -> list[ItemRecord]:
    rows = raw.get("items")
    if not isinstance(rows, list) or not rows:
        raise UnusableRecord(
            f"{subject} has no items.",
            "An order without items isn't taken over. Mend it in the shop; it is read again with the next run.",
        )
    if set(map(type, rows)) != {dict}:
        raise UnusableRecord(f"{subject} has an item that can't be read.")
    lines = {line.item_id: line for line in [_line(row, subject) for row in rows]}
    if len(lines) != len(rows):
        raise UnusableRecord(f"{subject} has two items with the same item_id.")
    children: dict[int, list[ItemRecord]] = {}
    for line in lines.values():
        if line.parent_item_id in lines and line.parent_item_id != line.item_id:
            children.setdefault(line.parent_item_id, []).append(line)
        else:
            line.parent_item_id = None
    if not children:
        return list(lines.values())
    tops = [line for line in lines.values() if line.parent_item_id is None]
    return [each for line in tops for each in _merge(line, children.get(line.item_id, []))]


def _merge(line: ItemRecord, children: list[ItemRecord]) -> list[ItemRecord]:
    """What the hub keeps of an item and its children."""
    if not children:
        return [line]
    if line.product_type == "bundle" or len(children) > 1:
        return _components(line, children)
    line.sku = children[0].sku
    return [line]


def _components(bundle: ItemRecord, components: list[ItemRecord]) -> list[ItemRecord]:
    """A bundle's lines. With a fixed price Magento puts all money on the bundle: it is shared out by quantity."""
    for component in components:
        component.bundle_sku = bundle.sku
    weights = [component.quantity for component in components]
    if not any(component.row_total for component in components) and bundle.row_total:
        for component, share in zip(components, spread(bundle.row_total, weights, FOUR_PLACES), strict=True):
            component.row_total = share
        for component, share in zip(
            components, spread(bundle.price * bundle.quantity, weights, FOUR_PLACES), strict=True
        ):
            component.price = (share / component.quantity).quantize(FOUR_PLACES)
    if not any(component.unit_tax for component in components) and bundle.unit_tax:
        for component, share in zip(
            components, spread(bundle.unit_tax * bundle.quantity, weights, FOUR_PLACES), strict=True
        ):
            component.unit_tax = (share / component.quantity).quantize(EIGHT_PLACES)
    if not any(component.discount_amount for component in components) and bundle.discount_amount:
        for component, share in zip(
            components, spread(bundle.discount_amount, weights, FOUR_PLACES), strict=True
        ):
            component.discount_amount = share
    return components


ITEM_TEXTS = Texts({"sku": 255, "name": 255, "product_type": 32})
ITEM_AMOUNTS = (
    "qty_ordered", "qty_shipped", "qty_refunded", "qty_canceled", "price", "tax_amount", "tax_percent",
    "discount_amount", "row_total",
)  # fmt: skip


def _line(row: Mapping[str, Any], subject: str) -> ItemRecord:
    item = Fields(row, subject, "item ", "sku")
    sku, name, product_type = item.texts(ITEM_TEXTS)
    quantity, shipped, refunded, cancelled, price, tax, tax_percent, discount, row_total = item.amounts(
        ITEM_AMOUNTS
    )
    if not sku:
        raise item.refusal("sku", "is missing")
    if quantity <= 0:
        raise item.refusal("qty_ordered", f"is {quantity.normalize():f}")
    unit_tax = (tax / quantity).quantize(EIGHT_PLACES) if tax else ZERO
    return ItemRecord(
        item.id("item_id"), item.optional_id("parent_item_id"), sku, name, product_type or "simple", "", quantity,
        shipped, refunded, cancelled, price, unit_tax, tax_percent, discount, row_total,
        item.mapping("product_option"),
    )  # fmt: skip
