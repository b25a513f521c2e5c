"""A Magento order, read into the hub's terms. Pure: no database, no network.

Configurable and bundle: the hub keeps the SKU of the child and the money of the parent. A configurable becomes one
line; a bundle becomes one line per component whose amounts add up to the bundle's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from mageferry.hub.mapping.amounts import FOUR_PLACES, ZERO, spread
from mageferry.hub.mapping.statuses import from_magento
from mageferry.magento.types import moment, money

EIGHT_PLACES = Decimal("0.00000001")
# What a column of 20 digits with 4 places takes.
LIMIT = Decimal(10) ** 15


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
    if not isinstance(raw, dict):
        raise UnusableRecord(
            "The shop sent something that isn't an order.", "Look at the shop's answer in the request log."
        )
    reader = _Reader(raw, f"Order {raw.get('increment_id') or raw.get('entity_id') or 'without a number'}")
    items = _items(raw, reader)
    subtotal, shipping, tax, discount, grand_total, refunded = reader.amounts(_ORDER_AMOUNTS)
    return OrderRecord(
        entity_id=reader.id("entity_id"),
        increment_id=reader.text("increment_id", 50, required=True),
        store_id=reader.id("store_id") if raw.get("store_id") is not None else None,
        ext_order_id=reader.text("ext_order_id", 64),
        status=_status(raw, status_map, items, reader),
        remote_status=reader.text("status", 64),
        currency=reader.text("order_currency_code", 3, required=True),
        subtotal=subtotal,
        shipping_amount=shipping,
        tax_amount=tax,
        # Magento writes an order's discount as a negative number.
        discount_amount=-discount + ZERO,
        grand_total=grand_total,
        total_refunded=refunded,
        placed_at=reader.moment("created_at"),
        remote_updated_at=reader.moment("updated_at"),
        items=items,
        payment=_payment(raw, reader),
        **_people(raw, reader),
    )


_ORDER_AMOUNTS = (
    "subtotal", "shipping_amount", "tax_amount", "discount_amount", "grand_total", "total_refunded",
)  # fmt: skip


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
    if isinstance(billing, dict):
        addresses.append(_address("billing", billing, reader.subject))
    if isinstance(shipping.get("address"), dict):
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
    assignments = extension.get("shipping_assignments") if isinstance(extension, dict) else None
    first = assignments[0] if isinstance(assignments, list) and assignments else None
    shipping = first.get("shipping") if isinstance(first, dict) else None
    return shipping if isinstance(shipping, dict) else {}


_ADDRESS_TEXTS = (
    ("firstname", 255), ("lastname", 255), ("company", 255), ("city", 255), ("region", 255), ("region_code", 64),
    ("postcode", 255), ("country_id", 2), ("telephone", 255), ("email", 255), ("vat_id", 255),
)  # fmt: skip


def _address(kind: str, raw: Mapping[str, Any], subject: str) -> AddressRecord:
    firstname, lastname, company, *rest = _Reader(raw, subject, f"{kind} address ").texts(_ADDRESS_TEXTS)
    street = raw.get("street")
    lines = street if isinstance(street, list) else [street] if street else []
    text = "\n".join([str(line) for line in lines if line is not None]).replace("\x00", "")
    return AddressRecord(kind, firstname, lastname, company, text, *rest)


def _payment(raw: Mapping[str, Any], reader: _Reader) -> PaymentRecord | None:
    payment = raw.get("payment")
    if not isinstance(payment, dict):
        return None
    inner = _Reader(payment, reader.subject, "payment ")
    amounts = inner.amounts(("amount_ordered", "amount_paid", "shipping_amount"))
    return PaymentRecord(inner.id("entity_id"), inner.text("method", 128), *amounts)


def _items(raw: Mapping[str, Any], reader: _Reader) -> list[ItemRecord]:
    rows = raw.get("items")
    if not isinstance(rows, list) or not rows:
        raise UnusableRecord(
            f"{reader.subject} has no items.",
            "An order without items isn't taken over. Mend it in the shop; it is read again with the next run.",
        )
    if not all(isinstance(row, dict) for row in rows):
        raise UnusableRecord(f"{reader.subject} has an item that can't be read.", _MEND)
    subject = reader.subject
    by_id = {_Reader(row, subject, "item ").id("item_id"): row for row in rows}
    if len(by_id) != len(rows):
        raise UnusableRecord(f"{subject} has two items with the same item_id.", _MEND)
    tops: list[tuple[int, Mapping[str, Any]]] = []
    children: dict[int, list[Mapping[str, Any]]] = {}
    for item_id, row in by_id.items():
        parent = item_id
        if row.get("parent_item_id") is not None:
            parent = _Reader(row, subject, "item ").id("parent_item_id")
        if parent == item_id or parent not in by_id:
            tops.append((item_id, row))
        else:
            children.setdefault(parent, []).append(row)
    return [line for item_id, row in tops for line in _lines(row, children.get(item_id, []), subject)]


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


_ITEM_TEXTS = (("sku", 255), ("name", 255), ("product_type", 32))
_ITEM_AMOUNTS = (
    "qty_ordered", "qty_shipped", "qty_refunded", "qty_canceled", "price", "tax_amount", "tax_percent",
    "discount_amount", "row_total",
)  # fmt: skip


def _line(row: Mapping[str, Any], subject: str) -> ItemRecord:
    reader = _Reader(row, subject, "item ", "sku")
    sku, name, product_type = reader.texts(_ITEM_TEXTS)
    quantity, shipped, refunded, cancelled, price, tax, tax_percent, discount, row_total = reader.amounts(
        _ITEM_AMOUNTS
    )
    if not sku:
        raise reader.refusal("sku", "is missing")
    if quantity <= 0:
        raise reader.refusal("qty_ordered", f"is {quantity.normalize():f}")
    unit_tax = (tax / quantity).quantize(EIGHT_PLACES) if tax else ZERO
    return ItemRecord(
        reader.id("item_id"), None, sku, name, product_type or "simple", "", quantity, shipped, refunded, cancelled,
        price, unit_tax, tax_percent, discount, row_total, reader.mapping("product_option"),
    )  # fmt: skip


_MEND = "Mend it in the shop; it is read again with the next run."


class _Reader:
    """Fields of one JSON object, each checked, with a name for messages."""

    __slots__ = ("_label", "_prefix", "_raw", "subject")

    def __init__(self, raw: Mapping[str, Any], subject: str, prefix: str = "", label: str = "") -> None:
        self._raw, self.subject, self._prefix, self._label = raw, subject, prefix, label

    def refusal(self, name: str, problem: str) -> UnusableRecord:
        """What to raise when a field can't be used."""
        label = f"{self._raw.get(self._label)} " if self._label else ""
        return UnusableRecord(f"{self.subject}: {self._prefix}{label}{name} {problem}.", _MEND)

    def amounts(self, names: Sequence[str]) -> list[Decimal]:
        """Amounts and quantities by name; what is missing is 0."""
        raw = self._raw
        try:
            return [_amount(raw.get(name)) for name in names]
        except (TypeError, ValueError, ArithmeticError):
            return [self._amount(name) for name in names]

    def texts(self, fields: Sequence[tuple[str, int]]) -> list[str]:
        """Texts by name and longest length; what is missing is empty."""
        raw = self._raw
        return [
            value
            if type(value := raw.get(name)) is str and len(value) <= limit and "\x00" not in value
            else self.text(name, limit)
            for name, limit in fields
        ]

    def _amount(self, name: str) -> Decimal:
        value = self._raw.get(name)
        try:
            return _amount(value)
        except (TypeError, ValueError, ArithmeticError):
            raise self.refusal(name, f"is not a number: {value!r:.60}") from None

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._raw.get(name)
        return value if isinstance(value, dict) else {}

    def moment(self, name: str) -> dt.datetime:
        value = self._raw.get(name)
        try:
            return moment(value)
        except (TypeError, ValueError):
            raise self.refusal(name, f"is not a date: {value!r:.60}") from None

    def id(self, name: str) -> int:
        value = self._raw.get(name)
        # Magento sends some ids as text.
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if type(value) is not int or not 0 <= value < 2**63:
            raise self.refusal(name, f"is not an id: {value!r:.60}")
        return value

    def text(self, name: str, limit: int, *, required: bool = False) -> str:
        value = self._raw.get(name)
        if value is None or value == "":
            if required:
                raise self.refusal(name, "is missing")
            return ""
        if not isinstance(value, str | int | float):
            raise self.refusal(name, f"is not a text: {value!r:.60}")
        text = str(value)
        if "\x00" in text:
            raise self.refusal(name, "holds a NUL character")
        if len(text) > limit:
            raise self.refusal(name, f"is longer than {limit} characters")
        return text


@lru_cache(maxsize=16384, typed=True)
def _amount(value: Any) -> Decimal:
    """A JSON number from its text, to four places as Magento stores amounts. Amounts recur, so they are kept.

    Raises ValueError, TypeError or ArithmeticError for what is no amount.
    """
    if value is None:
        return ZERO
    number = money(value).quantize(FOUR_PLACES)
    if not -LIMIT < number < LIMIT:
        raise ValueError("out of range")
    return number
