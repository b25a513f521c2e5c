"""Customers: making one, reading one, and the search over them."""

from __future__ import annotations

from mageferry.sandbox.access import CUSTOMER
from mageferry.sandbox.listing import Listing
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.orderbook import Record
from mageferry.sandbox.php import is_empty
from mageferry.sandbox.refusals import Refusal, missing, no_such_entity
from mageferry.sandbox.resources.catalog import invalid_attribute
from mageferry.sandbox.resources.order_addresses import EMAIL
from mageferry.sandbox.resources.orders import CRITERIA, list_page
from mageferry.sandbox.routing import Answer, Call, Rendered, route
from mageferry.sandbox.shop import Shop
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


def create_customer(call: Call) -> Answer:
    """A new customer. Raises Refusal (400) for missing names, a bad or a taken e-mail address."""
    sent = {name: value for name, value in call.record("customer").items() if value is not None}
    problems = [
        f'"{label}" is a required value.'
        for name, label in (("firstname", "First Name"), ("lastname", "Last Name"))
        if is_empty(sent.get(name))
    ]
    email = str(sent.get("email") or "")
    if not EMAIL.match(email):
        problems.append('"Email" is not a valid email address.')
    if problems:
        raise Refusal(400, "\n".join(problems))
    taken = call.shop.database.value("SELECT 1 FROM customer_entity WHERE email = ?", (email,))
    if taken:
        raise Refusal(400, "A customer with the same email address already exists in an associated website.")
    view = call.shop.store_by_code(call.store_code)
    now = call.shop.clock.text()
    customer: Record = {
        "id": call.shop.database.next_id(CUSTOMERS.name),
        "group_id": 1,
        "created_at": now,
        "updated_at": now,
        "created_in": view.get("name"),
        "store_id": view.get("id"),
        "website_id": view.get("website_id") or 1,
        "addresses": [],
        "disable_auto_group_change": 0,
        "extension_attributes": {"is_subscribed": False},
        **sent,
    }
    save_customer(call.shop, customer)
    return customer


def save_customer(shop: Shop, customer: Record) -> None:
    plain = {name: value for name, value in customer.items() if not isinstance(value, dict | list)}
    shop.database.save(CUSTOMERS, {**plain, "entity_id": customer["id"]}, encode_json(customer))


_MANAGE = "Magento_Customer::customer"
ROUTES = (
    route(
        "POST",
        "/V1/customers",
        "anonymous",
        create_customer,
        "customer:customer-data-customer-interface password:str? redirectUrl:str?",
    ),
    route("GET", "/V1/customers/search", _MANAGE, list_customers, CRITERIA),
    route("GET", "/V1/customers/me", "self", get_own_customer),
    route("GET", "/V1/customers/:customerId", _MANAGE, get_customer, "customerId:int"),
)
