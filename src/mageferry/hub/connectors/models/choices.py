"""What can be chosen for a connector, and what its settings are at first."""

from __future__ import annotations

import secrets

from django.db import models


class Authentication(models.TextChoices):
    TOKEN = "token", "Token Based"
    OAUTH = "oauth", "OAuth Based"


class NumberRule(models.TextChoices):
    """How an exported order gets its increment id."""

    PREFIX = "prefix", "Account code + marketplace order id"
    TEMPLATE = "template", "By the template"
    MAGENTO = "magento", "Let Magento number"


class InvoiceRule(models.TextChoices):
    """How an exported order becomes refundable: Magento refunds only what is invoiced."""

    PAID = "paid", "Create it as invoiced and paid"
    CALL = "call", "Invoice it with a call after creating"
    NONE = "none", "Leave it not invoiced"


def default_reading_statuses() -> list[str]:
    return ["processing", "complete", "canceled", "closed", "holded"]


def default_status_map() -> dict[str, str]:
    """Magento's order status (or state) -> the hub's. complete is refined by what was shipped."""
    return {
        "new": "pending",
        "pending": "pending",
        "pending_payment": "pending",
        "payment_review": "pending",
        "holded": "pending",
        "processing": "rfs",
        "complete": "shipped",
        "closed": "shipped",
        "canceled": "cancelled",
    }


def default_exporting_statuses() -> list[str]:
    return ["rfs"]


def new_callback_key() -> str:
    """The part of a connector's callback address that nobody can guess."""
    return secrets.token_urlsafe(32)
