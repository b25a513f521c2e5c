"""Invoices: making them out of an order, reading, capturing and voiding them."""

from __future__ import annotations

from mageferry.sandbox.documents import INVOICE
from mageferry.sandbox.listing import Listing
from mageferry.sandbox.money import amount
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import Value, to_int
from mageferry.sandbox.refusals import Refusal
from mageferry.sandbox.resources.documents import (
    add_creation_comment,
    comment_adder,
    comment_lister,
    flag,
    has_blank_comment,
    load_document,
    mailer,
    open_order,
    refuse,
    send_mail,
    wanted_quantities,
)
from mageferry.sandbox.resources.orders import CRITERIA, get_record, list_page
from mageferry.sandbox.routing import Answer, Call, route
from mageferry.sandbox.sales.invoicing import check_invoice, draft_invoice, register_invoice
from mageferry.sandbox.sales.lines import SalesOrder
from mageferry.sandbox.shop import Shop
from mageferry.sandbox.stock import DEFAULT_SOURCE, StockError
from mageferry.sandbox.tables import INVOICES

COULD_NOT_SAVE = "Could not save an invoice, see error log for details"
INVOICE_LIST = Listing(INVOICES)


def list_invoices(call: Call) -> Answer:
    return list_page(call, INVOICE_LIST)


def get_invoice(call: Call) -> Answer:
    return get_record(call, INVOICE_LIST)


def invoice_order(call: Call) -> Answer:
    """Invoice items of an order, or all that is left of it. The new id as text. Raises Refusal."""
    shop = call.shop
    order = open_order(shop, call.number("orderId"))
    earlier = shop.papers.of_order(INVOICE, order.order_id)
    draft = draft_invoice(order, wanted_quantities(call), earlier)
    refuse("Invoice", check_invoice(draft))
    now = shop.clock.text()
    invoice = register_invoice(draft, now)
    invoice = shop.papers.number(INVOICE, invoice, order.store_id, now)
    if has_blank_comment(call):
        raise Refusal(400, COULD_NOT_SAVE)
    shop.papers.number_items(INVOICE, invoice)
    add_creation_comment(call, INVOICE, invoice, now)
    if flag(call, "notify"):
        send_mail(invoice)
    with shop.database.transaction():
        _deduct_virtual(shop, order, invoice)
        finish_invoice(invoice, order, shop)
    return str(invoice["entity_id"])


def finish_invoice(invoice: Record, order: SalesOrder, shop: Shop) -> None:
    """Store the invoice with the address its order ships to, and the order."""
    address = record(order.shipping.get("address")).get("entity_id")
    if address is not None:
        invoice["shipping_address_id"] = address
    shop.papers.save(INVOICE, invoice)
    shop.orders.save(order.record)


def _deduct_virtual(shop: Shop, order: SalesOrder, invoice: Record) -> None:
    """Virtual items leave the stock with their invoice, since nothing ships them."""
    units = [
        (line, amount(item, "qty"))
        for item in records(invoice["items"])
        for line in [order.by_id[to_int(item["order_item_id"])]]
        if line.is_virtual
    ]
    try:
        shop.warehouse.deduct(DEFAULT_SOURCE, units)
    except StockError:
        raise Refusal(400, COULD_NOT_SAVE) from None
    shop.warehouse.release(shop.stock_of(order.store_id), units)


def save_invoice(call: Call) -> Answer:
    """``POST /V1/invoices``: stores what it is given and computes nothing. Raises Refusal (400)."""
    sent: Record = {name: value for name, value in call.record("entity").items() if value is not None}
    shop = call.shop
    order = shop.orders.load(to_int(sent.get("order_id")))
    if order is None:
        raise Refusal(400, "The invoice couldn't be saved.")
    now = shop.clock.text()
    invoice = shop.papers.number(INVOICE, sent, to_int(order.get("store_id")), now)
    shop.papers.number_items(INVOICE, invoice)
    invoice["comments"] = invoice.get("comments") or []
    shop.papers.save(INVOICE, invoice)
    return invoice


def capture_invoice(call: Call) -> Value:
    """Refused: the demo's payment methods are offline ones, and their invoices are paid at once."""
    load_document(call, INVOICE)
    raise Refusal(400, "The capture action is not available.")


def void_invoice(call: Call) -> Value:
    load_document(call, INVOICE)
    raise Refusal(400, "The void action is not available.")


_SALES = "Magento_Sales::sales_invoice"
_TYPE = "sales-data-invoice"
ROUTES = (
    route("GET", "/V1/invoices", _SALES, list_invoices, CRITERIA),
    route("GET", "/V1/invoices/:id", _SALES, get_invoice, "id:int"),
    route("POST", "/V1/invoices", _SALES, save_invoice, f"entity:{_TYPE}-interface"),
    route("GET", "/V1/invoices/:id/comments", _SALES, comment_lister(INVOICE), "id:int"),
    route(
        "POST",
        "/V1/invoices/comments",
        _SALES,
        comment_adder(INVOICE, "Could not save the invoice comment."),
        f"entity:{_TYPE}-comment-interface",
    ),
    route("POST", "/V1/invoices/:id/emails", _SALES, mailer(INVOICE), "id:int"),
    route("POST", "/V1/invoices/:id/capture", _SALES, capture_invoice, "id:int"),
    route("POST", "/V1/invoices/:id/void", _SALES, void_invoice, "id:int"),
    route(
        "POST",
        "/V1/order/:orderId/invoice",
        "Magento_Sales::invoice",
        invoice_order,
        f"orderId:int capture:bool? items:*{_TYPE}-item-creation-interface? notify:bool? "
        f"appendComment:bool? comment:{_TYPE}-comment-creation-interface? "
        f"arguments:{_TYPE}-creation-arguments-interface?",
    ),
)
