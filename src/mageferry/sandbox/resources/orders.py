"""Reading orders, order items, and a shop's invoices, shipments and credit memos."""

from __future__ import annotations

from mageferry.sandbox.criteria import Criteria, read_criteria
from mageferry.sandbox.listing import Listing, Page
from mageferry.sandbox.php import Value
from mageferry.sandbox.refusals import Refusal, not_found
from mageferry.sandbox.resources.order_addresses import save_order_address
from mageferry.sandbox.resources.order_comments import add_order_comment, list_order_comments
from mageferry.sandbox.resources.order_creation import save_order
from mageferry.sandbox.routing import Answer, Call, Rendered, route
from mageferry.sandbox.tables import CREDIT_MEMOS, INVOICES, ORDER_ITEMS, ORDERS, SHIPMENTS

NO_ID = "An ID is needed. Set the ID and try again."
ORDER_LIST = Listing(ORDERS)
ITEM_LIST = Listing(ORDER_ITEMS)
INVOICE_LIST = Listing(INVOICES)
SHIPMENT_LIST = Listing(SHIPMENTS)
CREDIT_MEMO_LIST = Listing(CREDIT_MEMOS)
CRITERIA = "searchCriteria:framework-search-criteria-interface"


def criteria_of(call: Call) -> Criteria:
    default = call.shop.settings.number("webapi/validation/default_page_size")
    return read_criteria(call.arguments.get("searchCriteria"), default)


def list_page(call: Call, listing: Listing) -> Page:
    shuffle = call.shop.settings.flag("sandbox/list/shuffle_ties")
    return listing.page(call.shop.database, criteria_of(call), shuffle_ties=shuffle)


def get_record(call: Call, listing: Listing, message: str = "") -> Rendered:
    """One record by its numeric id. Raises Refusal: 400 for id 0, 404 for an unknown one."""
    key = call.number("id")
    if key == 0:
        raise Refusal(400, NO_ID)
    body = call.shop.database.body(listing.table, key)
    if body is None:
        raise not_found(message) if message else not_found()
    return Rendered(body)


def list_orders(call: Call) -> Answer:
    return list_page(call, ORDER_LIST)


def get_order(call: Call) -> Answer:
    return get_record(call, ORDER_LIST)


def list_order_items(call: Call) -> Answer:
    return list_page(call, ITEM_LIST)


def get_order_item(call: Call) -> Answer:
    return get_record(call, ITEM_LIST)


def list_invoices(call: Call) -> Answer:
    return list_page(call, INVOICE_LIST)


def get_invoice(call: Call) -> Answer:
    return get_record(call, INVOICE_LIST)


def list_shipments(call: Call) -> Answer:
    return list_page(call, SHIPMENT_LIST)


def get_shipment(call: Call) -> Answer:
    return get_record(call, SHIPMENT_LIST)


def list_credit_memos(call: Call) -> Answer:
    return list_page(call, CREDIT_MEMO_LIST)


def get_credit_memo(call: Call) -> Answer:
    return get_record(call, CREDIT_MEMO_LIST)


def get_order_status(call: Call) -> Value:
    order = call.shop.orders.load(call.number("id"))
    if order is None:
        raise not_found()
    return order.get("status")


_VIEW = "Magento_Sales::actions_view"
_CREATE = "Magento_Sales::create"
_ENTITY = "entity:sales-data-order-interface"
ROUTES = (
    route("GET", "/V1/orders", _VIEW, list_orders, CRITERIA),
    route("GET", "/V1/orders/:id", _VIEW, get_order, "id:int"),
    route("GET", "/V1/orders/:id/statuses", "Magento_Sales::sales", get_order_status, "id:int"),
    route("GET", "/V1/orders/:id/comments", _VIEW, list_order_comments, "id:int"),
    route(
        "POST",
        "/V1/orders/:id/comments",
        "Magento_Sales::comment",
        add_order_comment,
        "id:int statusHistory:sales-data-order-status-history-interface",
    ),
    route("GET", "/V1/orders/items", _VIEW, list_order_items, CRITERIA),
    route("GET", "/V1/orders/items/:id", _VIEW, get_order_item, "id:int"),
    route("POST", "/V1/orders", _CREATE, save_order, _ENTITY),
    route("PUT", "/V1/orders/create", _CREATE, save_order, _ENTITY),
    route(
        "PUT",
        "/V1/orders/:parent_id",
        _CREATE,
        save_order_address,
        "parent_id:int entity:sales-data-order-address-interface",
    ),
    route("GET", "/V1/invoices", "Magento_Sales::sales_invoice", list_invoices, CRITERIA),
    route("GET", "/V1/invoices/:id", "Magento_Sales::sales_invoice", get_invoice, "id:int"),
    route("GET", "/V1/shipments", "Magento_Sales::shipment", list_shipments, CRITERIA),
    route("GET", "/V1/shipment/:id", "Magento_Sales::shipment", get_shipment, "id:int"),
    route("GET", "/V1/creditmemos", "Magento_Sales::sales_creditmemo", list_credit_memos, CRITERIA),
    route("GET", "/V1/creditmemo/:id", "Magento_Sales::sales_creditmemo", get_credit_memo, "id:int"),
)
