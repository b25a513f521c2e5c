"""Documents that are made of an order: invoices, credit memos and shipments, each a POST below /V1/order/{id}.

A body is made apart from its request, so that one can look at it, or add to it, before it is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from mageferry.http import Flow
from mageferry.magento import remedies
from mageferry.magento.errors import Unclear
from mageferry.magento.plans import ShopPlans
from mageferry.magento.types import Row

type Quantity = Decimal | int


def invoice_body(
    items: Mapping[int, Quantity] | None = None,
    *,
    capture: bool = True,
    notify: bool = False,
    comment: str = "",
) -> Row:
    """The body of `POST /V1/order/{id}/invoice`: quantities by item_id, everything that is left without `items`."""
    body: Row = {"capture": capture, "notify": notify}
    if items is not None:
        body["items"] = _quantities(items, "invoices")
    return body | comment_part(comment)


def refund_body(
    items: Mapping[int, Quantity],
    *,
    shipping_amount: Quantity = 0,
    adjustment_positive: Quantity = 0,
    adjustment_negative: Quantity = 0,
    return_to_stock_items: Collection[int] = (),
    notify: bool = False,
    comment: str = "",
) -> Row:
    """The body of `POST /V1/order/{id}/refund`, an offline credit memo. Amounts are in the order's base currency."""
    arguments: dict[str, Any] = {
        # Left out, Magento refunds all the shipping that is left.
        "shipping_amount": number(shipping_amount),
        "adjustment_positive": number(adjustment_positive),
        "adjustment_negative": number(adjustment_negative),
    }
    if return_to_stock_items:
        arguments["extension_attributes"] = {"return_to_stock_items": sorted(return_to_stock_items)}
    body: Row = {"items": _quantities(items, "refunds"), "notify": notify, "arguments": arguments}
    return body | comment_part(comment)


def _quantities(items: Mapping[int, Quantity], does: str) -> list[Row]:
    if not items:
        # Magento takes an empty list for everything that is left.
        raise ValueError(f"Name at least one item: without any Magento {does} everything that is left")
    return [{"order_item_id": item_id, "qty": number(quantity)} for item_id, quantity in items.items()]


def comment_part(text: str) -> Row:
    """A comment that stays with the document: not mailed, not in the order's history."""
    if not text:
        return {}
    return {"appendComment": False, "comment": {"comment": text, "is_visible_on_front": 0}}


def number(value: Quantity) -> int | float:
    """The JSON number that reads the same."""
    return int(value) if value == int(value) else float(value)


def invoice_order(shop: ShopPlans, order_id: int, body: Mapping[str, Any]) -> Flow[int]:
    """Invoice; the invoice's id. Raises Unclear when nobody knows whether it happened."""
    return make_document(shop, document_path(order_id, "invoice"), body, "invoice")


def refund_order(shop: ShopPlans, order_id: int, body: Mapping[str, Any]) -> Flow[int]:
    """Refund offline; the credit memo's id. Raises Unclear when nobody knows whether it happened."""
    return make_document(shop, document_path(order_id, "refund"), body, "credit memo")


def document_path(order_id: int, action: str) -> str:
    """Where a document of an order is made."""
    # Magento casts: an increment id like "000000015" would mean order 15.
    if isinstance(order_id, bool) or not isinstance(order_id, int) or order_id < 1:
        raise ValueError(f"Orders are named by their entity_id, a whole number, not {order_id!r}")
    return f"/V1/order/{order_id}/{action}"


def make_document(shop: ShopPlans, path: str, body: Mapping[str, Any], name: str) -> Flow[int]:
    """Make a document; its id, which Magento gives as a text. Raises Unclear for anything else in the answer."""
    answer = yield from shop.call("POST", path, json=body)
    if isinstance(answer, bool) or not str(answer).isascii() or not str(answer).isdigit():
        raise Unclear(
            f"The shop's answer is not the id of its {name}",
            remedy=remedies.DEFAULTS[Unclear.__name__],
            request_line=f"POST {path}",
        )
    return int(str(answer))
