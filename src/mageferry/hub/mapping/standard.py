"""The standard mapping as a table, for people to read: made from what the code itself does.

From Magento it comes from the lists that reading goes by. To Magento it is found out: two made-up orders, of which no
two fields are alike, are built as for sending, and each value is traced to the field that it came from.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.mapping import order_in
from mageferry.hub.mapping.order_out import build_entity
from mageferry.hub.mapping.rules import FROM_MAGENTO, IDENTITY_NAMES, TO_MAGENTO
from mageferry.hub.mapping.targets import target_named
from mageferry.hub.trade.models import (
    Account,
    Marketplace,
    Order,
    OrderAddress,
    OrderItem,
    OrderPayment,
    OrderStatus,
)

_DOWN: Final = {
    "increment_id": "marketplace_order_id", "order_currency_code": "currency", "status": "remote_status",
    "state": "status, by the connector's status map", "ext_order_id": "tells orders that the hub exported",
    "qty_ordered": "quantity", "qty_shipped": "quantity_shipped", "qty_refunded": "quantity_refunded",
    "qty_canceled": "quantity_cancelled", "tax_amount": "unit_tax, per unit", "amount_ordered": "amount",
    "shipping.method": "shipping_service",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StandardField:
    """A line of the table. `mappable`: a row of the connector can fill the target instead."""

    direction: str
    record: str
    source: str
    target: str
    mappable: bool


@cache
def standard_mapping() -> tuple[StandardField, ...]:
    """The whole table, from Magento first."""
    return (*_from_magento(), *_to_magento())


def _from_magento() -> Iterator[StandardField]:
    lists: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("order", (*order_in.ORDER_TEXTS.names, *order_in.ORDER_AMOUNTS, "created_at", "updated_at")),
        ("order", tuple(f"shipping.{name}" for name in order_in.SHIPPING_TEXTS.names)),
        ("order_item", (*order_in.ITEM_TEXTS.names, *order_in.ITEM_AMOUNTS, "product_option")),
        ("order_address", (*order_in.ADDRESS_TEXTS.names, "street")),
        ("order_payment", (*order_in.PAYMENT_TEXTS.names, *order_in.PAYMENT_AMOUNTS)),
    )
    moments = {"created_at": "placed_at", "updated_at": "remote_updated_at"}
    for record, names in lists:
        for name in names:
            # The order's own tax is the whole amount.
            keeps_name = record == "order" and name == "tax_amount"
            target = name if keeps_name else moments.get(name) or _DOWN.get(name, name)
            mappable = target_named(record, target.partition(",")[0]) is not None
            yield StandardField(FROM_MAGENTO, record, name, target, mappable)


def _to_magento() -> Iterator[StandardField]:
    (first, traced), (second, _) = _probe(1), _probe(2)
    other = dict(_leaves(second))
    for place, value in _leaves(first):
        name = place.rpartition(".")[2]
        # Each amount is there once more in the base currency, which is the same.
        if name.startswith("base_") and place.replace("base_", "") in other:
            continue
        source = traced.get(str(value))
        if source is None:
            source = f"always {value!r}" if other.get(place) == value else "computed"
        yield StandardField(TO_MAGENTO, "order", source, place, name not in IDENTITY_NAMES)


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Places with their values; of a list its first entry stands for all."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        if value:
            yield from _leaves(value[0], f"{place}[]")
    else:
        yield place, value


class _Traces(dict[str, str]):
    """Made-up values, each unlike any other, by what they are in the entity: where each came from."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def text(self, source: str, shape: str = "{}") -> str:
        made = shape.format(f"{source.replace('.', '-')} {self._seed}".replace(" ", "-"))
        self[made] = source
        return made

    def number(self, source: str, amount: str) -> Decimal:
        made = Decimal(amount) + 100 * (self._seed - 1)
        self.note(made, source)
        return made

    def note(self, amount: Decimal, source: str) -> None:
        self[str(int(amount)) if amount == amount.to_integral_value() else str(float(amount))] = source


def _probe(seed: int) -> tuple[dict[str, Any], _Traces]:
    """A made-up order as it is sent, and which value in it came from which field."""
    traced = _Traces(seed)
    market = Marketplace(code=f"m{seed}", name="m")
    account = Account(code=f"A{seed}", name=f"account {seed}", marketplace=market)
    order = _order(account, traced, seed)
    traced[f"Paid through {account.name}"] = "account.name"
    numbers = "account.code and marketplace_order_id, by the connector's order numbers"
    traced[f"{account.code}-{order.marketplace_order_id}"] = numbers
    return build_entity(order, _row(traced)), traced


def _row(traced: _Traces) -> Magento2Seller:
    connector = Magento2Connector(
        payment_method=traced.text("payment method of the connector"),
        shipping_method=traced.text("shipping method of the connector"),
        exported_status=traced.text("exported status of the connector"),
    )
    return Magento2Seller(
        connector=connector, store_id=int(traced.number("store ID of the seller row", "9931"))
    )


def _order(account: Account, traced: _Traces, seed: int) -> Order:
    lines = _lines(traced, seed)
    subtotal = sum((line.price * line.quantity for line in lines), Decimal(0))
    # More tax and discount than the items have: the rest is shipping's.
    tax = sum((line.unit_tax * line.quantity for line in lines), Decimal("0.61") * seed)
    discount = sum((line.discount_amount for line in lines), Decimal("0.29") * seed)
    order = Order(
        pk=seed, account=account, marketplace_order_id=traced.text("marketplace_order_id"),
        status=OrderStatus.READY_FOR_SHIPPING, currency=f"XT{seed}", subtotal=subtotal, tax_amount=tax,
        shipping_amount=traced.number("shipping_amount", "4.87"), discount_amount=discount,
        customer_email=traced.text("customer_email", "{}@probe.example"),
        customer_firstname=traced.text("customer_firstname"), customer_lastname=traced.text("customer_lastname"),
        shipping_description=traced.text("shipping_description"),
        placed_at=dt.datetime(2026, 1, seed, 3, 4, 5, tzinfo=dt.UTC),
    )  # fmt: skip
    order.grand_total = subtotal + tax + order.shipping_amount - discount
    for name in ("subtotal", "tax_amount", "grand_total"):
        traced.note(getattr(order, name), name)
    traced.note(-discount, "discount_amount, as a negative amount")
    traced[order.currency] = "currency"
    traced[f"{order.placed_at:%Y-%m-%d %H:%M:%S}"] = "placed_at"
    for line in lines:
        line.order = order
    loaded: Any = order
    loaded._prefetched_objects_cache = {
        "items": lines,
        "addresses": [_address(kind, traced, seed) for kind in ("billing", "shipping")],
        "payments": [OrderPayment(method="probe")],
    }
    return order


def _lines(traced: _Traces, seed: int) -> list[OrderItem]:
    first = OrderItem(
        position=1,
        sku=traced.text("items.sku"),
        name=traced.text("items.name"),
        price=traced.number("items.price", "21.13"),
        quantity=traced.number("items.quantity", "13"),
        tax_percent=traced.number("items.tax_percent", "8.19"),
        marketplace_item_id=traced.text("items.marketplace_item_id"),
        unit_tax=Decimal("1.37"),
        discount_amount=traced.number("items.discount_amount", "1.53"),
    )
    others = [
        OrderItem(
            position=number,
            sku=f"other {number}",
            price=Decimal("7.77"),
            quantity=Decimal(2),
            unit_tax=Decimal("0.4"),
        )
        for number in range(2, seed + 3)
    ]
    return [first, *others]


def _address(kind: str, traced: _Traces, seed: int) -> OrderAddress:
    country = f"{kind[0].upper()}{seed}"
    traced[country] = f"{kind}_address.country_id"
    names = (name for name in order_in.ADDRESS_TEXTS.names if name != "country_id")
    values = {name: traced.text(f"{kind}_address.{name}") for name in (*names, "street")}
    return OrderAddress(kind=kind, country_id=country, **values)
