"""What is done to an order as a whole: cancel, hold, mail; and the payment transactions, of which offline
methods have none.
"""

from __future__ import annotations

from mageferry.sandbox.criteria import Criteria
from mageferry.sandbox.listing import Page
from mageferry.sandbox.php import Value
from mageferry.sandbox.refusals import Refusal, not_found
from mageferry.sandbox.resources.documents import open_order
from mageferry.sandbox.resources.orders import CRITERIA, criteria_of
from mageferry.sandbox.routing import Answer, Call, route
from mageferry.sandbox.sales.lines import SalesOrder
from mageferry.sandbox.sales.states import HOLDED, can_cancel, can_hold, cancel, hold, unhold


def cancel_order(call: Call) -> Value:
    """False, not an error, for an order that cannot be canceled."""
    order = open_order(call.shop, call.number("id"))
    if not can_cancel(order):
        return False
    cancel(order, call.shop.clock.text())
    canceled = [(line, line.get("qty_canceled")) for line in order.lines]
    call.shop.warehouse.release(call.shop.stock_of(order.store_id), canceled)
    return _save(call, order)


def hold_order(call: Call) -> Value:
    order = open_order(call.shop, call.number("id"))
    if not can_hold(order):
        raise Refusal(400, "A hold action is not available.")
    hold(order)
    return _save(call, order)


def unhold_order(call: Call) -> Value:
    order = open_order(call.shop, call.number("id"))
    if order.state != HOLDED:
        raise Refusal(400, "You cannot remove the hold.")
    unhold(order)
    return _save(call, order)


def mail_order(call: Call) -> Value:
    """Sends the order to its customer; its updated_at does not move."""
    order = open_order(call.shop, call.number("id"))
    order.record["email_sent"] = 1
    call.shop.orders.save(order.record)
    return True


def _save(call: Call, order: SalesOrder) -> Value:
    order.record["updated_at"] = call.shop.clock.text()
    order.rewrite_options(call.shop.clock.text())
    call.shop.orders.save(order.record)
    return True


def list_transactions(call: Call) -> Answer:
    criteria: Criteria = criteria_of(call)
    return Page([], 0, criteria)


def get_transaction(_call: Call) -> Answer:
    raise not_found()


_TRANSACTIONS = "Magento_Sales::transactions_fetch"
ROUTES = (
    route("POST", "/V1/orders/:id/cancel", "Magento_Sales::cancel", cancel_order, "id:int"),
    route("POST", "/V1/orders/:id/hold", "Magento_Sales::hold", hold_order, "id:int"),
    route("POST", "/V1/orders/:id/unhold", "Magento_Sales::unhold", unhold_order, "id:int"),
    route("POST", "/V1/orders/:id/emails", "Magento_Sales::emails", mail_order, "id:int"),
    route("GET", "/V1/transactions", _TRANSACTIONS, list_transactions, CRITERIA),
    route("GET", "/V1/transactions/:id", _TRANSACTIONS, get_transaction, "id:int"),
)
