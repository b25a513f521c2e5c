"""The hub of one run of routes: an example marketplace and an example ERP joined by records alone.

orders     marketplace -> hub       changed orders again
sales      marketplace -> ERP       a publisher that looks up what is unclear, each order once
parcels    storage -> marketplace   a chain: the shipment, its id into a map, then a refund
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaos.hub import TIMEOUT_SECONDS
from mageferry.hub.pipelines.documents import ClientDocument, store_client
from mageferry.hub.routes.documents import (
    IncomingDocument,
    OutgoingDocument,
    RouteDocument,
    store_end,
    store_route,
)
from mageferry.hub.routes.models import Incoming, Outgoing, Route, Storage
from mageferry.hub.routes.runner import route_named
from mageferry.hub.trade.models import Account, Marketplace
from mageferry.sandbox.examples import Erp
from mageferry.sandbox.examples import Marketplace as ExampleMarket

SHIPMENTS = "shipments"
_ADDRESS = (
    "firstname: name, lastname: 'Buyer', street: [street], city: city, postcode: zip, country_id: country, "
    "telephone: phone"
)
_ORDER: dict[str, Any] = {
    "marketplace_order_id": "&{id}",
    "status": "&{hub_status}",
    "remote_status": "&{state}",
    "placed_at": "&{created_at}",
    "updated_at": "&{updated_at}",
    "currency": "&{currency}",
    "subtotal": "&{totals.items}",
    "shipping_amount": "&{totals.shipping}",
    "tax_amount": "&{totals.tax}",
    "discount_amount": "&{totals.discount}",
    "grand_total": "&{totals.grand_total}",
    "customer_email": "&{buyer.email}",
    "customer_firstname": "&{buyer.name}",
    "customer_lastname": "Buyer",
    "items": "&{lines[*].{marketplace_item_id: line_id, sku: sku, name: title, quantity: quantity, price: unit_price, "
    "tax_amount: tax, discount_amount: discount}}",
    "billing_address": f"&{{billing_address.{{{_ADDRESS}}}}}",
    "shipping_address": f"&{{shipping_address.{{{_ADDRESS}}}}}",
    "payment": {"method": "wallet", "transaction_id": "&{payment.transaction}"},
}
STATES = {
    "awaiting_payment": "pending", "ready_to_ship": "rfs", "partially_shipped": "partially_shipped",
    "shipped": "shipped", "cancelled": "cancelled",
}  # fmt: skip
_READ_MARKET: dict[str, Any] = {
    "request": {"path": "/v2/orders", "query": {"limit": 8, "updated_after": "?{since}"}},
    "items": {"pattern": "orders"},
    "pagination": {"type": "next_link", "path": "links.next"},
    "delta": {"path": "updated_at", "sent_format": "%Y-%m-%dT%H:%M:%SZ"},
    "entities": {"identifier": ["id"]},
}
_SELL: dict[str, Any] = {
    "request": {
        "path": "/api/sales-orders",
        "body": {
            "reference": "&{id}",
            "customer": {"name": "&{buyer.name}"},
            "lines": "&{lines[*].{article: sku, quantity: quantity, net_price: unit_price}}",
        },
    },
    "answer": {"id": "number"},
    "repeat": {
        "look_up": {
            "request": {"method": "GET", "path": "/api/sales-orders", "query": {"reference": "&{id}"}},
            "found": "rows",
        }
    },
}


def _told(name: str, body: dict[str, Any]) -> dict[str, Any]:
    """A step that tells the marketplace of something. Its key is there because the marketplace wants one; the hub is
    not told that repeating is safe by it, so that an answer given twice shows that a request went out twice."""
    path = f"/v2/orders/&{{entity.order}}/{name}s"
    return {
        "name": name,
        "request": {"path": path, "headers": {"Idempotency-Key": f"{name}-&{{entity.key}}"}, "body": body},
        "answer": {"id": "id"},
        "repeat": {"look_up": {"request": {"method": "GET", "path": path}, "found": f"{name}s"}},
    }


_PARCEL: dict[str, Any] = {
    "steps": [
        {
            **_told("shipment", {"carrier": "UPS", "tracking_numbers": ["&{entity.key}"]}),
            "save_ids": [{"map": SHIPMENTS, "key": "&{entity.key}"}],
        },
        _told(
            "refund",
            {
                "amount": {"value": "&{entity.amount}", "currency": "EUR"},
                "reason": "&{entity.key} in &{shipment.id}",
            },
        ),
    ]
}


@dataclass(frozen=True, slots=True)
class RouteRecords:
    """What a run of routes is about."""

    account: Account
    parcels: Storage
    routes: tuple[Route, ...]


def make_route_records(market: ExampleMarket, erp: Erp) -> RouteRecords:
    """Everything as a person would set it up over the API."""
    account = Account.objects.create(
        code="QM", name="Quayside", marketplace=Marketplace.objects.create(code="quayside", name="Quayside")
    )
    parcels = Storage.objects.create(code="parcels", name="Parcels")
    _make_clients(market, erp)
    _make_ends()
    status = {"type": "map", "source": "state", "target": "hub_status", "table": STATES}
    _make_route("orders", "market", "hub", transformers=[status, _shaped(_ORDER)])
    _make_route("sales", "market", "erp", changes="once")
    _make_route("parcels", "parcels", "market-news")
    return RouteRecords(account, parcels, tuple(map(route_named, ("orders", "sales", "parcels"))))


def _shaped(entity: dict[str, Any]) -> dict[str, Any]:
    return {"type": "set", "target": "@", "value": entity}


def _make_clients(market: ExampleMarket, erp: Erp) -> None:
    signed_in = {
        "type": "oauth2_client_credentials", "token_url": f"{market.url}/oauth/token", "client_id": market.client_id,
        "client_secret": market.client_secret,
    }  # fmt: skip
    basic = {"type": "basic", "username": erp.username, "password": erp.password}
    for code, url, own in (("market", market.url, signed_in), ("erp", erp.url, basic)):
        document = {
            "code": code, "name": code, "base_uri": url, "own_authentication": own, "read_seconds": TIMEOUT_SECONDS,
        }  # fmt: skip
        store_client(ClientDocument.model_validate(document), None)


def _make_ends() -> None:
    for incoming in (
        {"code": "market", "name": "Market", "type": "http", "client": "market", "settings": _READ_MARKET},
        {"code": "parcels", "name": "Parcels", "type": "storage", "storage": "parcels"},
    ):
        store_end(IncomingDocument.model_validate(incoming), Incoming())
    for outgoing in (
        {"code": "hub", "name": "Hub", "type": "hub", "account": "QM", "settings": {"entity": "order"}},
        {"code": "erp", "name": "ERP", "type": "http", "client": "erp", "settings": _SELL},
        {"code": "market-news", "name": "News", "type": "chain", "client": "market", "settings": _PARCEL},
    ):
        store_end(OutgoingDocument.model_validate(outgoing), Outgoing())


def _make_route(code: str, incoming: str, outgoing: str, **more: Any) -> None:
    document = RouteDocument(
        code=code, name=code.title(), incoming=incoming, outgoing=outgoing, attempts=1000, interval_seconds=1,
        backoff=1.0, retry_statuses="401", **more,
    )  # fmt: skip
    store_route(document, Route())
