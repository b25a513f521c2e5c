"""Small makers of records for the hub's tests: each gives something complete, tests change what they are about."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Permission, User

from mageferry.hub.connectors.models import AccountMagento, Magento2Connector, Magento2Seller
from mageferry.hub.mapping.models import FieldMapping
from mageferry.hub.security.models import ApiToken
from mageferry.hub.trade.models import (
    Account,
    AddressKind,
    Marketplace,
    Order,
    OrderAddress,
    OrderItem,
    OrderPayment,
    OrderRefund,
    OrderRefundItem,
    OrderStatus,
    Seller,
)

_numbers = itertools.count(1)


def make_account(name: str = "Amazon USA", code: str = "AMZ") -> Account:
    marketplace, _ = Marketplace.objects.get_or_create(code=code.lower(), defaults={"name": f"{name} market"})
    account, _ = Account.objects.get_or_create(code=code, defaults={"name": name, "marketplace": marketplace})
    return account


def make_connector(endpoint: str = "https://shop.example", **changes: Any) -> Magento2Connector:
    values = {
        "name": "Shop",
        "endpoint": endpoint,
        "username": "admin",
        "password": "s3cret-enough",
        "active": True,
    }
    return Magento2Connector.objects.create(**{**values, **changes})


def make_linked_row(connector: Magento2Connector, account: Account, store_id: int = 1) -> Magento2Seller:
    row = Magento2Seller.objects.create(connector=connector, store_id=store_id, store_code="default")
    AccountMagento.objects.create(account=account, magento2_seller=row)
    return row


def make_export_row(connector: Magento2Connector, account: Account, store_id: int = 32) -> Magento2Seller:
    return Magento2Seller.objects.create(
        connector=connector, account=account, store_id=store_id, store_code="amazon_us", export_orders=True
    )


def make_order(account: Account, lines: list[dict[str, Any]] | None = None, **changes: Any) -> Order:
    """An order that is ready to export; its money closes over the lines given (price, quantity, unit_tax)."""
    lines = lines or [
        {"sku": "MUG-1", "price": Decimal("12.50"), "quantity": Decimal(2), "unit_tax": Decimal("1.03125")}
    ]
    subtotal = sum((line["price"] * line["quantity"] for line in lines), Decimal(0))
    tax = sum((line.get("unit_tax", Decimal(0)) * line["quantity"] for line in lines), Decimal(0))
    tax = tax.quantize(Decimal("0.01"))
    shipping = changes.pop("shipping_amount", Decimal("4.95"))
    discount = changes.get("discount_amount", Decimal(0))
    values: dict[str, Any] = {
        "marketplace_order_id": f"114-{next(_numbers):07d}", "status": OrderStatus.READY_FOR_SHIPPING,
        "currency": "USD",
        "subtotal": subtotal, "tax_amount": tax, "shipping_amount": shipping,
        "grand_total": subtotal + tax + shipping - discount, "customer_email": "buyer@example.com",
        "customer_firstname": "Ruth", "customer_lastname": "Grady", "shipping_service": "Standard",
        "placed_at": dt.datetime(2026, 11, 2, 9, 30, tzinfo=dt.UTC),
    }  # fmt: skip
    order = Order.objects.create(account=account, **{**values, **changes})
    for position, line in enumerate(lines, 1):
        OrderItem.objects.create(
            order=order, position=position, row_total=line["price"] * line["quantity"], name="A thing",
            **line,
        )  # fmt: skip
    for kind in AddressKind:
        OrderAddress.objects.create(
            order=order, kind=kind, firstname="Ruth", lastname="Grady", street="12 Quay Street\nFlat 3", city="Dayton",
            region="Ohio", region_code="OH", postcode="45402", country_id="US", telephone="555 0123",
        )  # fmt: skip
    OrderPayment.objects.create(order=order, method="card", amount=order.grand_total, currency=order.currency)
    return order


def make_seller(name: str) -> Seller:
    seller, _ = Seller.objects.get_or_create(code=name.lower(), defaults={"name": name})
    return seller


def make_refund(
    order: Order, amount: str, items: dict[int, int] | None = None, shipping: str = "0", **changes: Any
) -> OrderRefund:
    """A refund of an amount, with quantities by the item's position."""
    refund = OrderRefund.objects.create(
        order=order, amount=Decimal(amount), shipping_amount=Decimal(shipping), currency=order.currency
    )
    for position, quantity in (items or {}).items():
        item = order.items.get(position=position)
        OrderRefundItem.objects.create(refund=refund, order_item=item, quantity=quantity, **changes)
    return refund


def remote_item(item_id: int = 11, **changes: Any) -> dict[str, Any]:
    """A row of `items` as GET /V1/orders gives it."""
    row: dict[str, Any] = {
        "item_id": item_id, "sku": "LAMP-1", "name": "Lamp", "product_type": "simple", "qty_ordered": 2, "price": 14.99,
        "row_total": 29.98, "tax_amount": 2.47, "tax_percent": 8.25, "discount_amount": 0, "qty_shipped": 0,
        "qty_refunded": 0, "qty_canceled": 0, "qty_invoiced": 2,
    }  # fmt: skip
    return row | changes


def remote_order(entity_id: Any = 7, **changes: Any) -> dict[str, Any]:
    """An order as GET /V1/orders gives it."""
    address = {
        "firstname": "Noor", "lastname": "Holt", "street": ["9 Pier Road", "2nd floor"], "city": "Mesa",
        "region": "Arizona",
        "region_code": "AZ", "postcode": "85201", "country_id": "US", "telephone": "555 0188",
        "email": "noor@example.com",
    }  # fmt: skip
    row: dict[str, Any] = {
        "entity_id": entity_id, "increment_id": str(entity_id).zfill(9), "store_id": 1, "state": "processing",
        "status": "processing", "order_currency_code": "USD", "subtotal": 29.98, "shipping_amount": 5,
        "tax_amount": 2.47,
        "discount_amount": 0, "grand_total": 37.45, "customer_email": "noor@example.com",
        "created_at": "2026-11-20 08:00:00", "updated_at": "2026-11-20 08:05:00", "items": [remote_item()],
        "billing_address": {**address, "address_type": "billing"},
        "payment": {"entity_id": 77, "method": "checkmo", "amount_ordered": 37.45, "amount_paid": 37.45,
                    "shipping_amount": 5},
        "extension_attributes": {"shipping_assignments": [{"shipping": {
            "address": {**address, "address_type": "shipping"}, "method": "flatrate_flatrate"}}]},
        "shipping_description": "Flat Rate - Fixed",
    }  # fmt: skip
    return row | changes


def token_of(*permissions: str, active: bool = True) -> dict[str, str]:
    """The header of a program whose user has these permissions."""
    user = User.objects.create_user("program", is_active=active)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    _, secret = ApiToken.issue(user.pk, "tests")
    return {"authorization": f"Bearer {secret.reveal()}"}


def add_mappings(connector: Magento2Connector, direction: str, *rows: tuple[str, ...]) -> None:
    """Field mappings as (record, source, target) or with a mode behind, checked as a form does."""
    for position, (record, source, target, *mode) in enumerate(rows):
        mapping = FieldMapping(
            connector=connector, direction=direction, record=record, source=source, target=target, position=position,
            mode=mode[0] if mode else "overwrite",
        )  # fmt: skip
        mapping.full_clean()
        mapping.save()
