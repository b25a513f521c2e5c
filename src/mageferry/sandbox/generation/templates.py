"""Orders as texts with gaps: a generated order is a pattern of one that was really placed, and a number.

Everything about order N follows from N alone: ids, document number, moments. A row of the shop holds the
columns that filters need, and ``~pattern|N`` for a body; the body is filled in when it is read.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from mageferry.sandbox.media import encode_json
from mageferry.sandbox.orderbook import Record, increment_prefix, record, records, shipping_of
from mageferry.sandbox.php import Value, to_int, to_string

MARK = "~"
MAX_ITEMS = 10
MAX_HISTORY = 4
ADDRESSES = 2
_GAP = re.compile(r'"@gap (\w+)@"')
_ROW = re.compile(r"(item|address|history)(\d+)")
_TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Numbering:
    """Where the ids of generated orders begin, and when the first of them was placed (Unix seconds)."""

    count: int
    order_base: int
    item_base: int
    address_base: int
    payment_base: int
    history_base: int
    increment_base: int
    start_seconds: int
    spread_seconds: int

    def order_id(self, number: int) -> int:
        return self.order_base + number + 1

    def increment_id(self, number: int, prefix: str) -> str:
        return f"{prefix}{self.increment_base + number + 1:09d}"

    def created_seconds(self, number: int) -> int:
        """The moments of all orders are spread evenly; whole seconds, so that SQL computes the same."""
        return self.start_seconds + number * self.spread_seconds // self.count

    def last_ids(self) -> Iterator[tuple[str, int]]:
        """The sequences of the shop, and what the last order takes of each."""
        yield "order_order", self.order_base + self.count
        yield "order_item", self.item_base + self.count * MAX_ITEMS
        yield "order_address", self.address_base + self.count * ADDRESSES
        yield "order_payment", self.payment_base + self.count
        yield "order_history", self.history_base + self.count * MAX_HISTORY


@dataclass(slots=True)
class Pattern:
    """One order's body with gaps. ``age_seconds`` is how long after it was placed it last changed."""

    prefix: str
    age_seconds: int
    text: str
    _parts: list[str] = field(default_factory=list)
    _gaps: list[str] = field(default_factory=list)
    rows: list[tuple[str, str, int]] = field(default_factory=list)
    """Gaps for ids of rows below the order: name, kind of row, and which of them it is."""

    def fill(self, number: int, numbering: Numbering) -> str:
        if not self._parts:
            self._parts = _GAP.split(self.text)
            self._gaps = self._parts[1::2]
            found = (_ROW.fullmatch(name) for name in sorted(set(self._gaps)))
            self.rows = [(match[0], match[1], int(match[2])) for match in found if match]
        values = _values(number, numbering, self)
        filled = self._parts.copy()
        filled[1::2] = [values[name] for name in self._gaps]
        return "".join(filled)


def _values(number: int, numbering: Numbering, pattern: Pattern) -> dict[str, str]:
    created = numbering.created_seconds(number)
    protect_code = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
    values = {
        "order": str(numbering.order_id(number)),
        "increment": f'"{numbering.increment_id(number, pattern.prefix)}"',
        "created": f'"{_text(created)}"',
        "updated": f'"{_text(created + pattern.age_seconds)}"',
        "protect": f'"{protect_code}"',
        "payment": str(numbering.payment_base + number + 1),
    }
    firsts = {
        "item": numbering.item_base + number * MAX_ITEMS + 1,
        "address": numbering.address_base + number * ADDRESSES + 1,
        "history": numbering.history_base + number * MAX_HISTORY + 1,
    }
    return values | {name: str(firsts[kind] + place) for name, kind, place in pattern.rows}


def _text(seconds: int) -> str:
    return time.strftime(_TIME, time.gmtime(seconds))


def _seconds(text: Value) -> int:
    return int(datetime.strptime(to_string(text), _TIME).replace(tzinfo=UTC).timestamp())


def make_pattern(order: Record) -> Pattern:
    """The pattern of a stored order."""
    gaps = _Gaps(order)
    age = _seconds(order["updated_at"]) - _seconds(order["created_at"])
    prefix = increment_prefix(to_int(order["store_id"]))
    return Pattern(prefix, age, encode_json(gaps.cut(order, "", gaps.own)))


class _Gaps:
    """Knows which values of an order are its own: ids, numbers and moments, by their keys."""

    def __init__(self, order: Record) -> None:
        self._created, self._updated = order["created_at"], order["updated_at"]
        items = [to_int(item["item_id"]) for item in records(order["items"])]
        self._items = {number: f"item{place}" for place, number in enumerate(items)}
        addresses = (record(order.get("billing_address")), record(shipping_of(order).get("address")))
        known = dict.fromkeys(to_int(address["entity_id"]) for address in addresses if address)
        self._addresses = {number: f"address{place}" for place, number in enumerate(known)}
        history = [to_int(entry["entity_id"]) for entry in records(order.get("status_histories"))]
        self._history = {number: f"history{place}" for place, number in enumerate(history)}
        self.own = {to_int(order["entity_id"]): "order"}

    def cut(self, value: Value, key: str, entity: dict[int, str]) -> Value:
        """The value with gaps; ``entity`` names what an ``entity_id`` within it is."""
        if isinstance(value, dict):
            own = self._entities(key, value, entity)
            return {name: self.cut(item, name, own) for name, item in value.items()}
        if isinstance(value, list):
            return [self.cut(item, key, entity) for item in value]
        name = self._gap(key, value, entity)
        return f"@gap {name}@" if name else value

    def _entities(self, key: str, value: Record, entity: dict[int, str]) -> dict[int, str]:
        if "address_type" in value:
            return self._addresses
        if key == "payment":
            return {to_int(value.get("entity_id")): "payment"}
        return self._history if key == "status_histories" else entity

    def _gap(self, key: str, value: Value, entity: dict[int, str]) -> str:
        if key in ("order_id", "parent_id", "quote_id") and value is not None:
            return "order"
        if key in ("created_at", "updated_at"):
            return {self._updated: "updated", self._created: "created"}.get(value, "")
        if key in ("item_id", "parent_item_id"):
            return self._items.get(to_int(value), "")
        if key in ("billing_address_id", "shipping_address_id"):
            return self._addresses.get(to_int(value), "")
        if key == "entity_id":
            return entity.get(to_int(value), "")
        return {"increment_id": "increment", "protect_code": "protect"}.get(key, "")


def describe(numbering: Numbering, patterns: list[Pattern]) -> Record:
    """Both as the document that the shop keeps."""
    numbers: Record = {name: getattr(numbering, name) for name in Numbering.__slots__}
    shown: list[Value] = [
        {"prefix": pattern.prefix, "age_seconds": pattern.age_seconds, "text": pattern.text}
        for pattern in patterns
    ]
    return {"numbering": numbers, "patterns": shown}


class GeneratedOrders:
    """Fills in the bodies of a shop's generated orders from the document about them."""

    def __init__(self, document: Value) -> None:
        content = record(document)
        self._numbering = Numbering(**cast("dict[str, int]", record(content.get("numbering"))))
        self._patterns = [
            Pattern(to_string(entry["prefix"]), to_int(entry["age_seconds"]), to_string(entry["text"]))
            for entry in records(content.get("patterns"))
        ]

    def render(self, mark: str) -> str:
        """The body that stands behind ``~pattern|number``."""
        place, _, number = mark.removeprefix(MARK).partition("|")
        return self._patterns[int(place)].fill(int(number), self._numbering)
