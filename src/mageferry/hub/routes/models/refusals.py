"""Deliveries to webhooks that weren't taken."""

from __future__ import annotations

from django.db import models

from mageferry.hub.routes.models.records import Incoming


class RefusedDelivery(models.Model):
    """Deliveries that weren't taken for one reason within one minute: how many, and what is known of the last one."""

    incoming = models.ForeignKey(Incoming, on_delete=models.CASCADE, related_name="refused_deliveries")
    why = models.CharField(max_length=40, help_text="The reason in one word, such as SignatureWrong.")
    minute = models.DateTimeField(help_text="Its beginning.")
    count = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField("last")
    reason = models.TextField()
    remedy = models.TextField(blank=True)
    status = models.PositiveSmallIntegerField(help_text="What the sender was answered.")
    method = models.CharField(max_length=20)
    size_bytes = models.PositiveBigIntegerField("bytes", null=True, help_text="Empty: the sender didn't say.")
    address = models.CharField("sender's address", max_length=45, blank=True)
    body = models.TextField(blank=True, help_text="Its beginning, secrets masked.")

    class Meta:
        db_table = "route_refused_delivery"
        verbose_name = "refused delivery"
        verbose_name_plural = "refused deliveries"
        ordering = ("-last_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("incoming", "why", "minute"), name="route_refused_delivery_minute"
            ),
        )
        indexes = (models.Index(fields=("incoming", "-last_at"), name="route_refused_newest"),)

    def __str__(self) -> str:
        return f"{self.reason} ({self.count})"
