"""Rows of field mappings, checked and compiled: the words they are made of and what is refused of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mageferry.hub.mapping.expressions import BadExpression, BadValue, Expression, compile_expression
from mageferry.hub.mapping.paths import Place, parse_place
from mageferry.hub.mapping.targets import Target, target_named, target_names

FROM_MAGENTO: Final = "from_magento"
TO_MAGENTO: Final = "to_magento"
DIRECTIONS: Final = {FROM_MAGENTO: "From Magento", TO_MAGENTO: "To Magento"}
RECORDS: Final = {
    "order": "Order", "order_item": "Order item", "order_address": "Order address",
    "order_payment": "Order payment", "shipment": "Shipment", "refund": "Refund", "product": "Product",
}  # fmt: skip
OVERWRITE, IF_NEW, IF_EMPTY, APPEND = "overwrite", "if_new", "if_empty", "append"
MODES: Final = {
    OVERWRITE: "Overwrite", IF_NEW: "If the record is new", IF_EMPTY: "If the field is empty", APPEND: "Append",
}  # fmt: skip

# By these the hub finds its own records in the shop again: another value would let an order be created twice.
_IDENTITY: Final[Mapping[str, frozenset[str]]] = {
    "order": frozenset({"entity_id", "increment_id", "ext_order_id", "store_id", "items"}),
    "order_item": frozenset({"item_id", "ext_order_item_id", "order_id", "store_id"}),
    "order_address": frozenset({"entity_id", "address_type"}),
    "order_payment": frozenset({"entity_id"}),
    "shipment": frozenset({"items", "comment", "appendComment"}),
    "refund": frozenset({"items", "comment", "appendComment"}),
}
# Worked out from the order as it is in the shop, so that the credit memo comes to the refund's amount.
_COMPUTED: Final[Mapping[str, frozenset[str]]] = {
    "refund": frozenset(
        {
            "arguments",
            "arguments.shipping_amount",
            "arguments.adjustment_positive",
            "arguments.adjustment_negative",
        }
    ),
}
# No flow goes that way.
ONE_WAY: Final[Mapping[tuple[str, str], str]] = {
    (TO_MAGENTO, "product"): "The hub sends no products to Magento: products are mapped from Magento only.",
    (
        FROM_MAGENTO,
        "refund",
    ): "The hub takes over no credit memos field by field: refunds are mapped to Magento only.",
}
IDENTITY_NAMES: Final = frozenset(
    name for record, names in _IDENTITY.items() if record.startswith("order") for name in names - {"items"}
)


class MappingProblem(ValueError):
    """A row that can't be used: `problems`, field of the row to what is wrong and how to write it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(f"{name}: {text}" for name, text in problems.items()))


@dataclass(frozen=True, slots=True)
class MappingRow:
    """A row as it was entered."""

    record: str
    direction: str
    source: str
    target: str
    mode: str = OVERWRITE

    def __str__(self) -> str:
        return f"{RECORDS.get(self.record, self.record).lower()}: {self.source:.60} -> {self.target}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row that can be used. From Magento its target is a field of the hub, to Magento a place."""

    row: MappingRow
    expression: Expression
    target: Target | Place


def compile_row(row: MappingRow) -> Rule:
    """Raises MappingProblem naming each field of the row that can't be used."""
    problems: dict[str, str] = {}
    expression: Expression | None = None
    target: Target | Place | None = None
    for name, value, known in (
        ("record", row.record, RECORDS), ("direction", row.direction, DIRECTIONS), ("mode", row.mode, MODES),
    ):  # fmt: skip
        if value not in known:
            problems[name] = f"There is no {name} {value!r:.40}. There are: {', '.join(known)}."
    if (row.direction, row.record) in ONE_WAY:
        problems["direction"] = ONE_WAY[row.direction, row.record]
    if problems:
        raise MappingProblem(problems)
    try:
        expression = compile_expression(row.source)
    except BadExpression as error:
        problems["source"] = str(error)
    try:
        target = _field_of(row) if row.direction == FROM_MAGENTO else _place_of(row)
    except BadExpression as error:
        problems["target"] = str(error)
    if problems or expression is None or target is None:
        raise MappingProblem(problems)
    rule = Rule(row, expression, target)
    _check_constant(rule)
    return rule


def _field_of(row: MappingRow) -> Target:
    found = target_named(row.record, row.target)
    if found is None:
        names = ", ".join(target_names(row.record))
        raise BadExpression(
            f"The hub's {RECORDS[row.record].lower()} has no field {row.target!r:.60}. Fields: {names}."
        )
    if row.mode == APPEND and found.separator is None:
        raise BadExpression(
            f"Nothing can be appended to {found}: it is a {found.words}. Choose another mode."
        )
    return found


def _place_of(row: MappingRow) -> Place:
    place = parse_place(row.target)
    if place.steps[0] in _IDENTITY[row.record]:
        own = " Items have rows of their own." if place.steps[0] == "items" else ""
        raise BadExpression(
            f"{place.steps[0]} can't be mapped: by it the hub finds what it sent, so that nothing is sent twice.{own}"
        )
    if place.text in _COMPUTED.get(row.record, ()):
        raise BadExpression(
            f"{place} can't be mapped: the hub works it out from the order in the shop. Places below "
            "arguments.extension_attributes can be."
        )
    return place


def _check_constant(rule: Rule) -> None:
    """A constant fits always or never: that is known at once."""
    if not rule.expression.constant:
        return
    try:
        value = rule.expression.value_in({})
        if value is not None and isinstance(rule.target, Target):
            rule.target.read(value)
    except BadValue as error:
        raise MappingProblem(
            {"source": f"The constant {error}. {rule.target} takes: {_words(rule)}."}
        ) from None


def _words(rule: Rule) -> str:
    return rule.target.words if isinstance(rule.target, Target) else "any JSON"
