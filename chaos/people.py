"""Those who work around the hub: the marketplace that sells, ships and refunds, the merchant who ships."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Collection
from decimal import ROUND_DOWN, Decimal

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from chaos.hub import Records
from chaos.shop import ShopFloor
from mageferry.hub.mapping.amounts import CENT, cents
from mageferry.hub.trade.models import (
    AddressKind,
    Order,
    OrderAddress,
    OrderItem,
    OrderPayment,
    OrderRefundItem,
    OrderShipment,
    OrderShipmentItem,
    OrderShipmentTrack,
    OrderStatus,
    PaymentType,
)

GOODS = (
    ("LF-TENT-2", "189.00"), ("LF-MAT-FOAM", "24.99"), ("LF-STOVE", "44.95"), ("LF-LAMP", "32.50"),
    ("LF-BOTTLE-1L", "19.99"), ("LF-TOWEL", "17.50"),
)  # fmt: skip
AT_ONCE = 20
# How the refunds' own numbers begin: of those that are there to be made, and of those that ask for too much.
REFUND, TOO_MUCH = "refund-", "too-much-"


class People:
    """They act a little at a time, decided by the seed."""

    def __init__(self, records: Records, merchant: ShopFloor, placed: Collection[int], seed: int) -> None:
        self._records, self._merchant, self._placed = records, merchant, placed
        self._chance = random.Random(f"people/{seed}")
        self._shipped: set[int] = set()
        self._refunded: set[int] = set()

    @transaction.atomic
    def sell(self, count: int) -> None:
        """Marketplace orders, ready for shipping."""
        for number in range(count):
            self._sell_one(f"M-{number:06d}")

    def _sell_one(self, number: str) -> None:
        chance = self._chance
        lines = [
            (sku, Decimal(price), Decimal(chance.randint(1, 3)))
            for sku, price in chance.sample(GOODS, chance.randint(1, 3))
        ]
        percent = Decimal(chance.choice(("0", "7", "8.25", "19")))
        taxes = [cents(price * quantity * percent / 100) for _, price, quantity in lines]
        subtotal = sum((price * quantity for _, price, quantity in lines), Decimal(0))
        shipping = Decimal(chance.choice(("0.00", "4.95", "11.20")))
        total = subtotal + sum(taxes, Decimal(0)) + shipping
        order = Order.objects.create(
            account=self._records.marketplace, marketplace_order_id=number, status=OrderStatus.READY_FOR_SHIPPING,
            currency="USD", subtotal=subtotal, tax_amount=sum(taxes, Decimal(0)), shipping_amount=shipping,
            grand_total=total, customer_email="buyer@example.com", customer_firstname="Ruth",
            customer_lastname="Grady", shipping_service="Standard", placed_at=timezone.now(),
        )  # fmt: skip
        for position, ((sku, price, quantity), tax) in enumerate(zip(lines, taxes, strict=True), 1):
            OrderItem.objects.create(
                order=order, position=position, sku=sku, name=sku, price=price, quantity=quantity,
                row_total=price * quantity, tax_percent=percent, unit_tax=tax / quantity,
            )  # fmt: skip
        for kind in AddressKind:
            OrderAddress.objects.create(
                order=order, kind=kind, firstname="Ruth", lastname="Grady", street="12 Quay Street", city="Dayton",
                region="Ohio", region_code="OH", postcode="45402", country_id="US", telephone="555 0123",
            )  # fmt: skip
        OrderPayment.objects.create(order=order, method="card", amount=total, currency="USD")

    def act(self) -> None:
        """A little of everybody's work."""
        self._ship_from_the_hub()
        self._refund()
        self._ship_in_the_back_office()

    def _ship_in_the_back_office(self) -> None:
        """The merchant ships exported orders, in one or two parcels."""
        known = Order.objects.filter(account=self._records.marketplace, connector_id__isnull=False)
        waiting = known.exclude(connector_id__in=self._shipped).prefetch_related("items__magento")
        for order in waiting[:AT_ONCE]:
            quantities = {item.magento.item_id: int(item.quantity) for item in order.items.all()}
            for parcel in self._parcels(quantities):
                self._merchant.ship(order.connector_id or 0, parcel)
            self._shipped.add(order.connector_id or 0)

    def _parcels(self, quantities: dict[int, int], *, whole: bool = False) -> list[dict[int, float]]:
        total = sum(quantities.values())
        if whole or total == 1 or self._chance.random() < 0.5:
            return [dict(quantities)]
        left = self._chance.randint(1, total - 1)
        first: dict[int, float] = {}
        for item, quantity in quantities.items():
            taken = min(quantity, left)
            if taken:
                first[item] = taken
                left -= taken
        rest = {item: quantity - first.get(item, 0) for item, quantity in quantities.items()}
        return [first, {item: quantity for item, quantity in rest.items() if quantity}]

    def _ship_from_the_hub(self) -> None:
        """The marketplace tells the hub that it shipped orders of the own shop, in one or two parcels."""
        for order, quantities in self.to_ship()[:AT_ONCE]:
            with transaction.atomic():
                for number, parcel in enumerate(self._parcels(quantities, whole=_has_sets(order))):
                    self._tell_shipment(order, number, parcel)

    def to_ship(self) -> list[tuple[Order, dict[int, int]]]:
        """Orders of the own shop that the marketplace hasn't shipped yet, with what there is to ship of each item."""
        waiting = Order.objects.filter(
            account=self._records.own_shop, shipments=None, status=OrderStatus.READY_FOR_SHIPPING,
            connector_id__in=self._placed,
        )  # fmt: skip
        left = [(order, _left_to_ship(order)) for order in waiting.prefetch_related("items")]
        return [(order, quantities) for order, quantities in left if quantities]

    def _tell_shipment(self, order: Order, number: int, parcel: dict[int, float]) -> None:
        shipped_at = timezone.now() + dt.timedelta(seconds=number)
        shipment = OrderShipment.objects.create(order=order, shipped_at=shipped_at, carrier="UPS")
        for pk, quantity in parcel.items():
            OrderShipmentItem.objects.create(shipment=shipment, order_item_id=pk, quantity=Decimal(quantity))
        if self._chance.random() < 0.7:
            OrderShipmentTrack.objects.create(shipment=shipment, title="UPS", number=f"1Z{order.pk}-{number}")

    def _refund(self) -> None:
        """Most of the shipped orders are refunded: all of it, or one piece, sometimes twice. For some of them more is
        asked back afterwards than is left, which the shop refuses."""
        done = Order.objects.filter(status=OrderStatus.SHIPPED).exclude(pk__in=self._refunded)
        done = done.filter(Q(account=self._records.marketplace) | Q(connector_id__in=self._placed))
        for order in done[:AT_ONCE]:
            self._refunded.add(order.pk)
            if self._chance.random() > 0.6:
                continue
            with transaction.atomic():
                if self._chance.random() < 0.4 or _has_sets(order):
                    self._tell_refund(REFUND, order, order.grand_total, order.shipping_amount)
                else:
                    for _ in range(self._chance.randint(1, 2)):
                        self._refund_one_piece(order)
                if self._chance.random() < 0.3:
                    self._tell_refund(TOO_MUCH, order, order.grand_total + 10, Decimal(0))

    def _refund_one_piece(self, order: Order) -> None:
        item = self._chance.choice(list(order.items.all()))
        given = sum((each.quantity for each in item.refund_items.all()), Decimal(0))
        if item.quantity - item.quantity_refunded - given < 1 or not item.row_total:
            return
        # Down to the cent: pieces rounded up would come to more than the whole.
        unit = (item.row_total + item.unit_tax * item.quantity - item.discount_amount) / item.quantity
        refund = self._tell_refund(REFUND, order, unit.quantize(CENT, ROUND_DOWN), Decimal(0))
        OrderRefundItem.objects.create(refund=refund, order_item=item, quantity=Decimal(1))

    def _tell_refund(self, what: str, order: Order, amount: Decimal, shipping: Decimal) -> OrderPayment:
        return OrderPayment.objects.create(
            order=order, payment_type=PaymentType.REFUND, amount=amount, shipping_amount=shipping,
            currency=order.currency, transaction_id=f"{what}{order.pk}-{order.payments.count()}",
        )  # fmt: skip


def _left_to_ship(order: Order) -> dict[int, int]:
    left = {
        item.pk: int(
            item.quantity - item.quantity_shipped - max(item.quantity_refunded, item.quantity_cancelled)
        )
        for item in order.items.all()
        if item.product_type not in ("virtual", "downloadable")
    }
    return {pk: quantity for pk, quantity in left.items() if quantity > 0}


def _has_sets(order: Order) -> bool:
    """Whether it holds a bundle or a configurable: those are shipped and refunded whole here."""
    return order.items.exclude(bundle_sku="").exists()
