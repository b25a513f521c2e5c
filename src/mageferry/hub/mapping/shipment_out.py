"""A shipment of the hub as what Magento is asked to ship. Pure: it reads loaded rows, asks nothing.

Magento cuts a quantity to what is left, leaves out items it doesn't know and ships everything when none is named, all
without a word. So everything is checked here, against the order as it is in Magento at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mageferry.hub.mapping.amounts import ZERO
from mageferry.hub.mapping.carriers import code_for
from mageferry.hub.mapping.order_lines import OrderLine, OrderLines
from mageferry.hub.trade.models import OrderShipment
from mageferry.magento import NewTrack


class UnsendableShipment(Exception):
    """A shipment that can't be sent as it is: everything that is wrong with it, and what to do."""

    REMEDY = (
        "Compare the shipment with the order in Magento. Correct the shipment in the hub, and it is tried again with "
        "the next run; or skip its unit of work when Magento is right."
    )

    def __init__(self, problems: Sequence[str], remedy: str = REMEDY) -> None:
        self.problems, self.remedy = tuple(problems), remedy
        super().__init__("The shipment can't be created in Magento: " + "; ".join(problems) + ".")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the hub wants to ship of one line; `item_id` None: Magento's id of the item isn't known."""

    item_id: int | None
    sku: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    """`items` are sent, by item_id; `after` are the order's lines once they are shipped."""

    items: Mapping[int, Decimal]
    after: OrderLines


def plan_shipment(
    wanted: Sequence[Wanted], lines: OrderLines, ships_in_parts: Callable[[OrderLine], bool]
) -> Plan:
    """What to send for a shipment. `ships_in_parts` tells of a bundle's row whether its product is shipped in parts;
    it is asked only when that makes a difference.

    Raises UnsendableShipment naming everything that is wrong.
    """
    quantities, problems = _check(wanted, lines)
    if not problems and not quantities:
        problems = ["it has no items"]
    if problems:
        raise UnsendableShipment(problems)
    items, shipped = {}, dict(quantities)
    bundles: dict[int, OrderLine] = {}
    for item_id, quantity in quantities.items():
        items[item_id] = quantity
        bundle = lines.bundle_of(lines.by_id[item_id])
        if bundle is not None:
            bundles[bundle.item_id] = bundle
    for bundle in bundles.values():
        sets = _whole_sets(bundle, lines, quantities)
        if sets is not None:
            # Magento goes by the bundle's own row or by its components' rows and ignores the other: both say the same.
            items[bundle.item_id] = shipped[bundle.item_id] = sets
        elif not ships_in_parts(bundle):
            problems.append(_incomplete(bundle, lines))
    if problems:
        raise UnsendableShipment(problems)
    return Plan(items, lines.after(shipped))


def _check(wanted: Sequence[Wanted], lines: OrderLines) -> tuple[dict[int, Decimal], list[str]]:
    """Quantities by the item_id that counts, and what is wrong with them."""
    quantities: dict[int, Decimal] = {}
    problems = []
    for want in wanted:
        line = lines.get(want.item_id) if want.item_id is not None else None
        if line is None:
            problems.append(f"{want.sku} isn't an item of this order in Magento")
        elif line.is_virtual:
            problems.append(f"{want.sku} is virtual, so Magento doesn't ship it")
        elif want.quantity != want.quantity.to_integral_value() and not line.allows_fractions:
            problems.append(f"{want.sku} is sold in whole units, not {_text(want.quantity)}")
        else:
            quantities[line.item_id] = quantities.get(line.item_id, ZERO) + want.quantity
    if not problems and quantities and lines.nothing_left:
        return {}, ["nothing is left to ship of the order"]
    for item_id, quantity in quantities.items():
        line = lines.by_id[item_id]
        if quantity > line.left:
            problems.append(f"{_text(quantity)} x {line.sku} to ship, {_left_text(line)}")
    return quantities, problems


def _left_text(line: OrderLine) -> str:
    gone = [
        f"{_text(quantity)} {word}"
        for word, quantity in (
            ("shipped", line.shipped),
            ("refunded", line.refunded),
            ("cancelled", line.cancelled),
        )
        if quantity
    ]
    return f"{_text(line.left)} left of {_text(line.ordered)}" + (f" ({', '.join(gone)})" if gone else "")


def _whole_sets(bundle: OrderLine, lines: OrderLines, quantities: Mapping[int, Decimal]) -> Decimal | None:
    """How many whole sets the quantities of a bundle's components make; None when they make none."""
    if not bundle.ordered:
        return None
    sets = {
        quantities.get(part.item_id, ZERO) * bundle.ordered / part.ordered
        for part in lines.components_of(bundle)
        if part.ordered
    }
    if len(sets) != 1:
        return None
    (count,) = sets
    return count if count == count.to_integral_value() and 0 < count <= bundle.left else None


def _incomplete(bundle: OrderLine, lines: OrderLines) -> str:
    one_set = ", ".join(
        f"{_text(part.ordered / bundle.ordered)} x {part.sku}" for part in lines.components_of(bundle)
    )
    return f"Magento ships the bundle {bundle.sku} as a whole only ({one_set}), and this isn't a whole one"


def _text(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


def tracks_of(shipment: OrderShipment, courier_map: Mapping[str, str]) -> list[NewTrack]:
    """The tracks to send: only those with a number, each with a title, as Magento wants it."""
    return [
        NewTrack(
            track_number=track.number.strip(),
            title=track.title or shipment.carrier or shipment.service or track.carrier_code or "Tracking",
            carrier_code=code_for((track.carrier_code, track.title, shipment.carrier), courier_map),
        )
        for track in shipment.tracks.all()
        if track.number.strip()
    ]
