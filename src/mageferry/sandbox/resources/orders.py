"""Reading orders and order items; the routes of what is done to them."""

from __future__ import annotations

from mageferry.sandbox.criteria import Criteria, read_criteria
from mageferry.sandbox.listing import Listing, Page
from mageferry.sandbox.php import Value
from mageferry.sandbox.refusals import Refusal, not_found
from mageferry.sandbox.resources.order_addresses import save_order_address
from mageferry.sandbox.resources.order_comments import add_order_comment, list_order_comments
from mageferry.sandbox.resources.order_creation import save_order
from mageferry.sandbox.routing import Answer, Call, Rendered, route
from mageferry.sandbox.tables import ORDER_ITEMS, ORDERS

NO_ID = "An ID is needed. Set the ID and try again."
ORDER_LIST = Listing(ORDERS)
ITEM_LIST = Listing(ORDER_ITEMS)
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
)
