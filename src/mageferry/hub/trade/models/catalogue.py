"""Products, the locations that hold stock, and how much lies where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Value

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


def sku_key(sku: str) -> str:
    """What makes two SKUs the same to Magento: neither case nor blanks around them count."""
    return sku.strip().casefold()


class Product(models.Model):
    """A thing that is sold, known by its SKU.

    Its values come from a shop, except those of `edited_fields`: a person changed them, and they stay.
    """

    SHARED_FIELDS = ("name", "product_type", "active", "price", "weight")
    """What a shop gives and a person may change."""

    sku = models.CharField("SKU", max_length=64, unique=True)
    name = models.CharField(max_length=255, blank=True)
    product_type = models.CharField("type", max_length=32, blank=True)
    active = models.BooleanField(default=True)
    price = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    weight = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    # The columns with a database default came after the first version: its workers may go on writing rows without them.
    sku_key = models.CharField(max_length=128, default="", db_default="", editable=False, db_index=True)
    edited_fields = models.JSONField(
        default=list,
        db_default=Value([], models.JSONField()),
        blank=True,
        editable=False,
        help_text="Fields that a person changed: a shop's values don't overwrite them.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "product"
        ordering = ("sku",)
        indexes = (models.Index(fields=("updated_at",), name="product_updated_at"),)

    def __str__(self) -> str:
        return self.sku

    def save(self, *args: Any, **options: Any) -> None:
        self.sku_key = sku_key(self.sku)
        fields = options.get("update_fields")
        if fields is not None and "sku" in fields:
            options["update_fields"] = {*fields, "sku_key"}
        super().save(*args, **options)

    def keep_edited(self, names: Iterable[str]) -> None:
        """Note which of its values a person changed; the caller saves."""
        edited = {*self.edited_fields, *names}
        self.edited_fields = [name for name in self.SHARED_FIELDS if name in edited]


class LocationQuantity(models.Model):
    """Stock of one product at one location."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="quantities")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="quantities")
    quantity = models.DecimalField(max_digits=12, decimal_places=4, default=0)
    origin = models.CharField(
        max_length=320,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Where the quantity was read: connector and warehouse code. Empty: a person entered it.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "location_quantity"
        verbose_name_plural = "location quantities"
        constraints = (
            models.UniqueConstraint(fields=("product", "location"), name="location_quantity_once"),
        )
        indexes = (models.Index(fields=("updated_at",), name="location_quantity_updated_at"),)

    def __str__(self) -> str:
        return f"{self.product} at {self.location}: {self.quantity}"
