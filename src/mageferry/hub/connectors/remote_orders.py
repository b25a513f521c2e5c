"""Which order of the hub is order N of a Magento: ids are scoped by connector, and an order may be there in parts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mageferry.hub.connectors.models import Direction, Magento2Connector, OrderPartMagento, OrdersMagento
from mageferry.hub.trade.models import Order

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class RemoteOrder:
    """An order of the hub as a Magento knows it; `is_part`: that Magento order holds some of its items only."""

    order: Order
    entity_id: int
    direction: Direction
    is_part: bool = False


def orders_by_entity(connector: Magento2Connector, entity_ids: Collection[int]) -> dict[int, RemoteOrder]:
    """The hub's orders behind these Magento orders; ids that the hub doesn't know are left out."""
    found: dict[int, RemoteOrder] = {}
    ids = list(entity_ids)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        for whole in OrdersMagento.objects.select_related("order").filter(
            magento2_connector=connector, entity_id__in=some
        ):
            direction = Direction(whole.direction)
            found[whole.entity_id] = RemoteOrder(whole.order, whole.entity_id, direction)
        for part in OrderPartMagento.objects.select_related("order").filter(
            magento2_connector=connector, entity_id__in=some
        ):
            found[part.entity_id] = RemoteOrder(part.order, part.entity_id, Direction.EXPORTED, is_part=True)
    return found
