"""Routes and what belongs to them as lines of an export. `kind` is what the line is about, `type` that of an
incoming or outgoing.

A stored secret is shown as the mask. A secret that a document leaves out, or has as the mask, stays as it is stored.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from mageferry.http.redaction import MASK
from mageferry.hub.routes.documents import RouteDocument, route_document
from mageferry.hub.routes.models import (
    GlobalValue,
    Incoming,
    Outgoing,
    Route,
    Storage,
    StorageEntry,
)
from mageferry.hub.routes.schedules import CRON, schedule_of

_END: Final = ("code", "name", "description", "enabled")
SCHEDULE_FIELDS: Final = ("cron", "time_zone", "spread_seconds", "paused")


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class EndDocument(_Document):
    """An incoming or outgoing. Client, storage and account are codes."""

    code: str
    name: str
    description: str = ""
    enabled: bool = True
    type: str
    client: str | None = None
    storage: str | None = None
    account: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)


class IncomingDocument(EndDocument):
    """An incoming, with its input transformers."""

    transformers: list[Any] = Field(default_factory=list)


class ScheduleDocument(_Document):
    """When a route runs."""

    cron: str = CRON
    time_zone: str = "UTC"
    spread_seconds: int = Field(300, ge=0)
    paused: bool = False


class RouteLine(RouteDocument):
    """A route with its schedule; without one the schedule that there is stays."""

    schedule: ScheduleDocument | None = None


class GlobalDocument(_Document):
    """A global value; a secret one's `value` is the secret."""

    name: str
    description: str = ""
    is_secret: bool = False
    value: Any = ""


class StorageDocument(_Document):
    """A storage, without its entries."""

    code: str
    name: str
    description: str = ""
    lifetime_seconds: int | None = None


class EntryDocument(_Document):
    """An entry of the storage of this code."""

    storage: str
    key: str
    value: Any = None
    expires_at: dt.datetime | None = None


def end_document(record: Incoming | Outgoing) -> dict[str, Any]:
    """The document of an incoming or outgoing."""
    found = {
        **{name: getattr(record, name) for name in _END},
        "type": record.type,
        "client": record.client.code if record.client is not None else None,
        "storage": record.storage.code if record.storage is not None else None,
        "account": record.account.code if record.account is not None else None,
        "settings": record.settings,
    }
    return {**found, "transformers": record.transformers} if isinstance(record, Incoming) else found


def route_line(record: Route) -> dict[str, Any]:
    """A route's document with its schedule, if it has one already."""
    schedule = schedule_of(record)
    shown = {name: getattr(schedule, name) for name in SCHEDULE_FIELDS} if schedule else None
    return {**route_document(record), "schedule": shown}


def global_document(record: GlobalValue) -> dict[str, Any]:
    """The document of a global value."""
    found = {"name": record.name, "description": record.description, "is_secret": record.is_secret}
    if not record.is_secret:
        return {**found, "value": record.value}
    return {**found, "value": MASK} if record.secret else found


def storage_document(record: Storage) -> dict[str, Any]:
    """The document of a storage."""
    return {name: getattr(record, name) for name in StorageDocument.model_fields}


def entry_document(record: StorageEntry) -> dict[str, Any]:
    """The document of an entry."""
    return {
        "storage": record.storage.code,
        "key": record.key,
        "value": record.value,
        "expires_at": record.expires_at,
    }
