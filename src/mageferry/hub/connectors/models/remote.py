"""What a Magento knows of our orders, items and payments: its ids, scoped by connector."""

from __future__ import annotations

from django.db import models

from mageferry.hub.connectors.models.connector import Magento2Connector
from mageferry.hub.trade.models import Order, OrderItem, OrderPayment, OrderShipment


class Direction(models.TextChoices):
    DOWNLOADED = "downloaded", "Downloaded from Magento"
    EXPORTED = "exported", "Exported to Magento"


class OrdersMagento(models.Model):
    """What a Magento knows of an order."""

    order = models.OneToOneField(Order, primary_key=True, on_delete=models.CASCADE, related_name="magento")
    magento2_connector = models.ForeignKey(Magento2Connector, on_delete=models.PROTECT, related_name="orders")
    direction = models.CharField(max_length=10, choices=Direction)
    entity_id = models.BigIntegerField()
    increment_id = models.CharField(max_length=50, blank=True)
    store_id = models.PositiveIntegerField(null=True, blank=True)
    shipment_created = models.BooleanField(default=False)
    shipment_id = models.JSONField(
        "shipment ID", default=list, blank=True, help_text="Ids of the order's shipments."
    )
    order_payment_id = models.BigIntegerField("order payment ID", null=True, blank=True)

    class Meta:
        db_table = "orders_magento"
        verbose_name = "order in Magento"
        verbose_name_plural = "orders in Magento"
        constraints = (
            # Every remote id is scoped by connector: two Magentos both have an order 15.
            models.UniqueConstraint(
                fields=("magento2_connector", "entity_id"), name="orders_magento_entity_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.magento2_connector} {self.increment_id or self.entity_id}"


class OrderPartMagento(models.Model):
    """A part of an order that went to Magento as an order of its own: the items of one seller.

    `orders_magento` keeps the first of them; items say by their connector_id which one holds them.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="magento_parts")
    magento2_connector = models.ForeignKey(
        Magento2Connector, on_delete=models.PROTECT, related_name="order_parts"
    )
    magento2_seller = models.ForeignKey(
        "connectors.Magento2Seller", null=True, on_delete=models.SET_NULL, related_name="order_parts"
    )
    entity_id = models.BigIntegerField()
    increment_id = models.CharField(max_length=50, blank=True)
    store_id = models.PositiveIntegerField()
    order_payment_id = models.BigIntegerField("order payment ID", null=True, blank=True)
    shipment_created = models.BooleanField(default=False)
    shipment_id = models.JSONField("shipment ID", default=list, blank=True)

    class Meta:
        db_table = "orders_magento_part"
        verbose_name = "part of an order in Magento"
        verbose_name_plural = "parts of orders in Magento"
        ordering = ("order", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("magento2_connector", "entity_id"), name="orders_magento_part_entity_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.magento2_connector} {self.increment_id or self.entity_id}"


class OrderItemMagento(models.Model):
    """What a Magento knows of an order item."""

    order_item = models.OneToOneField(
        OrderItem, primary_key=True, on_delete=models.CASCADE, related_name="magento"
    )
    item_id = models.BigIntegerField(
        help_text="Magento's item_id, to ship and refund with: the parent's for a configurable, the component's "
        "own for a bundle."
    )
    parent_item_id = models.BigIntegerField(null=True, blank=True, help_text="item_id of the bundle.")

    class Meta:
        db_table = "order_item_magento"
        verbose_name = "order item in Magento"
        verbose_name_plural = "order items in Magento"

    def __str__(self) -> str:
        return str(self.item_id)


class OrderPaymentMagento2(models.Model):
    """What a Magento knows of an order payment of type Refund."""

    order_payment = models.OneToOneField(
        OrderPayment, primary_key=True, on_delete=models.CASCADE, related_name="magento"
    )
    return_created = models.BooleanField(default=False)
    return_id = models.BigIntegerField("return ID", null=True, blank=True)
    error = models.TextField(
        blank=True, default="", db_default="", help_text="Why the refund is parked; empty lets it go on."
    )
    remedy = models.TextField(blank=True, default="", db_default="")

    class Meta:
        db_table = "order_payment_magento2"
        verbose_name = "order payment in Magento"
        verbose_name_plural = "order payments in Magento"

    def __str__(self) -> str:
        return f"return {self.return_id or 'not created'}"


class OrderShipmentMagento(models.Model):
    """Which shipment of a Magento a shipment of ours is: made there by us (Exported) or read there (Downloaded)."""

    order_shipment = models.OneToOneField(
        OrderShipment, primary_key=True, on_delete=models.CASCADE, related_name="magento"
    )
    magento2_connector = models.ForeignKey(
        Magento2Connector, on_delete=models.PROTECT, related_name="shipments"
    )
    direction = models.CharField(max_length=10, choices=Direction)
    shipment_id = models.BigIntegerField("shipment ID", help_text="Id of the shipment in Magento.")

    class Meta:
        db_table = "order_shipment_magento"
        verbose_name = "shipment in Magento"
        verbose_name_plural = "shipments in Magento"
        constraints = (
            models.UniqueConstraint(
                fields=("magento2_connector", "shipment_id"), name="order_shipment_magento_once"
            ),
        )

    def __str__(self) -> str:
        return str(self.shipment_id)
