"""The two forms of an order just saved: what the service echoes, and what reading it back shows."""

from __future__ import annotations

from mageferry.sandbox.orderbook import Record, amount_due, item_totals, record, records, stored_text
from mageferry.sandbox.php import Value, is_empty, round_to
from mageferry.sandbox.typetable import data_type

# Columns of Magento's sales_order_item that the database itself fills.
_ITEM_DEFAULTS = (
    "amount_refunded", "base_amount_refunded", "base_cost", "base_discount_amount", "base_discount_invoiced",
    "base_price", "base_row_invoiced", "base_row_total", "base_tax_amount", "base_tax_invoiced",
    "discount_amount", "discount_invoiced", "discount_percent", "free_shipping", "no_discount",
    "original_price", "price",
    "qty_backordered", "qty_canceled", "qty_invoiced", "qty_ordered", "qty_refunded", "qty_shipped",
    "row_invoiced", "row_total", "row_weight", "tax_amount", "tax_invoiced", "tax_percent", "weight",
)  # fmt: skip
CHILDREN = ("billing_address", "payment", "items", "status_histories", "extension_attributes")


def echo_order(order: Record) -> Record:
    """What the service answers: the sent fields, the ids given, and nulls for fields that are always
    shown.
    """
    shown = with_required(order, "sales-data-order-interface")
    shown["total_due"] = amount_due(order, "")
    shown["base_total_due"] = amount_due(order, "base_")
    shown["items"] = [_echo_item(item) for item in records(order.get("items"))]
    shown["status_histories"] = order.get("status_histories") or []
    for name, type_name in (
        ("payment", "sales-data-order-payment-interface"),
        ("billing_address", "sales-data-order-address-interface"),
    ):
        if isinstance(shown.get(name), dict):
            shown[name] = with_required(record(shown[name]), type_name)
    payment = record(shown.get("payment"))
    payment["additional_information"] = payment.get("additional_information") or []
    extension = record(shown.pop("extension_attributes", None))
    assignments = records(extension.get("shipping_assignments"))
    if extension:
        shown["extension_attributes"] = {
            **extension,
            **(
                {"shipping_assignments": [_echo_assignment(entry) for entry in assignments]}
                if assignments
                else {}
            ),
        }
    return shown


def _echo_assignment(assignment: Record) -> Record:
    items: list[Value] = [_echo_item(item) for item in records(assignment.get("items"))]
    return {**assignment, "items": items}


def _echo_item(item: Record) -> Record:
    return {**with_required(item, "sales-data-order-item-interface"), **item_totals(item)}


def with_required(value: Record, type_name: str) -> Record:
    always = [field.name for field in data_type(type_name).fields.values() if field.always]
    kept = {key: item for key, item in value.items() if item is not None}
    return {**dict.fromkeys(always), **kept}


def stored_order(order: Record, now: str) -> Record:
    """The order as it reads back: database defaults, rounded money, extension attributes of a read."""
    stored = {key: as_stored(value) for key, value in order.items() if key not in CHILDREN}
    stored["items"] = [stored_item(item) for item in records(order.get("items"))]
    if "billing_address" in order:
        stored["billing_address"] = order["billing_address"]
    payment = with_required(record(order.get("payment")), "sales-data-order-payment-interface")
    information = payment.get("additional_information") or []
    stored["payment"] = {
        **{k: as_stored(v) for k, v in payment.items()},
        "additional_information": information,
    }
    stored["status_histories"] = [
        {"created_at": now, **entry} for entry in records(order.get("status_histories"))
    ]
    assignments = records(record(order.get("extension_attributes")).get("shipping_assignments"))
    shipping = record(assignments[0].get("shipping")) if assignments else {}
    kept = {key: shipping[key] for key in ("address", "method") if not is_empty(shipping.get(key))}
    stored["extension_attributes"] = {
        "shipping_assignments": [{"shipping": kept}],
        "payment_additional_info": _information_pairs(information),
        "applied_taxes": [],
        "item_applied_taxes": [],
        "converting_from_quote": False,
        "taxes": [],
        "additional_itemized_taxes": [],
    }
    return with_required(stored, "sales-data-order-interface")


def stored_item(item: Record) -> Record:
    kept = {key: as_stored(value) for key, value in item.items() if value is not None}
    full = {**dict.fromkeys(_ITEM_DEFAULTS, 0), **with_required(kept, "sales-data-order-item-interface")}
    return {**full, **item_totals(full), "extension_attributes": {"itemized_taxes": []}}


def _information_pairs(information: Value) -> list[Value]:
    entries = information if isinstance(information, list) else []
    return [{"key": str(index), "value": value} for index, value in enumerate(entries)]


def as_stored(value: Value) -> Value:
    """Money columns are DECIMAL(20,4), text is three-byte UTF-8."""
    if isinstance(value, str):
        return stored_text(value)
    return round_to(value, 4) if isinstance(value, float) else value
