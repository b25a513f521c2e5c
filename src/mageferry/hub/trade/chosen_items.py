"""Which items of an order somebody means who names them by position, by the marketplace's own id, or by SKU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mageferry.hub.trade.models import OrderItem

_QUANTITY_LIMIT = Decimal(10) ** 8


@dataclass(frozen=True, slots=True)
class NewItem:
    """How many of an item: named by its position in the order, by its marketplace_item_id, or by an SKU that the
    order has once."""

    quantity: Decimal
    position: int | None = None
    sku: str = ""
    marketplace_item_id: str = ""

    def __str__(self) -> str:
        if self.position is not None:
            return f"position {self.position}"
        return f"item {self.marketplace_item_id!r}" if self.marketplace_item_id else f"SKU {self.sku!r}"


def choose_items(
    wanted: Sequence[NewItem], items: Sequence[OrderItem]
) -> tuple[dict[int, Decimal], list[str]]:
    """Quantities by the item's pk, and what is wrong with them."""
    quantities: dict[int, Decimal] = {}
    problems = []
    for each in wanted:
        found = [item for item in items if _is_meant(each, item)]
        if len(found) != 1:
            problems.append(
                f"the order has {each} more than once: name the position"
                if found
                else f"the order has no {each}"
            )
        elif not 0 < each.quantity < _QUANTITY_LIMIT:
            problems.append(f"the quantity of {each} must be above 0, not {each.quantity}")
        else:
            quantities[found[0].pk] = quantities.get(found[0].pk, Decimal(0)) + each.quantity
    return quantities, problems


def _is_meant(wanted: NewItem, item: OrderItem) -> bool:
    """Whether everything that is said of the item holds; nothing said means none."""
    said = [
        (wanted.position, item.position),
        (wanted.marketplace_item_id or None, item.marketplace_item_id),
        (wanted.sku or None, item.sku),
    ]
    told = [value == real for value, real in said if value is not None]
    return bool(told) and all(told)
