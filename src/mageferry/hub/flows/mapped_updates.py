"""Field mappings on orders that the hub has: what the shop's record says now, by the mode of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import Model

from mageferry.hub.mapping.field_mappings import put_value, unusable
from mageferry.hub.mapping.order_records import Mapped
from mageferry.hub.mapping.targets import Target
from mageferry.hub.trade.models import Order, OrderItem, PaymentType


def update_mapped(order: Order, items: Mapping[int, OrderItem], mapped: Sequence[Mapped]) -> list[str]:
    """Fill the mapped fields of an order and its parts; what changed, in words for the history.

    Raises UnusableRecord, with nothing stored, when a value doesn't fit.
    """
    problems: list[str] = []
    changes = []
    for each in mapped:
        stored = _stored(order, items, each)
        if stored is not None:
            changes.append((each.record, stored, _fill(stored, each, problems)))
    if problems:
        raise unusable(order.marketplace_order_id, problems)
    notes: list[str] = []
    for record, stored, fields in changes:
        if fields:
            stored.save(update_fields=sorted({field.name for field in fields}))
        notes.extend(f"{record.replace('_', ' ')} {field} by a field mapping" for field in fields)
    return notes


def _stored(order: Order, items: Mapping[int, OrderItem], mapped: Mapped) -> Model | None:
    if mapped.record == "order":
        return order
    if mapped.record == "order_item":
        return items.get(int(mapped.key))
    if mapped.record == "order_address":
        return order.addresses.filter(kind=mapped.key).first()
    return order.payments.filter(payment_type=PaymentType.PAYMENT).first()


def _fill(stored: Model, mapped: Mapped, problems: list[str]) -> list[Target]:
    return [assignment.field for assignment in mapped.assignments if put_value(stored, assignment, problems)]
