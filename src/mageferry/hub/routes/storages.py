"""Storages: values by their keys, with a lifetime. What has expired is absent, whether it was removed yet or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from mageferry.hub.routes.models import Storage, StorageEntry
from mageferry.hub.routes.models.memory import LONGEST_KEY
from mageferry.hub.routes.searching import contains

_AT_ONCE = 500


def storage_named(code: str) -> Storage:
    """Raises LookupError naming those there are."""
    found = Storage.objects.filter(code=code).first()
    if found is None:
        known = ", ".join(Storage.objects.values_list("code", flat=True)) or "none yet"
        raise LookupError(f"there is no storage {code!r}; there are: {known}")
    return found


def live_entries(storage: Storage) -> QuerySet[StorageEntry]:
    """The entries that haven't expired."""
    return storage.entries.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))


def get_value(storage: Storage, key: str) -> Any:
    """The value, None when there is none."""
    return live_entries(storage).filter(key=key).values_list("value", flat=True).first()


def check_key(key: str) -> str:
    """The key itself. Raises ValueError for one that can't be stored."""
    if not key or len(key) > LONGEST_KEY or "\0" in key:
        raise ValueError(f"a key of a storage is a text of 1 to {LONGEST_KEY} characters")
    return key


def put_value(storage: Storage, key: str, value: Any, lifetime_seconds: float | None = None) -> StorageEntry:
    """Store a value, in place of what was there. Without a lifetime the storage's own holds. Raises ValueError."""
    seconds = lifetime_seconds if lifetime_seconds is not None else storage.lifetime_seconds
    expires_at = timezone.now() + dt.timedelta(seconds=seconds) if seconds is not None else None
    entry, _ = StorageEntry.objects.update_or_create(
        storage=storage, key=check_key(key), defaults={"value": value, "expires_at": expires_at}
    )
    return entry


def remove_value(storage: Storage, key: str) -> bool:
    """Take a value away. False: there was none."""
    return bool(storage.entries.filter(key=key).delete()[0])


def find_entries(storage: Storage, text: str = "", limit: int = 100) -> list[StorageEntry]:
    """The first live entries, by key; with a text those that have it in their key."""
    entries = live_entries(storage)
    if text:
        entries = entries.filter(contains("key", text))
    return list(entries.order_by("key")[:limit])


def read_all(storage: Storage, at_once: int = _AT_ONCE) -> Iterator[list[StorageEntry]]:
    """All live entries, by key, in portions; what is written meanwhile shifts nothing."""
    last = ""
    while True:
        rows = live_entries(storage).order_by("key")
        portion = list(rows.filter(key__gt=last)[:at_once] if last else rows[:at_once])
        if not portion:
            return
        yield portion
        last = portion[-1].key


def prune_entries() -> int:
    """Remove what has expired; returns how many."""
    return StorageEntry.objects.filter(expires_at__lte=timezone.now()).delete()[0]


class DatabaseStorage:
    """Storages as transformers look into them."""

    def get(self, storage: str, key: str) -> Any:
        """The value, None when there is none. Raises LookupError for a storage that there isn't."""
        return get_value(storage_named(storage), key)
