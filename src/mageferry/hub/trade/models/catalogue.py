"""Products, the locations that hold stock, and how much lies where."""

from __future__ import annotations

from django.db import models

from mageferry.hub.trade.models.parties import CODE


class Location(models.Model):
    """A place that holds stock."""

    name = models.CharField(max_length=100, unique=True)
    code = models.CharField(max_length=40, unique=True, validators=[CODE])

    class Meta:
        db_table = "location"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """A thing that is sold, known by its SKU."""

    sku = models.CharField("SKU", max_length=64, unique=True)
    name = models.CharField(max_length=255, blank=True)
    product_type = models.CharField("type", max_length=32, blank=True)
    active = models.BooleanField(default=True)
    price = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    weight = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "product"
        ordering = ("sku",)

    def __str__(self) -> str:
        return self.sku


class LocationQuantity(models.Model):
    """Stock of one product at one location."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="quantities")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="quantities")
    quantity = models.DecimalField(max_digits=12, decimal_places=4, default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "location_quantity"
        verbose_name_plural = "location quantities"
        constraints = (
            models.UniqueConstraint(fields=("product", "location"), name="location_quantity_once"),
        )

    def __str__(self) -> str:
        return f"{self.product} at {self.location}: {self.quantity}"
