"""magento2_activation: what Magento posted when an integration was activated."""

from __future__ import annotations

from django.db import models

from mageferry.hub.connectors.models.connector import Magento2Connector
from mageferry.hub.security.fields import SecretField


class ActivationStatus(models.TextChoices):
    RECEIVED = "received", "Received"
    EXCHANGED = "exchanged", "Exchanged"
    FAILED = "failed", "Failed"


class Magento2Activation(models.Model):
    """One click on Activate or Reauthorize in a Magento: the keys it posted, until they are exchanged."""

    connector = models.ForeignKey(Magento2Connector, on_delete=models.CASCADE, related_name="activations")
    consumer_key = models.CharField(max_length=64)
    consumer_secret = SecretField(blank=True, default="")
    verifier = SecretField(blank=True, default="")
    store_base_url = models.CharField(max_length=255)
    received_at = models.DateTimeField()
    status = models.CharField(max_length=9, choices=ActivationStatus, default=ActivationStatus.RECEIVED)
    error = models.TextField(blank=True)
    remedy = models.TextField(blank=True)

    class Meta:
        db_table = "magento2_activation"
        verbose_name = "integration activation"
        ordering = ("-received_at", "-id")

    def __str__(self) -> str:
        return f"{self.connector} {self.received_at:%Y-%m-%d %H:%M:%S}"
