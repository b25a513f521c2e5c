"""Comments on an order: its status history."""

from __future__ import annotations

from mageferry.sandbox.orderbook import records, stored_text
from mageferry.sandbox.php import Value, is_empty, to_int, to_string
from mageferry.sandbox.refusals import Refusal, not_found
from mageferry.sandbox.routing import Call
from mageferry.sandbox.sales.lines import SalesOrder
from mageferry.sandbox.sales.states import STATE_STATUSES

# The line break and the blanks are Magento's own.
NOT_A_STATUS = (
    'Unable to add comment: The status "%1" is not part of the order\n                 status history.'
)


def add_order_comment(call: Call) -> Value:
    """Adds a comment; the order's updated_at does not move. Raises Refusal: 404, 400 for a status of
    another state.
    """
    order = call.shop.orders.load(call.number("id"))
    if order is None:
        raise not_found()
    sent = call.record("statusHistory")
    status = sent.get("status")
    if not is_empty(status) and status not in STATE_STATUSES.get(to_string(order.get("state")), ()):
        raise Refusal(400, NOT_A_STATUS, [status])
    comment = sent.get("comment")
    entry: Value = {
        "comment": stored_text(comment) if isinstance(comment, str) else comment,
        "created_at": call.shop.clock.text(),
        "entity_id": call.shop.orders.next_id("history"),
        "is_customer_notified": sent.get("is_customer_notified"),
        "is_visible_on_front": to_int(sent.get("is_visible_on_front")),
        "parent_id": order["entity_id"],
        "status": status or order.get("status"),
    }
    # With an order the newest comes first.
    order["status_histories"] = [entry, *records(order.get("status_histories"))]
    SalesOrder(order).rewrite_options(call.shop.clock.text())
    call.shop.orders.save(order)
    return True


def list_order_comments(call: Call) -> Value:
    """The comments, oldest first, with the criteria that Magento makes up for this list."""
    order_id = call.number("id")
    order = call.shop.orders.load(order_id)
    items = sorted(
        records(order.get("status_histories") if order else []),
        key=lambda entry: to_int(entry.get("entity_id")),
    )
    own: Value = {"field": "parent_id", "value": str(order_id), "condition_type": "eq"}
    return {
        "items": [*items],
        "search_criteria": {"filter_groups": [{"filters": [own]}]},
        "total_count": len(items),
    }
