"""What invoices, shipments and credit memos have in common: finding the order, quantities, comments, mail."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import cast

import orjson

from mageferry.sandbox.documents import Paper
from mageferry.sandbox.money import amount
from mageferry.sandbox.orderbook import Record, records, stored_text
from mageferry.sandbox.php import Value, is_empty, to_int
from mageferry.sandbox.refusals import Refusal, not_found
from mageferry.sandbox.routing import Answer, Call
from mageferry.sandbox.sales.lines import SalesOrder
from mageferry.sandbox.shop import Shop

NO_ID = "An ID is needed. Set the ID and try again."


def open_order(shop: Shop, order_id: int) -> SalesOrder:
    """Raises Refusal: 400 for id 0, 404 for an unknown one."""
    if order_id == 0:
        raise Refusal(400, NO_ID)
    order = shop.orders.load(order_id)
    if order is None:
        raise not_found()
    return SalesOrder(order, _separate_ids(shop, order))


def _separate_ids(shop: Shop, order: Record) -> frozenset[int]:
    """The bundle products of the order whose parts are shipped separately."""
    bundles = [
        to_int(item.get("product_id"))
        for item in records(order.get("items"))
        if item.get("product_type") == "bundle"
    ]
    found: set[int] = set()
    for product_id in bundles:
        values = shop.database.value(
            "SELECT attribute_values FROM catalog_product_entity WHERE entity_id = ?", (product_id,)
        )
        attributes = cast("Record", orjson.loads(values)) if isinstance(values, str) else {}
        if str(attributes.get("shipment_type")) == "1":
            found.add(product_id)
    return frozenset(found)


def wanted_quantities(call: Call) -> dict[int, Decimal]:
    """Quantities by order item id; of an item named twice the last one counts."""
    items = records(call.arguments.get("items"))
    return {to_int(item.get("order_item_id")): amount(item, "qty") for item in items}


def flag(call: Call, name: str) -> bool:
    return call.arguments.get(name) is True


def refuse(kind: str, messages: list[str]) -> None:
    """Raises Refusal (400) with all the messages in one, unless there are none."""
    if messages:
        raise Refusal(400, f"{kind} Document Validation Error(s):\n" + "\n".join(messages))


def add_creation_comment(call: Call, paper: Paper, document: Record, now: str) -> None:
    """The comment that comes with a new document: kept with it, and not in the order's history."""
    if "comment" not in call.arguments:
        document["comments"] = []
        return
    sent = call.record("comment")
    text = sent.get("comment")
    notified = flag(call, "appendComment") and flag(call, "notify")
    entry = call.shop.papers.comment(
        paper,
        document["entity_id"],
        stored_text(text) if isinstance(text, str) else text,
        now,
        is_visible_on_front=to_int(sent.get("is_visible_on_front")),
        is_customer_notified=int(notified),
    )
    document["comments"] = [entry]


def has_blank_comment(call: Call) -> bool:
    """A comment without text cannot be saved, and neither can its document."""
    return "comment" in call.arguments and is_empty(call.record("comment").get("comment"))


def send_mail(document: Record) -> None:
    document["email_sent"] = 1


def comment_adder(paper: Paper, failure: str) -> Callable[[Call], Answer]:
    """A handler that saves a comment on the document its body names."""

    def add_comment(call: Call) -> Answer:
        sent = {name: value for name, value in call.record("entity").items() if value is not None}
        document = call.shop.papers.load(paper, to_int(sent.get("parent_id")))
        if document is None or is_empty(sent.get("comment")):
            raise Refusal(400, failure)
        now = call.shop.clock.text()
        entry = call.shop.papers.comment(paper, document["entity_id"], stored_text(str(sent["comment"])), now)
        entry |= {
            name: value
            for name, value in sent.items()
            if name in entry and name not in ("comment", "entity_id")
        }
        document["comments"] = [*records(document.get("comments")), entry]
        call.shop.papers.save(paper, document)
        always = ("is_customer_notified", "is_visible_on_front", "parent_id")
        return {**dict.fromkeys(always), **sent, "entity_id": entry["entity_id"]}

    return add_comment


def comment_lister(paper: Paper) -> Callable[[Call], Answer]:
    """A handler that lists a document's comments, with the criteria that Magento makes up for that."""

    def list_comments(call: Call) -> Answer:
        key = call.number("id")
        document = call.shop.papers.load(paper, key) or {}
        items = records(document.get("comments"))
        own: Value = {"field": "parent_id", "value": str(key), "condition_type": "eq"}
        return {
            "items": [*items],
            "search_criteria": {"filter_groups": [{"filters": [own]}]},
            "total_count": len(items),
        }

    return list_comments


def mailer(paper: Paper) -> Callable[[Call], Answer]:
    """A handler that sends a document to the customer, which here only notes that it did."""

    def notify(call: Call) -> Answer:
        document = load_document(call, paper)
        send_mail(document)
        document["updated_at"] = call.shop.clock.text()
        call.shop.papers.save(paper, document)
        return True

    return notify


def load_document(call: Call, paper: Paper, name: str = "id") -> Record:
    """Raises Refusal: 400 for id 0, 404 for an unknown one."""
    key = call.number(name)
    if key == 0:
        raise Refusal(400, NO_ID)
    document = call.shop.papers.load(paper, key)
    if document is None:
        raise not_found()
    return document
