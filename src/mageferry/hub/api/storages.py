"""What routes remember, over the API: storages with their entries, id maps, global values."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status
from ninja.pagination import LimitOffsetPagination, paginate
from pydantic import StringConstraints

from mageferry.http.redaction import Secret
from mageferry.hub.api.access import require
from mageferry.hub.api.kept import KeptKind, Refused, Told, serve, stored
from mageferry.hub.api.shapes import Problem
from mageferry.hub.routes.id_maps import put_id
from mageferry.hub.routes.models import GlobalValue, IdMapEntry, Storage
from mageferry.hub.routes.models.memory import LONGEST_KEY
from mageferry.hub.routes.plain import NotStorable, plain
from mageferry.hub.routes.searching import contains
from mageferry.hub.routes.storages import live_entries, put_value, remove_value
from mageferry.hub.transfer import save_checked

router = Router(tags=["storages"])
Id = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_KEY, pattern=r"^[^\x00]+$")]


class StorageShape(Schema):
    code: str = Field(max_length=40, description="How transformers and exports name it.")
    name: str = Field(max_length=100)
    description: str = ""
    lifetime_seconds: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Of entries that bring none of their own; null: for ever."
    )


class EntryShape(Schema):
    key: str
    value: Any
    expires_at: dt.datetime | None = Field(description="Null: never.")
    updated_at: dt.datetime


class EntryPage(Schema):
    items: list[EntryShape]
    next: str | None = Field(description="Give it as `after` to read on; null at the end.")


class _PageQuery(Schema):
    after: str = Field("", description="`next` of the page before.")
    limit: int = Field(100, ge=1, le=1000)


class EntryQuery(_PageQuery):
    text: str = Field("", description="Part of the key.")


class IdQuery(_PageQuery):
    remote_id: str = Field("", description="Only what belongs to this id of the other system.")


class NewEntry(Schema):
    value: Any = Field(description="Any JSON.")
    lifetime_seconds: int | None = Field(
        None, ge=1, le=2**31 - 1, description="That of the storage if it isn't given."
    )


class IdMapShape(Schema):
    map: str
    entries: int


class IdShape(Schema):
    map: str
    local_id: str
    remote_id: str
    updated_at: dt.datetime


class IdPage(Schema):
    items: list[IdShape]
    next: str | None = Field(description="Give it as `after` to read on; null at the end.")


class NewId(Schema):
    remote_id: Id


class GlobalShape(Schema):
    """A value that templates see as `@{globals.NAME}`. That of a secret one is never told."""

    name: str
    description: str
    is_secret: bool
    value: Any = Field(description="Null for a secret one.")
    is_set: bool = Field(description="Whether a secret one has been entered.")
    updated_at: dt.datetime

    @staticmethod
    def resolve_value(row: GlobalValue) -> Any:
        return None if row.is_secret else row.value

    @staticmethod
    def resolve_is_set(row: GlobalValue) -> bool:
        return bool(row.secret) if row.is_secret else True


class NewGlobal(Schema):
    description: str | None = Field(None, description="What isn't given stays.")
    is_secret: bool = Field(False, description="Encrypted, and never told again. A secret one stays secret.")
    value: Any = Field(None, description="Any JSON; of a secret one a text, and what isn't given stays.")


def _store(body: StorageShape, record: Storage | None) -> Storage:
    found = record or Storage()
    for name, value in body.dict().items():
        setattr(found, name, value)
    return save_checked(found)


serve(
    router,
    "storages",
    KeptKind(
        "storage",
        "storages",
        Storage,
        StorageShape,
        _store,
        lambda record: record,
        Told(
            "One storage.",
            "Make a storage.",
            "Change a storage; its entries stay as they are.",
            "Delete a storage with its entries, unless an incoming or outgoing uses it.",
            listed="The storages.",
        ),
        Storage.objects.all,
        shape=StorageShape,
        listed_shape=list[StorageShape],
    ),
)


@router.get("/storages/{code}/entries", response=EntryPage)
def entries(request: HttpRequest, code: str, wanted: Query[EntryQuery]) -> dict[str, Any]:
    """Entries that haven't expired, by key, a page at a time."""
    require(request, "routes.view_storageentry")
    rows = live_entries(get_object_or_404(Storage, code=code)).order_by("key")
    if wanted.text:
        rows = rows.filter(contains("key", wanted.text))
    rows, limit = rows.filter(key__gt=wanted.after), wanted.limit
    found = list(rows[: limit + 1])
    return {"items": found[:limit], "next": found[limit - 1].key if len(found) > limit else None}


@router.get("/storages/{code}/entries/{path:key}", response={200: EntryShape, 404: Problem})
def entry(request: HttpRequest, code: str, key: str) -> Status[Any]:
    """One entry. What has expired isn't there."""
    require(request, "routes.view_storageentry")
    found = live_entries(get_object_or_404(Storage, code=code)).filter(key=key).first()
    return (
        Status(200, found)
        if found is not None
        else Status(404, {"message": "There is nothing under this key."})
    )


@router.put("/storages/{code}/entries/{path:key}", response={200: EntryShape, 422: Problem})
def put_entry(request: HttpRequest, code: str, key: str, body: NewEntry) -> Status[Any]:
    """Store a value, in place of what is there."""
    require(request, "routes.change_storageentry")
    try:
        kept = put_value(get_object_or_404(Storage, code=code), key, plain(body.value), body.lifetime_seconds)
    except NotStorable as error:
        return Status(422, {"message": f"The value can't be kept: {error}."})
    except ValueError as error:
        return Status(422, {"message": f"It can't be stored: {error}."})
    return Status(200, kept)


@router.delete("/storages/{code}/entries/{path:key}", response={204: None, 404: Problem})
def remove_entry(request: HttpRequest, code: str, key: str) -> Status[Any]:
    """Take an entry away."""
    require(request, "routes.delete_storageentry")
    if not remove_value(get_object_or_404(Storage, code=code), key):
        return Status(404, {"message": "There is nothing under this key."})
    return Status(204, None)


@router.get("/id-maps", response=list[IdMapShape])
def id_maps(request: HttpRequest) -> list[dict[str, Any]]:
    """The id maps: which id of another system belongs to which of ours."""
    require(request, "routes.view_idmapentry")
    counts = IdMapEntry.objects.order_by("map").values_list("map").annotate(Count("pk"))
    return [{"map": name, "entries": count} for name, count in counts]


@router.get("/id-maps/{name}", response=IdPage)
def ids(request: HttpRequest, name: str, wanted: Query[IdQuery]) -> dict[str, Any]:
    """The ids of a map, by our own id, a page at a time."""
    require(request, "routes.view_idmapentry")
    rows = IdMapEntry.objects.filter(map=name).order_by("local_id")
    if wanted.remote_id:
        rows = rows.filter(remote_id=wanted.remote_id)
    rows, limit = rows.filter(local_id__gt=wanted.after), wanted.limit
    found = list(rows[: limit + 1])
    return {"items": found[:limit], "next": found[limit - 1].local_id if len(found) > limit else None}


@router.get("/id-maps/{name}/{path:local_id}", response=IdShape)
def remote_id(request: HttpRequest, name: str, local_id: str) -> IdMapEntry:
    """Which id belongs to one of ours."""
    require(request, "routes.view_idmapentry")
    return get_object_or_404(IdMapEntry, map=name, local_id=local_id)


@router.put("/id-maps/{name}/{path:local_id}", response={200: IdShape, 422: Problem})
def put_remote_id(request: HttpRequest, name: str, local_id: str, body: NewId) -> Status[Any]:
    """Say which id belongs to one of ours, in place of what is there."""
    require(request, "routes.change_idmapentry")
    if len(name) > 60 or len(local_id) > LONGEST_KEY or "\0" in name + local_id:
        return Status(
            422, {"message": f"A map has a name of up to 60 characters, an id up to {LONGEST_KEY}."}
        )
    put_id(name, local_id, body.remote_id)
    return Status(200, IdMapEntry.objects.get(map=name, local_id=local_id))


@router.delete("/id-maps/{name}/{path:local_id}", response={204: None})
def remove_remote_id(request: HttpRequest, name: str, local_id: str) -> Status[Any]:
    """Forget an id: a chain that reads it makes the other one anew."""
    require(request, "routes.delete_idmapentry")
    get_object_or_404(IdMapEntry, map=name, local_id=local_id).delete()
    return Status(204, None)


@router.get("/globals", response=list[GlobalShape])
@paginate(LimitOffsetPagination)
def global_values(request: HttpRequest) -> QuerySet[GlobalValue]:
    """The global values; those of secret ones are never told."""
    require(request, "routes.view_globalvalue")
    return GlobalValue.objects.all()


@router.get("/globals/{name}", response=GlobalShape)
def global_value(request: HttpRequest, name: str) -> GlobalValue:
    """One global value."""
    require(request, "routes.view_globalvalue")
    return get_object_or_404(GlobalValue, name=name)


@router.put("/globals/{name}", response={200: GlobalShape, 201: GlobalShape, 422: Refused})
def put_global(request: HttpRequest, name: str, body: NewGlobal) -> Status[Any]:
    """Make a global value (201), or change it. A secret one can't be made plain: delete it and make another."""
    row = GlobalValue.objects.filter(name=name).first()
    require(request, f"routes.{'add' if row is None else 'change'}_globalvalue")
    made = row is None
    row = row or GlobalValue(name=name)
    if body.description is not None:
        row.description = body.description
    row.is_secret = row.is_secret or body.is_secret
    return _keep_global(row, body, 201 if made else 200)


def _keep_global(row: GlobalValue, body: NewGlobal, status: int) -> Status[Any]:
    if row.is_secret:
        if body.value is not None and not isinstance(body.value, str):
            return _refused("value", "a secret is a text.")
        if body.value:
            row.secret = Secret(body.value)
        if not row.secret:
            return _refused("value", "enter the secret.")
        row.value = ""
    elif "value" in body.model_fields_set:
        if body.value is None:
            return _refused("value", "null is no value: delete it instead.")
        try:
            row.value = plain(body.value)
        except NotStorable as error:
            return _refused("value", f"{error}.")
    return stored(status, lambda: save_checked(row))


def _refused(field: str, message: str) -> Status[Any]:
    problems = [{"field": field, "message": message}]
    return Status(422, {"message": "The value can't be stored.", "problems": problems})


@router.delete("/globals/{name}", response={204: None})
def remove_global(request: HttpRequest, name: str) -> Status[Any]:
    """Delete a global value; what names it fails then."""
    require(request, "routes.delete_globalvalue")
    get_object_or_404(GlobalValue, name=name).delete()
    return Status(204, None)
