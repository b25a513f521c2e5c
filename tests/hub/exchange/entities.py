"""Entities as a marketplace gives them: complete and correct, tests change what they are about."""

from __future__ import annotations

from typing import Any


def order_entity(**changes: Any) -> dict[str, Any]:
    """Two lamps and a mug: 2 x 14.99 + 8.50, 4.95 shipping, 3.17 tax, 1.00 off."""
    address = {
        "firstname": "Noor", "lastname": "Holt", "street": ["9 Pier Road", "2nd floor"], "city": "Mesa",
        "region": "Arizona", "region_code": "AZ", "postcode": 85201, "country_id": "us", "telephone": "555 0188",
    }  # fmt: skip
    entity: dict[str, Any] = {
        "marketplace_order_id": "MP-1001", "status": "rfs", "remote_status": "Unshipped",
        "placed_at": "2026-11-20T08:00:00+01:00", "currency": "usd", "shipping_amount": "4.95",
        "grand_total": 45.60, "customer_email": "noor@example.com", "customer_firstname": "Noor",
        "customer_lastname": "Holt", "shipping_service": "Standard",
        "items": [
            {"marketplace_item_id": "L1", "sku": "LAMP-1", "name": "Lamp", "quantity": 2, "price": 14.99,
             "tax_amount": 2.47, "discount_amount": 1},
            {"marketplace_item_id": "L2", "sku": "MUG-1", "quantity": "1", "price": "8.50", "tax_amount": "0.70"},
        ],
        "billing_address": address, "shipping_address": {**address, "firstname": "Ilse"},
        "payment": {"method": "card", "amount_paid": 45.60, "transaction_id": "PAY-7"},
    }  # fmt: skip
    return entity | changes


def item_entity(**changes: Any) -> dict[str, Any]:
    """The first line of `order_entity`."""
    item: dict[str, Any] = order_entity()["items"][0]
    return item | changes


def shipment_entity(**changes: Any) -> dict[str, Any]:
    """Both lamps of `order_entity` in a parcel."""
    entity: dict[str, Any] = {
        "marketplace_order_id": "MP-1001", "remote_id": "S-1", "shipped_at": "2026-11-21T10:00:00Z", "carrier": "UPS",
        "items": [{"marketplace_item_id": "L1", "quantity": 2}], "tracks": [{"number": "1Z99", "title": "UPS"}],
    }  # fmt: skip
    return entity | changes


def refund_entity(**changes: Any) -> dict[str, Any]:
    """One of the lamps of `order_entity` given back."""
    entity: dict[str, Any] = {
        "marketplace_order_id": "MP-1001", "transaction_id": "R-1", "amount": "15.72",
        "items": [{"sku": "LAMP-1", "quantity": 1, "back_to_stock": True}],
    }  # fmt: skip
    return entity | changes
