"""Orders: what was bought, by whom, what was paid, and the history of it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F, Q

from mageferry.hub.trade.models.parties import Account, Seller

LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def money(verbose_name: str | None = None, **options: Any) -> models.DecimalField[Any, Any]:
    """An amount in the order's currency; four places, as Magento stores them."""
    return models.DecimalField(
        verbose_name, max_digits=20, decimal_places=4, **{"default": Decimal(0), **options}
    )


class OrderStatus(models.TextChoices):
    """Where an order stands. It only goes forward; Cancelled never reopens."""

    INCOMPLETE = "incomplete", "Incomplete"
    PENDING = "pending", "Pending"
    READY_FOR_SHIPPING = "rfs", "Ready For Shipping"
    PARTIALLY_SHIPPED = "partially_shipped", "Partially Shipped"
    SHIPPED = "shipped", "Shipped"
    CANCELLED = "cancelled", "Cancelled"


class Order(models.Model):
    """An order of one account, from a marketplace or from a shop."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="orders")
    marketplace_order_id = models.CharField(
        "marketplace order id",
        max_length=64,
        help_text="The order's number where it was bought: the marketplace's, or the shop's increment id.",
    )
    status = models.CharField(max_length=20, choices=OrderStatus, default=OrderStatus.PENDING)
    remote_status = models.CharField(
        max_length=64, blank=True, help_text="Status in the system that it came from."
    )
    currency = models.CharField(max_length=3)
    subtotal = money()
    shipping_amount = money("shipping")
    tax_amount = money("tax")
    discount_amount = money("discount", help_text="As a positive amount.")
    grand_total = money()
    total_refunded = money()
    customer_email = models.CharField(max_length=255, blank=True)
    customer_firstname = models.CharField("first name", max_length=255, blank=True)
    customer_lastname = models.CharField("last name", max_length=255, blank=True)
    shipping_service = models.CharField(
        max_length=120,
        blank=True,
        help_text="The shipping service that the buyer chose, or Magento's carrier_method.",
    )
    shipping_description = models.CharField(max_length=255, blank=True)
    placed_at = models.DateTimeField()
    remote_updated_at = models.DateTimeField(null=True, blank=True)
    connector_id = models.BigIntegerField(
        "connector id",
        null=True,
        blank=True,
        help_text="The order's entity_id in Magento: where it came from, or what it became when exported.",
    )
    error = models.TextField(blank=True, help_text="Why the order is parked; empty lets it go on.")
    remedy = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "orders"
        ordering = ("-placed_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("account", "marketplace_order_id"), name="orders_once_per_account"
            ),
        )
        indexes = (
            models.Index(fields=("-placed_at", "-id"), name="orders_newest"),
            models.Index(fields=("status", "account"), name="orders_status_account"),
            models.Index(fields=("account", "connector_id"), name="orders_account_connector_id"),
            # What changed since last time is asked every few minutes for each account.
            models.Index(fields=("account", "updated_at"), name="orders_account_updated_at"),
        )

    def __str__(self) -> str:
        return self.marketplace_order_id


class OrderItem(models.Model):
    """One line of an order. Tax is per unit."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField()
    marketplace_item_id = models.CharField(max_length=64, blank=True)
    sku = models.CharField("SKU", max_length=255)
    name = models.CharField(max_length=255, blank=True)
    product_type = models.CharField("type", max_length=32, blank=True, default="simple")
    bundle_sku = models.CharField(
        "bundle",
        max_length=255,
        blank=True,
        help_text="SKU of the bundle or configurable that this line is part of.",
    )
    seller = models.ForeignKey(Seller, null=True, blank=True, on_delete=models.PROTECT, related_name="items")
    quantity = models.DecimalField(max_digits=12, decimal_places=4)
    quantity_shipped = models.DecimalField(max_digits=12, decimal_places=4, default=0)
    quantity_refunded = models.DecimalField(max_digits=12, decimal_places=4, default=0)
    quantity_cancelled = models.DecimalField(max_digits=12, decimal_places=4, default=0)
    price = money()
    unit_tax = models.DecimalField("tax per unit", max_digits=20, decimal_places=8, default=Decimal(0))
    tax_percent = models.DecimalField(max_digits=12, decimal_places=4, default=Decimal(0))
    discount_amount = money("discount", help_text="Of the whole line, as a positive amount.")
    row_total = money()
    product_option = models.JSONField(
        default=dict, blank=True, help_text="Chosen product options, in the form of Magento's product_option."
    )
    extension_attributes = models.JSONField(
        default=dict, blank=True, help_text="Extra attributes to send with the item, name to value."
    )
    magento_exported = models.BooleanField("exported to Magento", default=False)
    connector_id = models.BigIntegerField(
        "connector id",
        null=True,
        blank=True,
        help_text="entity_id of the Magento order that holds this item.",
    )

    class Meta:
        db_table = "order_item"
        ordering = ("order", "position")
        constraints = (
            models.UniqueConstraint(fields=("order", "position"), name="order_item_position_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_item_quantity_positive"),
        )

    def __str__(self) -> str:
        return f"{self.quantity.normalize():f} x {self.sku}"

    @property
    def tax_amount(self) -> Decimal:
        """Tax of the whole line, to four places."""
        return (self.unit_tax * self.quantity).quantize(Decimal("0.0001"))


class AddressKind(models.TextChoices):
    BILLING = "billing", "Billing"
    SHIPPING = "shipping", "Shipping"


class OrderAddress(models.Model):
    """Where an order goes, or whom it is billed to."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="addresses")
    kind = models.CharField(max_length=8, choices=AddressKind)
    firstname = models.CharField("first name", max_length=255, blank=True)
    lastname = models.CharField("last name", max_length=255, blank=True)
    company = models.CharField(max_length=255, blank=True)
    street = models.TextField(blank=True, help_text="One line of the street a line.")
    city = models.CharField(max_length=255, blank=True)
    region = models.CharField(max_length=255, blank=True)
    region_code = models.CharField(max_length=64, blank=True)
    postcode = models.CharField(max_length=255, blank=True)
    country_id = models.CharField(
        "country", max_length=2, blank=True, help_text="ISO 3166 code, two letters."
    )
    telephone = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=255, blank=True)
    vat_id = models.CharField("VAT id", max_length=255, blank=True)

    class Meta:
        db_table = "order_address"
        verbose_name_plural = "order addresses"
        constraints = (models.UniqueConstraint(fields=("order", "kind"), name="order_address_once_per_kind"),)

    def __str__(self) -> str:
        return f"{self.firstname} {self.lastname}, {self.city}"


class PaymentType(models.TextChoices):
    PAYMENT = "payment", "Payment"
    REFUND = "refund", "Refund"


class OrderPayment(models.Model):
    """Money that came in for an order (Payment) or is given back (Refund)."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="payments")
    payment_type = models.CharField("type", max_length=8, choices=PaymentType, default=PaymentType.PAYMENT)
    method = models.CharField(max_length=128, blank=True)
    amount = money(help_text="Payment: what is to be paid. Refund: what is given back.")
    amount_paid = money(help_text="What has come in of a payment.")
    shipping_amount = money("shipping part")
    currency = models.CharField(max_length=3)
    transaction_id = models.CharField(max_length=128, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    # The constant marks rows from before there was this column.
    updated_at = models.DateTimeField(auto_now=True, db_default=LONG_AGO)

    class Meta:
        db_table = "order_payment"
        ordering = ("order", "id")
        indexes = (
            # Of the refunds only: payments come in by the thousand, and nobody asks when they changed.
            models.Index(
                fields=("updated_at",),
                condition=Q(payment_type="refund"),
                name="order_payment_refund_changed",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_payment_type_display()} {self.amount} {self.currency}"


class HistoryOutcome(models.TextChoices):
    DONE = "done", "Done"
    SKIPPED = "skipped", "Skipped"
    FAILED = "failed", "Failed"


class OrderHistory(models.Model):
    """The audit of an order: each attempt of a flow and each change, never a secret."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="history")
    at = models.DateTimeField()
    flow = models.CharField(max_length=40)
    connector = models.CharField(max_length=100, blank=True)
    target_store = models.CharField(max_length=100, blank=True)
    outcome = models.CharField(max_length=8, choices=HistoryOutcome)
    ids = models.JSONField(default=dict, blank=True)
    message = models.TextField(blank=True)

    class Meta:
        db_table = "order_history"
        verbose_name_plural = "order history"
        ordering = ("-at", "-id")
        indexes = (models.Index(F("order"), F("at"), name="order_history_order_at"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.flow}: {self.outcome}"
