"""Credit memos: refunding an order or an invoice, and reading them."""

from __future__ import annotations

from decimal import Decimal

from mageferry.sandbox.documents import CREDIT_MEMO, INVOICE, SHIPMENT
from mageferry.sandbox.listing import Listing
from mageferry.sandbox.money import amount, format_price, round_price
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import Value, to_int, to_number
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
from mageferry.sandbox.sales.draft import Draft
from mageferry.sandbox.sales.lines import SalesOrder
from mageferry.sandbox.sales.refund_entries import REFUNDED, register_refund, register_saved_refund
from mageferry.sandbox.sales.refunding import RefundRequest, check_refund, draft_refund
from mageferry.sandbox.stock import unshipped_units
from mageferry.sandbox.tables import CREDIT_MEMOS

COULD_NOT_SAVE = "Could not save a Creditmemo, see error log for details"
NOT_OF_INVOICE = "We can't create creditmemo for the invoice."
CREDIT_MEMO_LIST = Listing(CREDIT_MEMOS)


def list_credit_memos(call: Call) -> Answer:
    return list_page(call, CREDIT_MEMO_LIST)


def get_credit_memo(call: Call) -> Answer:
    return get_record(call, CREDIT_MEMO_LIST)


def refund_order(call: Call) -> Answer:
    """Refund items of an order offline, or all that is left of it. The new id as text. Raises Refusal."""
    order = open_order(call.shop, call.number("orderId"))
    request = _request(call)
    draft = draft_refund(order, request)
    refuse("Creditmemo", check_refund(draft, request))
    return str(_save_refund(call, draft)["entity_id"])


def refund_invoice(call: Call) -> Answer:
    """Refund an invoice: refused for offline payment methods, which the demo's are. Raises Refusal."""
    invoice = load_document(call, INVOICE, "invoiceId")
    order = open_order(call.shop, to_int(invoice["order_id"]))
    request = _request(call)
    draft = draft_refund(order, request)
    messages = check_refund(draft, request)
    count = sum(message.startswith(("The creditmemo", "The quantity to")) for message in messages)
    messages.insert(len(messages) - count, NOT_OF_INVOICE)
    refuse("Creditmemo", messages)
    return None


def _request(call: Call) -> RefundRequest:
    arguments = call.record("arguments")

    def money(name: str) -> Decimal | None:
        return Decimal(str(to_number(arguments[name]))) if arguments.get(name) is not None else None

    return RefundRequest(
        wanted_quantities(call),
        money("shipping_amount"),
        money("adjustment_positive"),
        money("adjustment_negative"),
    )


def _save_refund(call: Call, draft: Draft) -> Record:
    shop, order = call.shop, draft.order
    now = shop.clock.text()
    memo, history = register_refund(draft, now, notify=flag(call, "notify"))
    memo = shop.papers.number(CREDIT_MEMO, memo, order.store_id, now)
    if has_blank_comment(call):
        raise Refusal(400, COULD_NOT_SAVE)
    address = record(order.shipping.get("address")).get("entity_id")
    if address is not None:
        memo["shipping_address_id"] = address
    shop.papers.number_items(CREDIT_MEMO, memo)
    add_creation_comment(call, CREDIT_MEMO, memo, now)
    if flag(call, "notify"):
        send_mail(memo)
    with shop.database.transaction():
        _adjust_stock(call, draft)
        _save(call, memo, order, history)
    return memo


def _save(call: Call, memo: Record, order: SalesOrder, history: Record) -> None:
    history["entity_id"] = call.shop.orders.next_id("history")
    order.record["status_histories"] = [history, *records(order.record.get("status_histories"))]
    call.shop.papers.save(CREDIT_MEMO, memo)
    call.shop.orders.save(order.record)


def _adjust_stock(call: Call, draft: Draft) -> None:
    """Units that return go to where they were shipped from; units that never left are written off."""
    wanted = record(call.record("arguments").get("extension_attributes")).get("return_to_stock_items")
    ids = {to_int(key) for key in wanted} if isinstance(wanted, list) else set()
    shop, order = call.shop, draft.order
    units = [(entry.line, entry.quantity) for entry in draft.lines if entry.quantity > 0]
    back = [(line, quantity) for line, quantity in units if line.item_id in ids]
    shop.warehouse.put_back(shop.papers.of_order(SHIPMENT, order.order_id), back)
    stock_id = shop.stock_of(order.store_id)
    unshipped = unshipped_units(units)
    shop.warehouse.release(stock_id, unshipped)
    shop.warehouse.write_off(stock_id, [unit for unit in unshipped if unit[0].item_id not in ids])


def save_credit_memo(call: Call) -> Answer:
    """``POST /V1/creditmemo``: stores what it is given, computes nothing, refunds nothing."""
    memo, _ = _stored(call, call.record("entity"), "The credit memo couldn't be saved.")
    call.shop.papers.save(CREDIT_MEMO, memo)
    return memo


def refund_credit_memo(call: Call) -> Answer:
    """``POST /V1/creditmemo/refund``: the amounts count as they were sent; nothing is computed."""
    sent = call.record("creditmemo")
    order = open_order(call.shop, to_int(sent.get("order_id")))
    paid = round_price(order.get("base_total_paid"))
    refunded = round_price(order.get("base_total_refunded") + amount(sent, "base_grand_total"))
    if refunded > paid:
        left = format_price(paid - order.get("base_total_refunded"), order.base_currency)
        raise Refusal(400, "The most money available to refund is %1.", [left])
    memo, now = _stored(call, {**sent, "state": REFUNDED}, "")
    history = register_saved_refund(order, memo, now)
    _save(call, memo, order, history)
    return memo


def _stored(call: Call, sent: Record, failure: str) -> tuple[Record, str]:
    order = call.shop.orders.load(to_int(sent.get("order_id")))
    if order is None:
        raise Refusal(400, failure)
    now = call.shop.clock.text()
    kept: Record = {name: value for name, value in sent.items() if value is not None}
    memo = call.shop.papers.number(CREDIT_MEMO, kept, to_int(order.get("store_id")), now)
    call.shop.papers.number_items(CREDIT_MEMO, memo)
    memo["comments"] = memo.get("comments") or []
    return memo, now


def cancel_credit_memo(_call: Call) -> Value:
    raise Refusal(400, "You can not cancel Credit Memo")


_SALES = "Magento_Sales::sales_creditmemo"
_TYPE = "sales-data-creditmemo"
_CREATION = (
    f"items:*{_TYPE}-item-creation-interface? notify:bool? appendComment:bool? "
    f"comment:{_TYPE}-comment-creation-interface? arguments:{_TYPE}-creation-arguments-interface?"
)
ROUTES = (
    route("GET", "/V1/creditmemos", _SALES, list_credit_memos, CRITERIA),
    route("GET", "/V1/creditmemo/:id", _SALES, get_credit_memo, "id:int"),
    route("PUT", "/V1/creditmemo/:id", _SALES, cancel_credit_memo, "id:int"),
    route("GET", "/V1/creditmemo/:id/comments", _SALES, comment_lister(CREDIT_MEMO), "id:int"),
    route(
        "POST",
        "/V1/creditmemo/:id/comments",
        _SALES,
        comment_adder(CREDIT_MEMO, "Could not save the creditmemo comment."),
        f"entity:{_TYPE}-comment-interface",
    ),
    route("POST", "/V1/creditmemo/:id/emails", _SALES, mailer(CREDIT_MEMO), "id:int"),
    route("POST", "/V1/creditmemo", _SALES, save_credit_memo, f"entity:{_TYPE}-interface"),
    route(
        "POST",
        "/V1/creditmemo/refund",
        _SALES,
        refund_credit_memo,
        f"creditmemo:{_TYPE}-interface offlineRequested:bool?",
    ),
    route(
        "POST",
        "/V1/order/:orderId/refund",
        "Magento_Sales::creditmemo",
        refund_order,
        f"orderId:int {_CREATION}",
    ),
    route(
        "POST",
        "/V1/invoice/:invoiceId/refund",
        "Magento_Sales::creditmemo",
        refund_invoice,
        f"invoiceId:int isOnline:bool? {_CREATION}",
    ),
)
