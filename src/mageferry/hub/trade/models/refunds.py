"""Refunds: order payments of type Refund, and which items each of them gives back."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from mageferry.hub.trade.models.orders import OrderItem, OrderPayment, PaymentType


class RefundManager(models.Manager["OrderRefund"]):
    """Only the payments that give money back."""

    def get_queryset(self) -> models.QuerySet[OrderRefund]:
        return super().get_queryset().filter(payment_type=PaymentType.REFUND)


class OrderRefund(OrderPayment):
    """An order payment of type Refund: money, and perhaps items, that an order gives back."""

    objects: ClassVar[RefundManager] = RefundManager()

    class Meta:
        proxy = True
        verbose_name = "refund"

    def __str__(self) -> str:
        return f"Refund {self.pk or ''} of {self.amount.normalize():f} {self.currency}".replace("  ", " ")

    def save(self, *args: Any, **options: Any) -> None:
        self.payment_type = PaymentType.REFUND
        super().save(*args, **options)


class OrderRefundItem(models.Model):
    """How many of an order item a refund gives back, and whether they go back to stock.

    A refund without items gives back money only, or everything when its amount is all that is left of the order.
    """

    refund = models.ForeignKey(OrderPayment, on_delete=models.CASCADE, related_name="refund_items")
    order_item = models.ForeignKey(OrderItem, on_delete=models.CASCADE, related_name="refund_items")
    quantity = models.DecimalField(max_digits=12, decimal_places=4)
    back_to_stock = models.BooleanField(default=False)

    class Meta:
        db_table = "order_refund_item"
        verbose_name = "refunded item"
        ordering = ("refund", "order_item")
        constraints = (
            models.UniqueConstraint(
                fields=("refund", "order_item"),
                name="order_refund_item_once",
                violation_error_message="This refund already has this item: change its quantity.",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_refund_item_quantity_positive"),
        )

    def __str__(self) -> str:
        return f"{self.quantity.normalize():f} x {self.order_item.sku}"
