"""A custom shop: one whose API differs from the standard, as shops with modules of their own do.

Orders are created by a module's own call, ``POST /V1/acme/orders`` with the wrapper ``order``, and come back in one;
the standard calls for that are gone. Orders carry ``acme_channel`` and ``acme_gift_note`` among their extension
attributes, ship by ``acme_locker``, stand at ``acme_packed`` when they are ready, and a page has at most 50 records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import batched

from mageferry.sandbox.arguments import convert_value
from mageferry.sandbox.orderbook import Record, record, records, shipping_of
from mageferry.sandbox.php import Value, to_int
from mageferry.sandbox.refusals import Refusal
from mageferry.sandbox.resources.order_creation import save_order
from mageferry.sandbox.routing import Answer, Call, Route, route
from mageferry.sandbox.shop import Shop
from mageferry.sandbox.typetable import Kind

METHOD = "acme_locker"
STATUS = "acme_packed"
PAGE_SIZE = 50
_BATCH = 500
CHANNELS = ("web", "kiosk", "phone")
_ATTRIBUTES = ("acme_channel", "acme_gift_note")
_GONE = (("POST", "/V1/orders"), ("PUT", "/V1/orders/create"))
NO_METHOD = 'The shipping method "%1" is not available. Ship by acme_locker.'
NO_CHANNEL = "Acme: an order needs the extension attribute acme_channel."


def create_order(call: Call) -> Answer:
    """Create an order as the module does. Raises Refusal for another shipping method, or without a channel."""
    sent = dict(call.record("order"))
    extension = dict(record(sent.get("extension_attributes")))
    own: Record = {name: extension.pop(name) for name in _ATTRIBUTES if name in extension}
    entity = record(
        convert_value({**sent, "extension_attributes": extension}, Kind("sales-data-order-interface"))
    )
    method = shipping_of(entity).get("method")
    if method != METHOD:
        raise Refusal(400, NO_METHOD, [method])
    if not own.get("acme_channel"):
        raise Refusal(400, NO_CHANNEL)
    made = record(save_order(replace(call, arguments={"entity": entity})))
    order = call.shop.orders.load(to_int(made["entity_id"]))
    if order is not None:
        _add_attributes(order, own)
        call.shop.orders.save(order)
    return {"order": {**made, "extension_attributes": {**record(made.get("extension_attributes")), **own}}}


OWN_ROUTES = (route("POST", "/V1/acme/orders", "Magento_Sales::create", create_order, "order:any"),)


def custom_routes(standard: Iterable[Route]) -> tuple[Route, ...]:
    """The route table of the custom shop."""
    return (*(each for each in standard if (each.method, each.path) not in _GONE), *OWN_ROUTES)


def customise(shop: Shop) -> None:
    """Make the content of a standard shop that of the custom one; done twice it changes nothing more."""
    limit_pages(shop)
    rows = shop.database.rows("SELECT entity_id FROM sales_order ORDER BY entity_id")
    for some in batched(rows, _BATCH):
        orders = [order for (key,) in some if (order := shop.orders.load(to_int(key))) is not None]
        for order in orders:
            _customise_order(order)
        shop.orders.save_many(orders)


def limit_pages(shop: Shop) -> None:
    """What holds after a restart too: settings aren't kept with the content."""
    shop.settings.set("webapi/validation/maximum_page_size", str(PAGE_SIZE))


def _customise_order(order: Record) -> None:
    number = to_int(order["entity_id"])
    own: Record = {"acme_channel": CHANNELS[number % len(CHANNELS)]}
    if number % 4 == 0:
        own["acme_gift_note"] = f"With love, {order.get('customer_firstname') or 'a friend'}"
    _add_attributes(order, own)
    for item in records(order.get("items")):
        item["extension_attributes"] = {
            **record(item.get("extension_attributes")),
            "acme_bin": f"B{number % 7}",
        }
    shipping = shipping_of(order)
    if shipping:
        shipping["method"] = METHOD
    if order.get("status") == "processing":
        order["status"] = STATUS


def _add_attributes(order: Record, own: dict[str, Value]) -> None:
    order["extension_attributes"] = {**record(order.get("extension_attributes")), **own}
