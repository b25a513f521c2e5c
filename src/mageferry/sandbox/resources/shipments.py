"""Shipments: shipping an order, tracks, comments, and reading them."""

from __future__ import annotations

from mageferry.sandbox.documents import SHIPMENT
from mageferry.sandbox.listing import Listing
from mageferry.sandbox.orderbook import Record, record, records, stored_text
from mageferry.sandbox.php import Value, is_empty, to_int
from mageferry.sandbox.refusals import Refusal, not_found
from mageferry.sandbox.resources.documents import (
    add_creation_comment,
    comment_adder,
    comment_lister,
    flag,
    has_blank_comment,
    mailer,
    open_order,
    refuse,
    send_mail,
    wanted_quantities,
)
from mageferry.sandbox.resources.orders import CRITERIA, get_record, list_page
from mageferry.sandbox.routing import Answer, Call, route
from mageferry.sandbox.sales.lines import SalesOrder
from mageferry.sandbox.sales.shipping import check_shipment, pack, register_shipment
from mageferry.sandbox.stock import StockError
from mageferry.sandbox.tables import SHIPMENTS

COULD_NOT_SAVE = "Could not save a shipment, see error log for details"
NO_TRACK = "Could not save the shipment tracking."
SHIPMENT_LIST = Listing(SHIPMENTS)
_TITLE_LENGTH = 255
_CARRIER_LENGTH = 32


def list_shipments(call: Call) -> Answer:
    return list_page(call, SHIPMENT_LIST)


def get_shipment(call: Call) -> Answer:
    return get_record(call, SHIPMENT_LIST)


def ship_order(call: Call) -> Answer:
    """Ship items of an order, or all that is left of it. The new id as text. Raises Refusal."""
    shop = call.shop
    order = open_order(shop, call.number("orderId"))
    parcels = pack(order, wanted_quantities(call))
    tracks = records(call.arguments.get("tracks"))
    refuse("Shipment", check_shipment(order, parcels, tracks))
    now = shop.clock.text()
    source_code = _source_code(call, order)
    shipment = register_shipment(order, parcels, now)
    shipment = shop.papers.number(SHIPMENT, shipment, order.store_id, now)
    shipment["extension_attributes"] = {"source_code": source_code}
    if has_blank_comment(call) or not all(map(_is_complete, tracks)):
        raise Refusal(400, COULD_NOT_SAVE)
    units = [(parcel.line, parcel.quantity) for parcel in parcels]
    try:
        if not shop.warehouse.has_source(source_code):
            raise StockError(f"no source {source_code}")
        with shop.database.transaction():
            shop.warehouse.deduct(source_code, units)
            shop.warehouse.release(shop.stock_of(order.store_id), units)
            _finish_shipment(call, shipment, order, tracks, now)
    except StockError:
        raise Refusal(400, COULD_NOT_SAVE) from None
    return str(shipment["entity_id"])


def _source_code(call: Call, order: SalesOrder) -> str:
    arguments = record(call.record("arguments").get("extension_attributes"))
    named = arguments.get("source_code")
    if not is_empty(named):
        return str(named)
    return call.shop.warehouse.shipping_source(call.shop.stock_of(order.store_id))


def _is_complete(track: Record) -> bool:
    return track.get("carrier_code") is not None and track.get("title") is not None


def _finish_shipment(call: Call, shipment: Record, order: SalesOrder, tracks: list[Record], now: str) -> None:
    shop = call.shop
    address = record(order.shipping.get("address")).get("entity_id")
    if address is not None:
        shipment["shipping_address_id"] = address
    shop.papers.number_items(SHIPMENT, shipment)
    shipment["tracks"] = [_track(call, shipment, track, now) for track in tracks]
    add_creation_comment(call, SHIPMENT, shipment, now)
    if flag(call, "notify"):
        send_mail(shipment)
    shop.papers.save(SHIPMENT, shipment)
    shop.orders.save(order.record)


def _track(call: Call, shipment: Record, sent: Record, now: str) -> Record:
    def text(name: str, length: int | None = None) -> Value:
        value = sent.get(name)
        return stored_text(value)[:length] if isinstance(value, str) else value

    return {
        "order_id": shipment["order_id"],
        "created_at": now,
        "entity_id": call.shop.papers.next_track_id(),
        "parent_id": shipment["entity_id"],
        "updated_at": now,
        "weight": sent.get("weight"),
        "qty": sent.get("qty"),
        "description": text("description"),
        "track_number": text("track_number"),
        "title": text("title", _TITLE_LENGTH),
        "carrier_code": text("carrier_code", _CARRIER_LENGTH),
    }


def save_shipment(call: Call) -> Value:
    """``POST /V1/shipment`` never works: without a source nothing can be taken from the stock."""
    entity = call.record("entity")
    order = call.shop.orders.load(to_int(entity.get("order_id")))
    if order is not None and records(entity.get("items")):
        # The INSERT that is rolled back has taken an id and a number.
        now = call.shop.clock.text()
        call.shop.papers.number(SHIPMENT, entity, to_int(order.get("store_id")), now)
    raise Refusal(400, "The shipment couldn't be saved.")


def add_track(call: Call) -> Answer:
    """A track for a shipment of that order; the order's updated_at does not move. Raises Refusal (400)."""
    sent = call.record("entity")
    shipment = call.shop.papers.load(SHIPMENT, to_int(sent.get("parent_id")))
    if shipment is None or to_int(sent.get("order_id")) != shipment["order_id"]:
        raise Refusal(400, NO_TRACK)
    if sent.get("track_number") is None or sent.get("carrier_code") is None:
        raise Refusal(400, NO_TRACK)
    track = _track(call, shipment, sent, call.shop.clock.text())
    shipment["tracks"] = [*records(shipment.get("tracks")), track]
    call.shop.papers.save(SHIPMENT, shipment)
    return track


def delete_track(call: Call) -> Value:
    """True whether or not there was such a track."""
    key = call.number("id")
    rows = call.shop.database.rows(
        "SELECT entity_id FROM sales_shipment, json_each(body, '$.tracks') "
        "WHERE json_extract(value, '$.entity_id') = ?",
        (key,),
    )
    for (shipment_id,) in rows:
        shipment = call.shop.papers.load(SHIPMENT, to_int(shipment_id))
        if shipment is not None:
            kept = [track for track in records(shipment["tracks"]) if track["entity_id"] != key]
            shipment["tracks"] = [*kept]
            call.shop.papers.save(SHIPMENT, shipment)
    return True


def get_label(call: Call) -> Value:
    """The stored shipping label; there is never one, since no carrier prints any."""
    document = call.shop.papers.load(SHIPMENT, call.number("id"))
    if document is None:
        raise not_found()
    return document.get("shipping_label")


_SHIPMENT = "Magento_Sales::shipment"
_SHIP = "Magento_Sales::ship"
_TYPE = "sales-data-shipment"
ROUTES = (
    route("GET", "/V1/shipments", _SHIPMENT, list_shipments, CRITERIA),
    route("GET", "/V1/shipment/:id", _SHIPMENT, get_shipment, "id:int"),
    route("POST", "/V1/shipment", _SHIPMENT, save_shipment, f"entity:{_TYPE}-interface"),
    route("POST", "/V1/shipment/track", _SHIPMENT, add_track, f"entity:{_TYPE}-track-interface"),
    route("DELETE", "/V1/shipment/track/:id", _SHIPMENT, delete_track, "id:int"),
    route("GET", "/V1/shipment/:id/comments", _SHIPMENT, comment_lister(SHIPMENT), "id:int"),
    route(
        "POST",
        "/V1/shipment/:id/comments",
        _SHIPMENT,
        comment_adder(SHIPMENT, "Could not save the shipment comment."),
        f"entity:{_TYPE}-comment-interface",
    ),
    route("POST", "/V1/shipment/:id/emails", _SHIPMENT, mailer(SHIPMENT), "id:int"),
    route("GET", "/V1/shipment/:id/label", _SHIPMENT, get_label, "id:int"),
    route(
        "POST",
        "/V1/order/:orderId/ship",
        _SHIP,
        ship_order,
        f"orderId:int items:*{_TYPE}-item-creation-interface? notify:bool? appendComment:bool? "
        f"comment:{_TYPE}-comment-creation-interface? tracks:*{_TYPE}-track-creation-interface? "
        f"packages:*{_TYPE}-package-creation-interface? arguments:{_TYPE}-creation-arguments-interface?",
    ),
)
