"""The fields of the hub that a mapping from Magento can fill: each with the type of its column. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import models

from mageferry.hub.mapping.expressions import BadValue
from mageferry.hub.trade.models import Order, OrderAddress, OrderItem, OrderPayment, OrderShipment, Product
from mageferry.magento.types import moment, money

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_LONGEST_TEXT: Final = 10_000

# What tells records apart, what other settings decide (the status map) and what drives flows (refunds, quantities) is
# not among them.
COLUMNS: Final[Mapping[str, tuple[type[models.Model], tuple[str, ...]]]] = {
    "order": (
        Order,
        (
            "currency", "subtotal", "shipping_amount", "tax_amount", "discount_amount", "grand_total", "customer_email",
            "customer_firstname", "customer_lastname", "shipping_service", "shipping_description", "placed_at",
        ),
    ),
    "order_item": (
        OrderItem,
        (
            "sku", "name", "product_type", "bundle_sku", "price", "unit_tax", "tax_percent", "discount_amount",
            "row_total",
        ),
    ),
    "order_address": (
        OrderAddress,
        (
            "firstname", "lastname", "company", "street", "city", "region", "region_code", "postcode", "country_id",
            "telephone", "email", "vat_id",
        ),
    ),
    "order_payment": (OrderPayment, ("method", "amount", "shipping_amount", "transaction_id")),
    "shipment": (OrderShipment, ("carrier", "service", "shipped_at")),
    "refund": (OrderPayment, ()),
    "product": (Product, ("name", "product_type", "active", "price", "weight")),
}  # fmt: skip
# Fields that take any JSON, by a name that the mapping chooses.
FREE: Final[Mapping[str, str]] = {"order_item": "extension_attributes", "product": "attributes"}


@dataclass(frozen=True, slots=True)
class Target:
    """A field of the hub: `name`, for a free one with `key`; `words` say its type; `read` turns JSON into its value or
    raises BadValue. `separator` stands between texts that are appended, None where nothing can be."""

    name: str
    words: str
    read: Callable[[Any], Any]
    separator: str | None = None
    key: str = ""

    def __str__(self) -> str:
        return f"{self.name}.{self.key}" if self.key else self.name


def target_named(record: str, name: str) -> Target | None:
    """A field by the name people write (`customer_email`, `extension_attributes.gift`); None: there is none."""
    head, dot, key = name.partition(".")
    if dot and FREE.get(record) == head and _NAME.fullmatch(key):
        return Target(head, "any JSON", lambda value: value, ", ", key)
    model, names = COLUMNS[record]
    return _target_of(model._meta.get_field(name)) if name in names else None


def target_names(record: str) -> tuple[str, ...]:
    """What can be written as a target of this record."""
    free = (f"{FREE[record]}.<name>",) if record in FREE else ()
    return (*COLUMNS[record][1], *free)


def _target_of(column: Any) -> Target:
    if isinstance(column, models.DecimalField):
        return Target(column.name, "number", _amount_reader(column.max_digits, column.decimal_places))
    if isinstance(column, models.DateTimeField):
        return Target(column.name, "date with time, in UTC", _read_moment)
    if isinstance(column, models.BooleanField):
        return Target(column.name, "yes or no", _read_flag)
    limit = column.max_length or _LONGEST_TEXT
    lines = isinstance(column, models.TextField)
    return Target(
        column.name, f"text, at most {limit}", _text_reader(limit, lines=lines), "\n" if lines else ", "
    )


def _text_reader(limit: int, *, lines: bool) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if lines and isinstance(value, list):
            value = "\n".join(str(each) for each in value if each is not None)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise BadValue(f"is no text: {value!r:.60}")
        text = str(value)
        if len(text) > limit:
            raise BadValue(f"is longer than {limit} characters: {text:.40}...")
        return text

    return read


def _amount_reader(digits: int, places: int) -> Callable[[Any], Decimal]:
    unit, bound = Decimal(1).scaleb(-places), Decimal(10) ** (digits - places)

    def read(value: Any) -> Decimal:
        try:
            number = money(value).quantize(unit)
        except (TypeError, ValueError, ArithmeticError):
            raise BadValue(f"is no number: {value!r:.60}") from None
        if not -bound < number < bound:
            raise BadValue(f"is too large a number: {value!r:.60}")
        return number

    return read


def _read_moment(value: Any) -> Any:
    try:
        return moment(value)
    except (TypeError, ValueError, OverflowError):
        raise BadValue(f"is no date with time: {value!r:.60}") from None


def _read_flag(value: Any) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    found = known.get(str(value).lower()) if isinstance(value, str | int) else None
    if found is None:
        raise BadValue(f"is neither yes nor no: {value!r:.60}")
    return found
