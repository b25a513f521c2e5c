"""Marketplace orders of the demo: made up, the same for the same batch number, with money that closes."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from mageferry.hub.mapping.amounts import cents
from mageferry.hub.trade.models import (
    Account,
    AddressKind,
    Order,
    OrderAddress,
    OrderItem,
    OrderPayment,
    OrderStatus,
    PaymentType,
)


@dataclass(frozen=True, slots=True)
class Channel:
    """How the orders of one account look."""

    code: str
    number: str
    currency: str
    tax_percent: Decimal
    country: str
    cities: tuple[tuple[str, str, str, str], ...]  # city, region, region code, postcode
    services: tuple[str, ...]


CHANNELS = (
    Channel("WMT", "2000{:09d}", "USD", Decimal("8.25"), "US",
            (("Tulsa", "Oklahoma", "OK", "74103"), ("Boise", "Idaho", "ID", "83702")), ("Standard", "Expedited")),
    Channel("AMZ", "114-{:07d}-7301925", "USD", Decimal("7"), "US",
            (("Dayton", "Ohio", "OH", "45402"), ("Mesa", "Arizona", "AZ", "85201")), ("Std US", "Second Day")),
    Channel("DJA", "DJ{:08d}", "AUD", Decimal("10"), "AU",
            (("Geelong", "Victoria", "VIC", "3220"), ("Cairns", "Queensland", "QLD", "4870")), ("Parcel Post",)),
    Channel("ZAL", "1010{:08d}", "EUR", Decimal("19"), "DE",
            (("Kassel", "Hessen", "HE", "34117"), ("Trier", "Rheinland-Pfalz", "RP", "54290")), ("Hermes", "DHL")),
)  # fmt: skip
# Goods that the back office has in stock.
GOODS = (
    ("LF-TENT-2", "Larkfield Two-Person Tent", "189.00"), ("LF-MAT-FOAM", "Foam Sleeping Mat", "24.99"),
    ("LF-STOVE", "Compact Gas Stove", "44.95"), ("LF-LAMP", "Rechargeable Camp Lamp", "32.50"),
    ("LF-BOTTLE-1L", "Steel Bottle 1 l", "19.99"), ("LF-MUG/ENAMEL", "Enamel Mug", "8.99"),
    ("LF-ROPE 20M", "Guy Rope 20 m", "12.99"), ("LF-PACK-40", "Trail Pack 40 l", "129.00"),
    ("LF-TOWEL", "Quick-Dry Towel", "17.50"), ("LF-SHIRT-Moss-M", "Merino Shirt Moss M", "59.00"),
)  # fmt: skip
FIRST_NAMES = ("Ada", "Ilse", "Marek", "Noor", "Pablo", "Ruth", "Tomas", "Yuki")
LAST_NAMES = ("Anders", "Bauer", "Castillo", "Dunne", "Eriksen", "Fontaine", "Grady", "Holt")
ORDERS_PER_CHANNEL = 6


@transaction.atomic
def make_batch(accounts: dict[str, Account], batch: int) -> int:
    """Marketplace orders that are ready for shipping, and one that nobody can export. Returns how many."""
    made = 0
    for channel in CHANNELS:
        dice = random.Random(f"{channel.code}/{batch}")
        for index in range(ORDERS_PER_CHANNEL):
            number = channel.number.format(batch * 1000 + index + 1)
            _make(accounts[channel.code], channel, number, dice)
            made += 1
    # What an operator meets sooner or later: a buyer without a last name.
    walmart = CHANNELS[0]
    broken = _make(
        accounts[walmart.code], walmart, walmart.number.format(batch * 1000 + 900), random.Random(batch)
    )
    broken.addresses.update(lastname="")
    return made + 1


def _make(account: Account, channel: Channel, number: str, dice: random.Random) -> Order:
    goods = dice.sample(GOODS, dice.randint(1, 3))
    first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
    email = f"{first}.{last}@buyers.example".lower()
    lines = [(sku, name, Decimal(price), Decimal(dice.randint(1, 3))) for sku, name, price in goods]
    subtotal = sum((price * quantity for _, _, price, quantity in lines), Decimal(0))
    units = [price * channel.tax_percent / 100 for _, _, price, _ in lines]
    tax = sum((cents(unit * line[3]) for unit, line in zip(units, lines, strict=True)), Decimal(0))
    shipping = Decimal(dice.choice(("0", "4.95", "7.50")))
    order = Order.objects.create(
        account=account, marketplace_order_id=number, status=OrderStatus.READY_FOR_SHIPPING, currency=channel.currency,
        subtotal=subtotal, shipping_amount=shipping, tax_amount=tax, grand_total=subtotal + shipping + tax,
        customer_email=email, customer_firstname=first, customer_lastname=last,
        shipping_service=dice.choice(channel.services),
        placed_at=timezone.now() - dt.timedelta(hours=dice.randint(1, 400)),
    )  # fmt: skip
    OrderItem.objects.bulk_create(
        OrderItem(
            order=order, position=position, marketplace_item_id=f"{number}-{position}", sku=sku, name=name,
            quantity=quantity, price=price, unit_tax=unit, tax_percent=channel.tax_percent, row_total=price * quantity,
        )
        for position, ((sku, name, price, quantity), unit) in enumerate(zip(lines, units, strict=True), 1)
    )  # fmt: skip
    city, region, region_code, postcode = dice.choice(channel.cities)
    OrderAddress.objects.bulk_create(
        OrderAddress(
            order=order, kind=kind, firstname=first, lastname=last, street=f"{dice.randint(1, 180)} Quay Street",
            city=city,
            region=region, region_code=region_code, postcode=postcode, country_id=channel.country,
            telephone=f"555 01{dice.randint(10, 99)}", email=email,
        )
        for kind in AddressKind
    )  # fmt: skip
    OrderPayment.objects.create(
        order=order, payment_type=PaymentType.PAYMENT, method=f"{account.name} payments", amount=order.grand_total,
        amount_paid=order.grand_total, shipping_amount=shipping, currency=channel.currency, paid_at=order.placed_at,
    )  # fmt: skip
    return order
