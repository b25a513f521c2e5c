"""Orders as stored records: the read form of the API, kept rendered, with every column that a filter can
name.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import cast

import orjson

from mageferry.sandbox.database import Database
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.php import Value, is_empty, round_to, to_number
from mageferry.sandbox.tables import ORDER_ITEMS, ORDERS
from mageferry.sandbox.typetable import scalar_fields

type Record = dict[str, Value]

_TOTAL_FIELDS = tuple(scalar_fields("sales-data-total-interface"))
_INCREMENT_DIGITS = 9


class OrderBook:
    """Loads and saves orders; gives out the ids and increment ids of everything in them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, order_id: int) -> Record | None:
        body = self._database.body(ORDERS, order_id)
        return None if body is None else cast("Record", orjson.loads(body))

    def save(self, order: Record) -> None:
        """Store the order. sqlite3.IntegrityError when its increment id is taken in its store."""
        self.save_many([order])

    def save_many(self, orders: Iterable[Record]) -> None:
        batch = list(orders)
        for order in batch:
            derive(order)
        with self._database.transaction():
            self._database.save_many(ORDERS, [(order_columns(order), encode_json(order)) for order in batch])
            rows = [
                (item, encode_json(alone(item))) for order in batch for item in records(order.get("items"))
            ]
            self._database.save_many(ORDER_ITEMS, rows)

    def next_id(self, kind: str) -> int:
        """The next id of an ``order``, ``item``, ``address``, ``payment`` or ``history``."""
        return self._database.next_id(f"order_{kind}")

    def next_increment_id(self, entity: str, store_id: int) -> str:
        """The next document number of a store: nine digits, after the store's id unless that is 0 or 1."""
        number = self._database.next_id(f"increment_{entity}_{store_id}")
        return f"{increment_prefix(store_id)}{number:09d}"

    def note_ids(self, orders: Iterable[Record]) -> None:
        """Let the sequences go on after the ids of loaded orders."""
        highest: dict[str, int] = {}
        for order in orders:
            for name, value in _ids_of(order):
                highest[name] = max(highest.get(name, 0), value)
        for name, value in highest.items():
            self._database.raise_id(name, value)


def increment_prefix(store_id: int) -> str:
    return "" if store_id in (0, 1) else str(store_id)


def increment_number(increment_id: str, store_id: int) -> int:
    """The running number in an increment id that follows the store's pattern, else 0."""
    prefix = increment_prefix(store_id)
    digits = increment_id.removeprefix(prefix)
    fits = increment_id.startswith(prefix) and digits.isdecimal() and len(digits) == _INCREMENT_DIGITS
    return int(digits) if fits else 0


def records(value: Value) -> list[Record]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def record(value: Value) -> Record:
    return value if isinstance(value, dict) else {}


def shipping_of(order: Record) -> Record:
    """The first shipping assignment's shipping: address, method and total."""
    assignments = records(record(order.get("extension_attributes")).get("shipping_assignments"))
    return record(assignments[0].get("shipping")) if assignments else {}


def alone(item: Record) -> Record:
    """An item as it is read by itself: its taxes are shown with the order only."""
    extension = {k: v for k, v in record(item.get("extension_attributes")).items() if k != "itemized_taxes"}
    kept = {key: value for key, value in item.items() if key != "extension_attributes"}
    return {**kept, "extension_attributes": extension} if extension else kept


def stored_text(text: str) -> str:
    """Magento's connection speaks three-byte UTF-8: what needs four bytes is stored as question marks."""
    return "".join("????" if ord(character) > 0xFFFF else character for character in text)


def new_protect_code() -> str:
    return secrets.token_hex(16)


def derive(order: Record) -> None:
    """Recompute what Magento computes on reading: amounts due and the shipping assignment."""
    order["total_due"] = amount_due(order, "")
    order["base_total_due"] = amount_due(order, "base_")
    shipping = {key: value for key, value in shipping_of(order).items() if key in ("address", "method")}
    shipping["total"] = {name: order[name] for name in _TOTAL_FIELDS if order.get(name) is not None}
    extension = record(order.get("extension_attributes"))
    extension["shipping_assignments"] = [{"shipping": shipping, "items": order.get("items") or []}]
    order["extension_attributes"] = extension


def amount_due(order: Record, prefix: str) -> Value:
    paid = to_number(order.get(f"{prefix}total_paid"))
    return max(round_to(to_number(order.get(f"{prefix}grand_total")) - paid, 4), 0)


def item_totals(item: Record) -> Record:
    """The row totals that Magento shows for an item: the discount off, in the second pair tax on top."""
    shown: Record = {}
    for prefix in ("", "base_"):

        def amount(name: str, prefix: str = prefix) -> float:
            return to_number(item.get(prefix + name))

        net = amount("row_total") - amount("discount_amount")
        gross = net + amount("tax_amount") + amount("discount_tax_compensation_amount")
        shown[f"{prefix}row_total"] = round_to(net, 2)
        shown[f"{prefix}row_total_incl_tax"] = round_to(gross, 2)
    return shown


def order_columns(order: Record) -> Record:
    """The row of an order: its plain fields, and the columns that the API does not show."""
    shipping = shipping_of(order)
    row = dict(zip(ORDERS.columns, map(order.get, ORDERS.columns), strict=True))
    row["shipping_method"] = shipping.get("method")
    row["shipping_address_id"] = record(shipping.get("address")).get("entity_id")
    return row


def _ids_of(order: Record) -> Iterable[tuple[str, int]]:
    store_id = int(to_number(order.get("store_id")))
    yield "order_order", int(to_number(order.get("entity_id")))
    yield f"increment_order_{store_id}", increment_number(str(order.get("increment_id") or ""), store_id)
    for item in records(order.get("items")):
        yield "order_item", int(to_number(item.get("item_id")))
    for address in (record(order.get("billing_address")), record(shipping_of(order).get("address"))):
        yield "order_address", int(to_number(address.get("entity_id")))
    yield "order_payment", int(to_number(record(order.get("payment")).get("entity_id")))
    for entry in records(order.get("status_histories")):
        if not is_empty(entry.get("entity_id")):
            yield "order_history", int(to_number(entry.get("entity_id")))
