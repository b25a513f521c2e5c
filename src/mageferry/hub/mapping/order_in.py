"""A Magento order, read into the hub's terms. Pure: no database, no network.

Configurable and bundle: the hub keeps the SKU of the child and the money of the parent. A configurable becomes one
line; a bundle becomes one line per component whose amounts add up to the bundle's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mageferry.hub.mapping.amounts import FOUR_PLACES, ZERO, spread
from mageferry.hub.mapping.statuses import from_magento
from mageferry.magento.types import moment, money

EIGHT_PLACES = Decimal("0.00000001")


class UnusableRecord(Exception):
    """A remote record that can't be taken over: what is wrong with it and what a person can do."""

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason, self.remedy = reason, remedy
        super().__init__(reason)


@dataclass(slots=True)
class AddressRecord:
    kind: str
    firstname: str
    lastname: str
    company: str
    street: str
    city: str
    region: str
    region_code: str
    postcode: str
    country_id: str
    telephone: str
    email: str
    vat_id: str


@dataclass(slots=True)
class ItemRecord:
    item_id: int
    parent_item_id: int | None
    sku: str
    name: str
    product_type: str
    bundle_sku: str
    quantity: Decimal
    quantity_shipped: Decimal
    quantity_refunded: Decimal
    quantity_cancelled: Decimal
    price: Decimal
    unit_tax: Decimal
    tax_percent: Decimal
    discount_amount: Decimal
    row_total: Decimal
    product_option: dict[str, Any]


@dataclass(slots=True)
class PaymentRecord:
    entity_id: int
    method: str
    amount: Decimal
    amount_paid: Decimal
    shipping_amount: Decimal


@dataclass(slots=True)
class OrderRecord:
    entity_id: int
    increment_id: str
    store_id: int | None
    ext_order_id: str
    status: str
    remote_status: str
    currency: str
    subtotal: Decimal
    shipping_amount: Decimal
    tax_amount: Decimal
    discount_amount: Decimal
    grand_total: Decimal
    total_refunded: Decimal
    customer_email: str
    customer_firstname: str
    customer_lastname: str
    shipping_service: str
    shipping_description: str
    placed_at: dt.datetime
    remote_updated_at: dt.datetime
    items: list[ItemRecord]
    addresses: list[AddressRecord]
    payment: PaymentRecord | None

    @property
    def nothing_left_to_ship(self) -> bool:
        return all(
            item.quantity_shipped + max(item.quantity_refunded, item.quantity_cancelled) >= item.quantity
            for item in self.items
            if item.product_type not in ("virtual", "downloadable")
        )


def read_order(raw: Mapping[str, Any], status_map: Mapping[str, str]) -> OrderRecord:
    """A row of GET /V1/orders as an OrderRecord.

    Raises UnusableRecord saying which field of which order can't be used.
    """
    if not isinstance(raw, Mapping):
        raise UnusableRecord(
            "The shop sent something that isn't an order.", "Look at the shop's answer in the request log."
        )
    reader = _Reader(raw, f"Order {raw.get('increment_id') or raw.get('entity_id') or 'without a number'}")
    items = _items(raw, reader)
    return OrderRecord(
        entity_id=reader.id("entity_id"),
        increment_id=reader.text("increment_id", 50, required=True),
        store_id=reader.id("store_id") if raw.get("store_id") is not None else None,
        ext_order_id=reader.text("ext_order_id", 64),
        status=_status(raw, status_map, items, reader),
        remote_status=reader.text("status", 64),
        currency=reader.text("order_currency_code", 3, required=True),
        subtotal=reader.money("subtotal"),
        shipping_amount=reader.money("shipping_amount"),
        tax_amount=reader.money("tax_amount"),
        # Magento writes an order's discount as a negative number.
        discount_amount=-reader.money("discount_amount") + ZERO,
        grand_total=reader.money("grand_total"),
        total_refunded=reader.money("total_refunded"),
        placed_at=reader.moment("created_at"),
        remote_updated_at=reader.moment("updated_at"),
        items=items,
        payment=_payment(raw, reader),
        **_people(raw, reader),
    )


def _status(
    raw: Mapping[str, Any], status_map: Mapping[str, str], items: Sequence[ItemRecord], reader: _Reader
) -> str:
    partly = any(item.quantity_shipped for item in items) and any(
        item.quantity_shipped + max(item.quantity_refunded, item.quantity_cancelled) < item.quantity
        for item in items
    )
    status, state = reader.text("status", 64), reader.text("state", 32)
    try:
        found = from_magento(status, state, status_map, partly_shipped=partly)
    except LookupError:
        raise UnusableRecord(
            f"{reader.subject} has the status {status!r} (state {state!r}): "
            "the connector's status map doesn't know it.",
            "Add this status to the status map of the connector.",
        ) from None
    return found


def _people(raw: Mapping[str, Any], reader: _Reader) -> dict[str, Any]:
    billing = raw.get("billing_address")
    shipping = _first_shipping(raw)
    addresses = []
    if isinstance(billing, Mapping):
        addresses.append(_address("billing", billing, reader.subject))
    if isinstance(shipping.get("address"), Mapping):
        addresses.append(_address("shipping", shipping["address"], reader.subject))
    payer = addresses[0] if addresses else None
    return {
        "customer_email": reader.text("customer_email", 255),
        "customer_firstname": reader.text("customer_firstname", 255) or (payer.firstname if payer else ""),
        "customer_lastname": reader.text("customer_lastname", 255) or (payer.lastname if payer else ""),
        "shipping_service": _Reader(shipping, reader.subject, "shipping.").text("method", 120),
        "shipping_description": reader.text("shipping_description", 255),
        "addresses": addresses,
    }


def _first_shipping(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    extension = raw.get("extension_attributes")
    assignments = extension.get("shipping_assignments") if isinstance(extension, Mapping) else None
    first = assignments[0] if isinstance(assignments, list) and assignments else None
    shipping = first.get("shipping") if isinstance(first, Mapping) else None
    return shipping if isinstance(shipping, Mapping) else {}


def _address(kind: str, raw: Mapping[str, Any], subject: str) -> AddressRecord:
    reader = _Reader(raw, subject, f"{kind} address ")
    street = raw.get("street")
    lines = street if isinstance(street, list) else [street] if street else []
    return AddressRecord(
        kind=kind,
        firstname=reader.text("firstname", 255),
        lastname=reader.text("lastname", 255),
        company=reader.text("company", 255),
        street="\n".join(str(line) for line in lines if line is not None).replace("\x00", ""),
        city=reader.text("city", 255),
        region=reader.text("region", 255),
        region_code=reader.text("region_code", 64),
        postcode=reader.text("postcode", 255),
        country_id=reader.text("country_id", 2),
        telephone=reader.text("telephone", 255),
        email=reader.text("email", 255),
        vat_id=reader.text("vat_id", 255),
    )


def _payment(raw: Mapping[str, Any], reader: _Reader) -> PaymentRecord | None:
    payment = raw.get("payment")
    if not isinstance(payment, Mapping):
        return None
    inner = _Reader(payment, reader.subject, "payment ")
    return PaymentRecord(
        entity_id=inner.id("entity_id"),
        method=inner.text("method", 128),
        amount=inner.money("amount_ordered"),
        amount_paid=inner.money("amount_paid"),
        shipping_amount=inner.money("shipping_amount"),
    )


def _items(raw: Mapping[str, Any], reader: _Reader) -> list[ItemRecord]:
    rows = raw.get("items")
    if not isinstance(rows, list) or not rows:
        raise UnusableRecord(
            f"{reader.subject} has no items.",
            "An order without items isn't taken over. Mend it in the shop; it is read again with the next run.",
        )
    if not all(isinstance(row, Mapping) for row in rows):
        raise UnusableRecord(f"{reader.subject} has an item that can't be read.", _MEND)
    by_id = {_Reader(row, reader.subject, "item ").id("item_id"): row for row in rows}
    tops: list[tuple[int, Mapping[str, Any]]] = []
    children: dict[int, list[Mapping[str, Any]]] = {}
    for item_id, row in by_id.items():
        parent = (
            None
            if row.get("parent_item_id") is None
            else _Reader(row, reader.subject, "item ").id("parent_item_id")
        )
        if parent is None or parent == item_id or parent not in by_id:
            tops.append((item_id, row))
        else:
            children.setdefault(parent, []).append(row)
    return [line for item_id, row in tops for line in _lines(row, children.get(item_id, []), reader.subject)]


def _lines(row: Mapping[str, Any], children: Sequence[Mapping[str, Any]], subject: str) -> list[ItemRecord]:
    line = _line(row, subject)
    if not children:
        return [line]
    if row.get("product_type") == "bundle" or len(children) > 1:
        return _components(line, [_line(child, subject) for child in children])
    line.sku = _line(children[0], subject).sku
    return [line]


def _components(bundle: ItemRecord, components: list[ItemRecord]) -> list[ItemRecord]:
    """A bundle's lines. With a fixed price Magento puts all money on the bundle: it is shared out by quantity."""
    for component in components:
        component.parent_item_id = bundle.item_id
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


def _line(row: Mapping[str, Any], subject: str) -> ItemRecord:
    reader = _Reader(row, subject, f"item {row.get('sku') or row.get('item_id')} ")
    quantity = reader.money("qty_ordered")
    if quantity <= 0:
        raise UnusableRecord(f"{subject}: {reader.prefix}qty_ordered is {quantity.normalize():f}.", _MEND)
    return ItemRecord(
        item_id=reader.id("item_id"),
        parent_item_id=None,
        sku=reader.text("sku", 255, required=True),
        name=reader.text("name", 255),
        product_type=reader.text("product_type", 32) or "simple",
        bundle_sku="",
        quantity=quantity,
        quantity_shipped=reader.money("qty_shipped"),
        quantity_refunded=reader.money("qty_refunded"),
        quantity_cancelled=reader.money("qty_canceled"),
        price=reader.money("price"),
        unit_tax=(reader.money("tax_amount") / quantity).quantize(EIGHT_PLACES),
        tax_percent=reader.money("tax_percent"),
        discount_amount=reader.money("discount_amount"),
        row_total=reader.money("row_total"),
        product_option=reader.mapping("product_option"),
    )


_MEND = "Mend it in the shop; it is read again with the next run."


class _Reader:
    """Fields of one JSON object, each checked, with a name for messages."""

    __slots__ = ("_raw", "prefix", "subject")

    def __init__(self, raw: Mapping[str, Any], subject: str, prefix: str = "") -> None:
        self._raw, self.subject, self.prefix = raw, subject, prefix

    def money(self, name: str) -> Decimal:
        value = self._raw.get(name)
        if value is None:
            return ZERO
        return self._number(name, value, money)

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._raw.get(name)
        return dict(value) if isinstance(value, Mapping) else {}

    def moment(self, name: str) -> dt.datetime:
        value = self._raw.get(name)
        try:
            return moment(value)
        except (TypeError, ValueError):
            raise UnusableRecord(
                f"{self.subject}: {self.prefix}{name} is not a date: {value!r:.60}.", _MEND
            ) from None

    def id(self, name: str) -> int:
        value = self._raw.get(name)
        # Magento sends some ids as text.
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
            raise UnusableRecord(f"{self.subject}: {self.prefix}{name} is not an id: {value!r:.60}.", _MEND)
        return value

    def text(self, name: str, limit: int, *, required: bool = False) -> str:
        value = self._raw.get(name)
        if value is None or value == "":
            if required:
                raise UnusableRecord(f"{self.subject}: {self.prefix}{name} is missing.", _MEND)
            return ""
        if not isinstance(value, str | int | float):
            raise UnusableRecord(f"{self.subject}: {self.prefix}{name} is not a text: {value!r:.60}.", _MEND)
        value = str(value)
        if len(value) > limit or "\x00" in value:
            problem = "holds a NUL character" if "\x00" in value else f"is longer than {limit} characters"
            raise UnusableRecord(f"{self.subject}: {self.prefix}{name} {problem}.", _MEND)
        return value

    def _number(self, name: str, value: Any, read: Callable[[Any], Decimal]) -> Decimal:
        try:
            number = read(value)
        except (TypeError, ValueError, ArithmeticError):
            raise UnusableRecord(
                f"{self.subject}: {self.prefix}{name} is not a number: {value!r:.60}.", _MEND
            ) from None
        if not -(10**15) < number < 10**15:
            raise UnusableRecord(
                f"{self.subject}: {self.prefix}{name} is out of range: {value!r:.60}.", _MEND
            )
        return number.quantize(FOUR_PLACES)
