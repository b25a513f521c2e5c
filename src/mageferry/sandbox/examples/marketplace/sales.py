"""Orders as buyers place them at Quayside Market: made up, the same for the same seed, with money that closes."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from mageferry.sandbox.demo.goods import BY_SKU, MARKETPLACE_SKUS
from mageferry.sandbox.demo.people import FIRST_NAMES, LAST_NAMES, PLACES, STREETS

_CENT = Decimal("0.01")
_VAT = Decimal(19)
_SERVICES = (("standard", "4.12"), ("express", "9.24"), ("pickup_point", "0.00"))


def cents(amount: Decimal) -> str:
    """Money as the marketplace writes it: a text with two places."""
    return format(amount.quantize(_CENT, ROUND_HALF_UP), "f")


def draw_order(number: int, dice: Random, at: str, state: str) -> dict[str, Any]:
    """An order placed at that moment."""
    order_id = f"QM-{number}"
    lines = [
        _line(f"{order_id}-{place}", sku, dice)
        for place, sku in enumerate(dice.sample(MARKETPLACE_SKUS, dice.randint(1, 3)), 1)
    ]
    service, net = dice.choice(_SERVICES)
    shipping = {"service": service, "price": net, "tax": cents(Decimal(net) * _VAT / 100)}
    first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
    address = _address(f"{first} {last}", dice)
    totals = _totals(lines, shipping)
    paid = state != "awaiting_payment"
    return {
        "id": order_id,
        "state": state,
        "created_at": at,
        "updated_at": at,
        "currency": "EUR",
        "buyer": {
            "name": f"{first} {last}",
            "email": f"buyer-{number}@quayside.example",
            "phone": address["phone"],
        },
        "billing_address": address,
        "shipping_address": address,
        "shipping": shipping,
        "lines": lines,
        "totals": totals,
        "payment": {
            "method": "wallet",
            "transaction": f"W{number * 7919}" if paid else None,
            "paid_at": at if paid else None,
        },
    }


def _line(line_id: str, sku: str, dice: Random) -> dict[str, Any]:
    good = BY_SKU[sku]
    price, quantity = Decimal(good.price_cents) / 100, dice.randint(1, 3)
    discount = cents(price * quantity / 10) if dice.random() < 0.2 else "0.00"
    taxed = price * quantity - Decimal(discount)
    return {
        "line_id": line_id,
        "sku": sku,
        "title": good.name,
        "quantity": quantity,
        "unit_price": cents(price),
        "discount": discount,
        "tax": cents(taxed * _VAT / 100),
        "tax_rate": str(_VAT),
        "shipped": 0,
        "refunded": 0,
    }


def _totals(lines: list[dict[str, Any]], shipping: dict[str, str]) -> dict[str, str]:
    items = sum((Decimal(line["unit_price"]) * line["quantity"] for line in lines), Decimal(0))
    tax = sum((Decimal(line["tax"]) for line in lines), Decimal(shipping["tax"]))
    discount = sum((Decimal(line["discount"]) for line in lines), Decimal(0))
    shipped = Decimal(shipping["price"])
    total = items + shipped + tax - discount
    amounts = {"items": items, "shipping": shipped, "tax": tax, "discount": discount, "grand_total": total}
    return {name: cents(amount) for name, amount in amounts.items()}


def _address(name: str, dice: Random) -> dict[str, Any]:
    country = dice.choice(sorted(PLACES))
    place = dice.choice(PLACES[country])
    return {
        "name": name,
        "street": f"{dice.randint(1, 180)} {dice.choice(STREETS)}",
        "zip": place.postcode,
        "city": place.city,
        "state": place.region_code or None,
        "country": country,
        "phone": f"+49 555 {dice.randint(1000, 9999)}",
    }
