"""What a connector's mappings make of one real order, of the shop or of the hub; nothing is stored or sent."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.mapping.field_mappings import FieldMappings
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.models import mappings_of
from mageferry.hub.mapping.order_amounts import UnsendableOrder
from mageferry.hub.mapping.order_in import OrderRecord, read_order
from mageferry.hub.mapping.order_mappings import fill_entity, map_record
from mageferry.hub.mapping.order_out import build_entity, prune
from mageferry.hub.mapping.rules import FROM_MAGENTO
from mageferry.hub.trade.models import Order
from mageferry.magento import Magento, MagentoError, NotFound, SearchCriteria


class NoPreview(Exception):
    """There is no order to show; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field by the standard mapping alone, and with the connector's rows. Values as texts; empty: nothing."""

    place: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Preview:
    """Every field of an order before and after, and what keeps it from being taken over or sent."""

    title: str
    changes: tuple[Change, ...]
    problems: tuple[str, ...]

    @property
    def changed(self) -> tuple[Change, ...]:
        """The fields that the connector's rows change."""
        return tuple(each for each in self.changes if each.changed)


def preview_order(
    connector: Magento2Connector, direction: str, order: str = "", mappings: FieldMappings | None = None
) -> Preview:
    """One order by its number or id; the newest when none is named. `mappings`: instead of the stored ones.

    Raises NoPreview when there is no such order, or the shop can't be asked.
    """
    chosen = mappings_of(connector) if mappings is None else mappings
    if direction == FROM_MAGENTO:
        return _preview_in(connector, order.strip(), chosen)
    return _preview_out(connector, order.strip(), chosen)


def _preview_in(connector: Magento2Connector, order: str, mappings: FieldMappings) -> Preview:
    try:
        with open_shop(connector) as shop:
            raw = _from_shop(shop, order)
    except MagentoError as error:
        raise NoPreview(f"{error.message} {error.remedy}".strip()) from None
    if raw is None:
        raise NoPreview(f"The shop has no order {order}." if order else "The shop has no orders yet.")
    title = f"Order {raw.get('increment_id')} (entity {raw.get('entity_id')}) of {connector}, as a new order of the hub"
    try:
        before = read_order(raw, connector.status_map)
    except UnusableRecord as error:
        return Preview(title, (), (f"{error.reason} {error.remedy}",))
    after = deepcopy(before)
    problems = map_record(raw, after, mappings)
    return Preview(title, _compare(_record_tree(before), _record_tree(after)), tuple(problems))


def _from_shop(shop: Magento, order: str) -> Mapping[str, Any] | None:
    if not order:
        newest = shop.orders.search(SearchCriteria().sort("entity_id", "DESC").page_size(1))
        return newest[0] if newest else None
    found = shop.orders.find(increment_id=order)
    if found:
        return found[0]
    if not order.isascii() or not order.isdigit() or order.startswith("0") or len(order) > 18:
        return None
    try:
        return shop.orders.get(int(order))
    except NotFound:
        return None


def _preview_out(connector: Magento2Connector, order: str, mappings: FieldMappings) -> Preview:
    rows = {
        row.account_id: row
        for row in connector.sellers.filter(account__isnull=False).order_by("export_orders", "-pk")
    }
    if not rows:
        raise NoPreview(f"No seller row of {connector} has an account: nobody knows whose orders it gets.")
    found = Order.objects.filter(account__in=rows).select_related("account__marketplace")
    if order:
        wanted = Q(marketplace_order_id=order)
        if order.isascii() and order.isdigit() and len(order) <= 18:
            wanted |= Q(pk=int(order))
        found = found.filter(wanted)
    chosen = found.prefetch_related("items__seller", "addresses", "payments").first()
    if chosen is None:
        what = f"order {order}" if order else "order"
        raise NoPreview(f"The accounts of {connector}'s seller rows have no {what} in the hub.")
    row: Magento2Seller = rows[chosen.account_id]
    row.connector = connector
    title = f"Order {chosen} of {chosen.account}, as it is sent to {row}"
    try:
        entity = build_entity(chosen, row)
    except UnsendableOrder as error:
        return Preview(title, (), error.problems)
    before = deepcopy(entity)
    problems = fill_entity(entity, chosen, row, mappings)
    return Preview(title, _compare(before, prune(entity)), tuple(problems))


def _record_tree(record: OrderRecord) -> dict[str, Any]:
    # What is kept for orders that the hub has is no field.
    return dataclasses.asdict(dataclasses.replace(record, mapped=()))


def _compare(before: Any, after: Any) -> tuple[Change, ...]:
    old, new = dict(_leaves(before)), dict(_leaves(after))
    return tuple(
        Change(place, old.get(place, ""), new.get(place, "")) for place in sorted({*old, *new}, key=_in_order)
    )


def _in_order(place: str) -> tuple[bool, bool, str]:
    return "[" in place, "." in place, place


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every place with a value, as `items[0].sku`."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{place}[{index}]")
    elif value is not None and value != "":
        yield place, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
    return str(value)
