"""Customers: one, and the search over them."""

from __future__ import annotations

from mageferry.sandbox.access import CUSTOMER
from mageferry.sandbox.listing import Listing
from mageferry.sandbox.refusals import missing, no_such_entity
from mageferry.sandbox.resources.catalog import invalid_attribute
from mageferry.sandbox.resources.orders import CRITERIA, list_page
from mageferry.sandbox.routing import Answer, Call, Rendered, route
from mageferry.sandbox.tables import CUSTOMERS

CUSTOMER_LIST = Listing(CUSTOMERS, unknown_filter=invalid_attribute, unknown_sort=lambda _: None)


def list_customers(call: Call) -> Answer:
    return list_page(call, CUSTOMER_LIST)


def get_customer(call: Call) -> Answer:
    key = call.number("customerId")
    body = call.shop.database.body(CUSTOMERS, key)
    if body is None:
        raise no_such_entity("customerId", key)
    return Rendered(body)


def get_own_customer(call: Call) -> Answer:
    """The signed-in customer's own record; for anyone else the argument that a customer fills is missing."""
    if call.identity is None or call.identity.kind != CUSTOMER:
        raise missing(["customerId"])
    body = call.shop.database.body(CUSTOMERS, call.identity.user_id)
    if body is None:
        raise no_such_entity("customerId", call.identity.user_id)
    return Rendered(body)


_MANAGE = "Magento_Customer::customer"
ROUTES = (
    route("GET", "/V1/customers/search", _MANAGE, list_customers, CRITERIA),
    route("GET", "/V1/customers/me", "self", get_own_customer),
    route("GET", "/V1/customers/:customerId", _MANAGE, get_customer, "customerId:int"),
)
