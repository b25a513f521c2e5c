"""Creating and partly updating orders: ``POST /V1/orders`` and ``PUT /V1/orders/create``.

The answer echoes what was sent, not what is stored: nulls for required fields, computed ones on top. Ids
are taken before the checks that come after Magento's INSERT, so a refused order leaves the same gaps in
the numbering.
"""

from __future__ import annotations

import sqlite3

from mageferry.sandbox.orderbook import (
    Record,
    amount_due,
    new_protect_code,
    record,
    records,
)
from mageferry.sandbox.php import Value, is_empty, to_int
from mageferry.sandbox.refusals import Refusal, masked
from mageferry.sandbox.resources.order_addresses import check_address
from mageferry.sandbox.resources.order_forms import (
    CHILDREN,
    as_stored,
    echo_order,
    stored_item,
    stored_order,
    with_required,
)
from mageferry.sandbox.routing import Call
from mageferry.sandbox.tables import CUSTOMERS

NO_PAYMENT = "Please provide payment for the order."
NO_METHOD = "The payment method you requested is not available."
NOT_UNIQUE = "Unique constraint violation found"


def save_order(call: Call) -> Value:
    """Create an order, or with ``entity_id`` change the fields that were sent. Raises Refusal."""
    entity = dict(call.record("entity"))
    if not is_empty(entity.get("entity_id")):
        return _update_order(call, entity)
    return _create_order(call, entity)


def _create_order(call: Call, entity: Record) -> Value:
    _check_payment(entity)
    store = _store_of(call, entity)
    book = call.shop.orders
    now = call.shop.clock.text()
    order: Record = {key: value for key, value in entity.items() if value is not None}
    order["entity_id"] = book.next_id("order")
    if is_empty(order.get("increment_id")):
        order["increment_id"] = book.next_increment_id("order", to_int(store["id"]))
    order["store_name"] = call.shop.store_name(store)
    order["total_item_count"] = len(records(entity.get("items")))
    order["protect_code"] = new_protect_code()
    order["created_at"] = entity.get("created_at") or now
    order["updated_at"] = now
    _check_unique(call, order)
    _check_customer(call, order)
    order["items"] = [_number_item(call, item, order, now) for item in records(entity.get("items"))]
    order["payment"] = {**record(order["payment"]), **_child(order, book.next_id("payment"))}
    order["status_histories"] = [
        {**entry, **_child(order, book.next_id("history"))}
        for entry in records(entity.get("status_histories"))
    ]
    _save_addresses(call, entity, order)
    shown = echo_order(order)
    try:
        book.save(stored_order(order, now))
    except sqlite3.IntegrityError:
        raise Refusal(400, NOT_UNIQUE) from None
    return shown


def _check_payment(entity: Record) -> None:
    if not isinstance(entity.get("payment"), dict):
        raise Refusal(400, NO_PAYMENT)
    if is_empty(record(entity["payment"]).get("method")):
        raise Refusal(400, NO_METHOD)


def _store_of(call: Call, entity: Record) -> Record:
    """The order's own store, else the one in the URL; the URL's is used for naming and numbering only."""
    if entity.get("store_id") is not None:
        return call.shop.store(entity["store_id"])
    return call.shop.store_by_code(call.store_code)


def _check_unique(call: Call, order: Record) -> None:
    taken = call.shop.database.value(
        "SELECT 1 FROM sales_order WHERE increment_id = ? AND store_id = ?",
        (order["increment_id"], order.get("store_id")),
    )
    if taken:
        raise Refusal(400, NOT_UNIQUE)


def _check_customer(call: Call, order: Record) -> None:
    customer = order.get("customer_id")
    if not is_empty(customer) and call.shop.database.body(CUSTOMERS, customer) is None:
        # A foreign key of sales_order.
        raise masked()


def _child(order: Record, key: int) -> Record:
    return {"entity_id": key, "parent_id": order["entity_id"]}


def _number_item(call: Call, item: Record, order: Record, now: str) -> Record:
    sent = {key: value for key, value in item.items() if value is not None}
    return {
        **sent,
        "item_id": call.shop.orders.next_id("item"),
        "order_id": order["entity_id"],
        "created_at": sent.get("created_at") or now,
        "updated_at": now,
    }


def _save_addresses(call: Call, entity: Record, order: Record) -> None:
    if isinstance(entity.get("billing_address"), dict):
        # setBillingAddress runs in the order of the body's keys and copies the e-mail known by then.
        keys = list(entity)
        known = "customer_email" in keys and keys.index("customer_email") < keys.index("billing_address")
        email = entity.get("customer_email") if known else None
        order["billing_address"] = _save_address(
            call, record(entity["billing_address"]), order, "billing", email
        )
        order["billing_address_id"] = record(order["billing_address"])["entity_id"]
    assignments = records(record(entity.get("extension_attributes")).get("shipping_assignments"))
    if not assignments or not is_empty(entity.get("is_virtual")):
        return
    shipping = record(assignments[0].get("shipping"))
    if isinstance(shipping.get("address"), dict):
        email = entity.get("customer_email")
        saved = _save_address(call, record(shipping["address"]), order, "shipping", email)
        shipping["address"] = saved


def _save_address(call: Call, sent: Record, order: Record, kind: str, email: Value) -> Record:
    address = {**sent, "address_type": kind, "email": email, "parent_id": order["entity_id"]}
    check_address(address)
    return {
        **{key: value for key, value in address.items() if value is not None},
        "entity_id": call.shop.orders.next_id("address"),
    }


def _update_order(call: Call, entity: Record) -> Value:
    """Only what was sent changes; the answer still shows null for required fields that were not."""
    order = call.shop.orders.load(to_int(entity["entity_id"]))
    if order is None:
        raise masked()
    sent: Record = {key: value for key, value in entity.items() if value is not None}
    now = call.shop.clock.text()
    order.update({key: as_stored(value) for key, value in sent.items() if key not in CHILDREN})
    order["updated_at"] = now
    added = [
        _number_item(call, item, order, now) for item in records(sent.get("items")) if not item.get("item_id")
    ]
    order["items"] = [*records(order.get("items")), *(stored_item(item) for item in added)]
    _update_children(call, sent, order)
    try:
        call.shop.orders.save(order)
    except sqlite3.IntegrityError:
        raise Refusal(400, NOT_UNIQUE) from None
    return _echo_update(order, sent)


def _update_children(call: Call, sent: Record, order: Record) -> None:
    changes = {item["item_id"]: item for item in records(sent.get("items")) if item.get("item_id")}
    for item in records(order.get("items")):
        item.update({k: v for k, v in changes.get(item["item_id"], {}).items() if v is not None})
    record(order.get("payment")).update(
        {key: value for key, value in record(sent.get("payment")).items() if value is not None}
    )
    if isinstance(sent.get("billing_address"), dict):
        own = record(order.get("billing_address"))
        address = {**own, **record(sent["billing_address"]), "address_type": "billing"}
        address["email"] = sent.get("customer_email")
        check_address(address)
        order["billing_address"] = address
    histories = records(order.get("status_histories"))
    for entry in records(sent.get("status_histories")):
        number = call.shop.orders.next_id("history")
        histories.insert(0, {"created_at": order["updated_at"], **entry, **_child(order, number)})
    order["status_histories"] = [*histories]


def _echo_update(order: Record, sent: Record) -> Record:
    shown = with_required(
        {key: value for key, value in sent.items() if key not in CHILDREN}, "sales-data-order-interface"
    )
    for name in ("billing_address_id", "created_at", "updated_at", "billing_address", "payment"):
        if name in order:
            shown[name] = order[name]
    shown["total_due"] = amount_due(sent, "")
    shown["base_total_due"] = amount_due(sent, "base_")
    shown["items"] = [
        {key: value for key, value in item.items() if key != "extension_attributes"}
        for item in records(order.get("items"))
    ]
    shown["status_histories"] = order.get("status_histories") or []
    return shown
