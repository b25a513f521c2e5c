"""Orders for the tests, made through the service interface as a marketplace connector would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

ADDRESS = {
    "city": "Dunedin",
    "country_id": "NZ",
    "firstname": "Aroha",
    "lastname": "Pike",
    "postcode": "9016",
    "street": ["12 Harbour Terrace"],
    "telephone": "555-010-4410",
}
BOTH = ("", "base_")


@dataclass(frozen=True)
class Row:
    """One order line: amounts of the whole row."""

    sku: str
    units: int
    price: float
    tax: float = 0
    discount: float = 0
    tax_percent: float = 0

    def item(self) -> dict[str, Any]:
        total = round(self.price * self.units, 2)
        amounts = {
            "price": self.price,
            "original_price": self.price,
            "price_incl_tax": round(self.price + self.tax / self.units, 2),
            "row_total": total,
            "row_total_incl_tax": round(total + self.tax, 2),
            "tax_amount": self.tax,
            "discount_amount": self.discount,
        }
        return {
            "sku": self.sku,
            "name": f"Thing {self.sku}",
            "product_type": "simple",
            "qty_ordered": self.units,
            "tax_percent": self.tax_percent,
            **{f"{prefix}{name}": value for name, value in amounts.items() for prefix in BOTH},
        }


def order_body(*rows: Row, shipping: float = 0, paid: bool = False, **changes: Any) -> dict[str, Any]:
    """An order of the rows; ``paid`` marks it invoiced and paid without an invoice."""
    subtotal = round(sum(row.price * row.units for row in rows), 2)
    tax = round(sum(row.tax for row in rows), 2)
    discount = round(sum(row.discount for row in rows), 2)
    grand = round(subtotal + tax + shipping - discount, 2)
    amounts = {
        "subtotal": subtotal,
        "subtotal_incl_tax": round(subtotal + tax, 2),
        "tax_amount": tax,
        "discount_amount": -discount,
        "shipping_amount": shipping,
        "shipping_incl_tax": shipping,
        "shipping_tax_amount": 0,
        "grand_total": grand,
    }
    items = [row.item() for row in rows]
    if paid:
        amounts |= {"total_paid": grand, "total_invoiced": grand, "subtotal_invoiced": subtotal}
        amounts |= {"tax_invoiced": tax, "shipping_invoiced": shipping}
        for row, item in zip(rows, items, strict=True):
            item["qty_invoiced"] = row.units
            for prefix in BOTH:
                item[f"{prefix}row_invoiced"] = item[f"{prefix}row_total"]
                item[f"{prefix}tax_invoiced"] = row.tax
    return {
        "entity": {
            "customer_email": "aroha@example.com",
            "store_id": 33,
            "state": "processing" if paid else "new",
            "status": "processing" if paid else "pending",
            "base_currency_code": "AUD",
            "order_currency_code": "AUD",
            "base_to_order_rate": 1,
            "total_qty_ordered": sum(row.units for row in rows),
            **{f"{prefix}{name}": value for name, value in amounts.items() for prefix in BOTH},
            "items": items,
            "billing_address": ADDRESS,
            "payment": {"method": "checkmo"},
            "extension_attributes": {
                "shipping_assignments": [{"shipping": {"address": ADDRESS, "method": "flatrate_flatrate"}}]
            },
            **changes,
        }
    }


@dataclass(frozen=True)
class PlacedOrder:
    """An order in the sandbox, its item ids in the order of its rows."""

    client: Client
    order_id: int
    items: tuple[int, ...]

    def ask(self, what: str, **body: Any) -> Any:
        """``ship``, ``invoice`` or ``refund`` it; the reply."""
        return self.client.post(f"/rest/V1/order/{self.order_id}/{what}", body)

    def do(self, what: str, **body: Any) -> int:
        reply = self.ask(what, **body)
        assert reply.status == 200, reply.body
        return int(reply.json)

    def read(self) -> Any:
        return self.client.get(f"/rest/V1/orders/{self.order_id}").json

    def units(self, index: int, quantity: float) -> dict[str, Any]:
        return {"order_item_id": self.items[index], "qty": quantity}


def place(client: Client, *rows: Row, **changes: Any) -> PlacedOrder:
    reply = client.put("/rest/V1/orders/create", order_body(*rows, **changes))
    assert reply.status == 200, reply.body
    order = reply.json
    return PlacedOrder(client, order["entity_id"], tuple(item["item_id"] for item in order["items"]))
