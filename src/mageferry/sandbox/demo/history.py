"""What happened to a demo order after it was placed: its invoice, shipment and credit memo, made by the same
logic that serves requests.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random

from mageferry.sandbox.documents import CREDIT_MEMO, INVOICE, SHIPMENT, Paper
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.sales.invoicing import draft_invoice, register_invoice
from mageferry.sandbox.sales.lines import SalesOrder
from mageferry.sandbox.sales.refund_entries import register_refund
from mageferry.sandbox.sales.refunding import RefundRequest, draft_refund
from mageferry.sandbox.sales.shipping import pack, register_shipment
from mageferry.sandbox.sales.states import cancel, hold, move
from mageferry.sandbox.shop import Shop

CARRIERS = (("ups", "UPS Ground"), ("fedex", "FedEx 2Day"), ("dhl", "DHL Paket"), ("custom", "Local Courier"))
HALF = Decimal("0.5")

type Papers = list[tuple[Paper, Record]]


class History:
    """Puts one placed order into a status, and collects the documents that takes."""

    def __init__(self, shop: Shop, random: Random, order: Record, now: str) -> None:
        self._shop = shop
        self._random = random
        self._order = SalesOrder(order)
        self._now = now
        self.papers: Papers = []

    def reach(self, status: str) -> None:
        """Live through what leads to the status; others than Magento's usual ones are only set."""
        match status:
            case "pending":
                return
            case "processing":
                self._invoice()
                self._ship_part()
            case "complete":
                self._invoice()
                self._ship({})
            case "closed":
                self._invoice()
                self._ship({})
                self._refund()
            case "canceled":
                cancel(self._order, self._now)
            case "holded":
                hold(self._order)
            case _:
                move(self._order, status)
        self._order.record["updated_at"] = self._now

    def _invoice(self) -> None:
        invoice = register_invoice(draft_invoice(self._order, {}, []), self._now)
        # Everything is invoiced, so a virtual order would be complete by now.
        self._file(INVOICE, invoice)

    def _ship_part(self) -> None:
        """Nothing or half of the first line, so that something is left to ship."""
        first = next((line for line in self._order.lines if line.to_ship > 1), None)
        if first is not None and self._random.random() < 0.5:
            self._ship({first.item_id: first.whole(first.to_ship * HALF)})

    def _ship(self, wanted: dict[int, Decimal]) -> None:
        parcels = pack(self._order, wanted)
        if not parcels:
            return
        shipment = register_shipment(self._order, parcels, self._now)
        source_code = self._shop.warehouse.shipping_source(self._shop.stock_of(self._order.store_id))
        shipment["extension_attributes"] = {"source_code": source_code}
        filed = self._file(SHIPMENT, shipment)
        filed["tracks"] = [self._track(filed)]

    def _track(self, shipment: Record) -> Record:
        code, title = self._random.choice(CARRIERS)
        return {
            "order_id": shipment["order_id"],
            "created_at": self._now,
            "entity_id": self._shop.papers.next_track_id(),
            "parent_id": shipment["entity_id"],
            "updated_at": self._now,
            "weight": None,
            "qty": None,
            "description": None,
            "track_number": f"{self._random.randrange(10**11, 10**12)}",
            "title": title,
            "carrier_code": code,
        }

    def _refund(self) -> None:
        draft = draft_refund(self._order, RefundRequest())
        memo, history = register_refund(draft, self._now, notify=False)
        history["entity_id"] = self._shop.orders.next_id("history")
        entries = records(self._order.record.get("status_histories"))
        self._order.record["status_histories"] = [history, *entries]
        self._file(CREDIT_MEMO, memo)

    def _file(self, paper: Paper, document: Record) -> Record:
        filed = self._shop.papers.number(paper, document, self._order.store_id, self._now)
        address = record(self._order.shipping.get("address")).get("entity_id")
        if address is not None:
            filed["shipping_address_id"] = address
        self._shop.papers.number_items(paper, filed)
        filed["comments"] = []
        self.papers.append((paper, filed))
        return filed
