"""Marketplaces, the accounts on them, and the sellers whose goods are sold there."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models

CODE = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9_-]*$", "Use letters, digits, - and _ only, starting with a letter or digit."
)


class Marketplace(models.Model):
    """A sales channel: Amazon, Walmart, eBay, Zalando, or a shop of one's own."""

    name = models.CharField(max_length=100, unique=True)
    code = models.CharField(max_length=20, unique=True, validators=[CODE])

    class Meta:
        db_table = "marketplace"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """One store on one marketplace: the source of orders, the target of shipment and refund news."""

    marketplace = models.ForeignKey(Marketplace, on_delete=models.PROTECT, related_name="accounts")
    name = models.CharField(max_length=100, unique=True)
    code = models.CharField(
        max_length=12,
        unique=True,
        validators=[CODE],
        help_text="Short prefix of this account's order numbers in other systems, e.g. AMZ.",
    )

    class Meta:
        db_table = "account"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Seller(models.Model):
    """Whose goods are sold; several sellers can live under one account."""

    name = models.CharField(max_length=100, unique=True)
    code = models.CharField(max_length=20, unique=True, validators=[CODE])

    class Meta:
        db_table = "seller"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
