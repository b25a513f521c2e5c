"""What routes remember: values for placeholders, storages, id maps, what was processed, deliveries taken."""

from __future__ import annotations

from typing import Any, Final

from django.core.validators import RegexValidator
from django.db import models

from mageferry.http.redaction import Secret
from mageferry.hub.routes.models.fields import OrderedJSONField
from mageferry.hub.routes.models.records import CODE, Incoming, Route
from mageferry.hub.security.fields import SecretField

_NAME: Final = RegexValidator(
    r"^[A-Za-z_][A-Za-z0-9_]*$", "Write a name of letters, digits and _, such as erp_branch."
)
LONGEST_KEY: Final = 500


class GlobalValue(models.Model):
    """A value that templates see as `@{globals.NAME}`."""

    name = models.CharField(max_length=60, unique=True, validators=[_NAME])
    description = models.TextField(blank=True, default="")
    is_secret = models.BooleanField(
        "secret", default=False, help_text="Encrypted, and never shown again; leave the value empty then."
    )
    value = OrderedJSONField(default=str, blank=True, help_text="Any JSON; a text in quotes.")
    secret = SecretField(blank=True, default="", editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "route_global"
        verbose_name = "global value"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def at_hand(self) -> Any:
        """What placeholders are filled with."""
        if not self.is_secret:
            return self.value
        return self.secret if isinstance(self.secret, Secret) else Secret(self.secret)


class Storage(models.Model):
    """Named entries of JSON by their keys, for routes to read, to write and to look things up in."""

    name = models.CharField(max_length=100, unique=True)
    code = models.CharField(
        max_length=40, unique=True, validators=[CODE], help_text="How transformers and exports name it."
    )
    description = models.TextField(blank=True, default="")
    lifetime_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of entries that bring none of their own; empty: for ever."
    )

    class Meta:
        db_table = "storage"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class StorageEntry(models.Model):
    """One value. Once it has expired it counts as absent; the scheduler removes it."""

    storage = models.ForeignKey(Storage, on_delete=models.CASCADE, related_name="entries")
    key = models.CharField(max_length=LONGEST_KEY)
    value = OrderedJSONField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "storage_entry"
        verbose_name = "storage entry"
        verbose_name_plural = "storage entries"
        ordering = ("storage", "key")
        constraints = (models.UniqueConstraint(fields=("storage", "key"), name="storage_entry_key_unique"),)
        indexes = (models.Index(fields=("expires_at",), name="storage_entry_expiry"),)

    def __str__(self) -> str:
        return self.key


class IdMapEntry(models.Model):
    """Which id of another system belongs to which of ours, in a map of a name."""

    map = models.CharField(max_length=60)
    local_id = models.CharField(max_length=LONGEST_KEY)
    remote_id = models.CharField(max_length=LONGEST_KEY)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "route_id_map"
        verbose_name = "id map entry"
        verbose_name_plural = "id map entries"
        ordering = ("map", "local_id")
        constraints = (models.UniqueConstraint(fields=("map", "local_id"), name="route_id_map_local_unique"),)
        indexes = (models.Index(fields=("map", "remote_id"), name="route_id_map_remote"),)

    def __str__(self) -> str:
        return f"{self.map}: {self.local_id} = {self.remote_id}"


class Processed(models.Model):
    """How an entity looked when its task of a route was last finished; written together with that."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="processed")
    entity_key = models.CharField(max_length=32, help_text="Digest of the identifier.")
    identifier = models.TextField()
    fingerprint = models.CharField(max_length=64)
    processed_at = models.DateTimeField()

    class Meta:
        db_table = "route_processed"
        verbose_name = "processed entity"
        verbose_name_plural = "processed entities"
        constraints = (
            models.UniqueConstraint(fields=("route", "entity_key"), name="route_processed_entity_unique"),
        )

    def __str__(self) -> str:
        return self.identifier


class TakenDelivery(models.Model):
    """A delivery to a webhook that was taken: it isn't taken again before it is too old to be valid."""

    incoming = models.ForeignKey(Incoming, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    until = models.DateTimeField()

    class Meta:
        db_table = "route_delivery"
        verbose_name = "delivery taken"
        verbose_name_plural = "deliveries taken"
        constraints = (models.UniqueConstraint(fields=("incoming", "key"), name="route_delivery_once"),)
        indexes = (models.Index(fields=("until",), name="route_delivery_until"),)

    def __str__(self) -> str:
        return self.key[:12]
