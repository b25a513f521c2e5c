"""Shipments of orders: what left, when, with which carrier."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from mageferry.hub.trade.models.orders import LONG_AGO, Order, OrderItem


class OrderShipment(models.Model):
    """One parcel or delivery of an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="shipments")
    shipped_at = models.DateTimeField()
    carrier = models.CharField(max_length=100, blank=True)
    service = models.CharField(max_length=100, blank=True)
    remote_id = models.CharField(
        max_length=64,
        blank=True,
        help_text="Id of the shipment in the system that it came from; an order has it once.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # Whoever adds a track later moves it. The constant marks rows from before there was this column.
    updated_at = models.DateTimeField(auto_now=True, db_default=LONG_AGO)

    class Meta:
        db_table = "order_shipment"
        ordering = ("order", "shipped_at", "id")
        constraints = (
            # Whoever tells of a shipment twice, tells of one.
            models.UniqueConstraint(
                fields=("order", "remote_id"),
                condition=~Q(remote_id=""),
                name="order_shipment_remote_id_once",
            ),
        )
        indexes = (
            models.Index(fields=("shipped_at",), name="order_shipment_shipped_at"),
            models.Index(fields=("updated_at",), name="order_shipment_updated_at"),
        )

    def __str__(self) -> str:
        return f"{self.order} {self.shipped_at:%Y-%m-%d}"


class OrderShipmentItem(models.Model):
    """How many of an order item a shipment holds."""

    shipment = models.ForeignKey(OrderShipment, on_delete=models.CASCADE, related_name="items")
    order_item = models.ForeignKey(OrderItem, on_delete=models.CASCADE, related_name="shipment_items")
    quantity = models.DecimalField(max_digits=12, decimal_places=4)

    class Meta:
        db_table = "order_shipment_item"
        constraints = (
            models.UniqueConstraint(fields=("shipment", "order_item"), name="order_shipment_item_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_shipment_item_quantity_positive"),
        )

    def __str__(self) -> str:
        return f"{self.quantity.normalize():f} x {self.order_item.sku}"


class OrderShipmentTrack(models.Model):
    """A tracking number of a shipment."""

    shipment = models.ForeignKey(OrderShipment, on_delete=models.CASCADE, related_name="tracks")
    carrier_code = models.CharField(max_length=32, blank=True)
    title = models.CharField(max_length=255, blank=True)
    number = models.CharField(max_length=255)

    class Meta:
        db_table = "order_shipment_track"

    def __str__(self) -> str:
        return f"{self.title} {self.number}".strip()
