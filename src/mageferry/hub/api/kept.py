"""A kind of record that is kept as documents, over REST: listed, shown, made, changed and deleted in one way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import Model, ProtectedError, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema, Status
from ninja.pagination import LimitOffsetPagination, paginate
from pydantic import BaseModel

from mageferry.hub.api.access import require
from mageferry.hub.api.shapes import Problem
from mageferry.hub.transfer import Unacceptable

_ROOM: Final = __name__.rpartition(".")[0].replace(".", "_")


class Listed(Schema):
    code: str
    name: str


class StoredShape(Schema):
    """A document as it is stored, and what keeps it from being used."""

    document: dict[str, Any]
    problems: list[str]


class FieldProblemShape(Schema):
    field: str
    message: str


class Refused(Schema):
    message: str
    problems: list[FieldProblemShape]


def stored(status: int, store: Callable[[], Any]) -> Status[Any]:
    """Store a document, whole or not at all; what can't be stored is refused field by field."""
    try:
        with transaction.atomic():
            return Status(status, store())
    except Unacceptable as error:
        problems = [{"field": each.field, "message": each.message} for each in error.problems]
        return Status(422, {"message": "The document can't be stored.", "problems": problems})


def delete_unused(record: Model) -> Status[Any]:
    """Delete a record, unless others use it: those are named."""
    try:
        with transaction.atomic():
            record.delete()
    except ProtectedError as error:
        users = ", ".join(
            sorted({getattr(each, "code", "") or str(each) for each in error.protected_objects})[:20]
        )
        return Status(409, {"message": f"It is used by: {users}. Change them first."})
    return Status(204, None)


@dataclass(frozen=True, slots=True)
class Told:
    """What the API's description says of each operation; without `listed` the list is served elsewhere."""

    shown: str
    made: str
    changed: str
    deleted: str
    listed: str = ""


@dataclass(frozen=True, slots=True)
class KeptKind[Record: Model, Document: BaseModel]:
    """A kind of record that a code names. `name` and `plural` are those of its operations and its address.

    `store` makes (None) or changes a record of a document, raising Unacceptable; `show` is what is answered with, in
    `shape`; `delete` says why not with 409.
    """

    name: str
    plural: str
    model: type[Record]
    document: type[Document]
    store: Callable[[Document, Record | None], Record]
    show: Callable[[Record], Any]
    told: Told
    rows: Callable[[], QuerySet[Record]]
    shape: type[Schema] = StoredShape
    listed_shape: Any = list[Listed]
    delete: Callable[[Record], Status[Any]] = delete_unused

    def allow(self, request: HttpRequest, deed: str) -> None:
        """Raises HttpError (403) when the user may not do it: view, add, change, delete."""
        require(request, f"{self.model._meta.app_label}.{deed}_{self.model._meta.model_name}")

    def find(self, code: str) -> Record:
        """Raises Http404."""
        return get_object_or_404(self.rows(), code=code)


def serve(router: Router, part: str, kind: KeptKind[Any, Any]) -> None:
    """Add the operations of a kind to a router; `part` is the module that the router is of."""
    named = _Named(f"{_ROOM}_{part}", kind.name)
    if kind.told.listed:
        _serve_list(router, named, kind)
    _serve_reading(router, named, kind)
    _serve_writing(router, named, kind)


@dataclass(frozen=True, slots=True)
class _Named:
    """How an operation is described: as a function of this name in that part would be."""

    part: str
    name: str

    def __call__(self, verb: str, description: str, name: str = "") -> dict[str, Any]:
        operation = "_".join(filter(None, (verb, name or self.name)))
        return {
            "operation_id": f"{self.part}_{operation}",
            "summary": operation.replace("_", " ").title(),
            "description": description,
        }


def _serve_list(router: Router, named: _Named, kind: KeptKind[Any, Any]) -> None:
    @router.get(f"/{kind.plural}", response=kind.listed_shape, **named("", kind.told.listed, kind.plural))
    @paginate(LimitOffsetPagination)
    def listed(request: HttpRequest) -> QuerySet[Any]:
        kind.allow(request, "view")
        return kind.rows()


def _serve_reading(router: Router, named: _Named, kind: KeptKind[Any, Any]) -> None:
    @router.get(f"/{kind.plural}/{{code}}", response=kind.shape, **named("", kind.told.shown))
    def shown(request: HttpRequest, code: str) -> Any:
        kind.allow(request, "view")
        return kind.show(kind.find(code))


def _serve_writing(router: Router, named: _Named, kind: KeptKind[Any, Any]) -> None:
    def made(request: HttpRequest, body: Any) -> Status[Any]:
        kind.allow(request, "add")
        return stored(201, lambda: kind.show(kind.store(body, None)))

    def changed(request: HttpRequest, code: str, body: Any) -> Status[Any]:
        kind.allow(request, "change")
        record = get_object_or_404(kind.model, code=code)
        return stored(200, lambda: kind.show(kind.store(body, record)))

    def deleted(request: HttpRequest, code: str) -> Status[Any]:
        kind.allow(request, "delete")
        return kind.delete(get_object_or_404(kind.model, code=code))

    # Ninja reads what a body is from the annotation, which is another one for each kind.
    made.__annotations__["body"] = changed.__annotations__["body"] = kind.document
    told, shape, path = kind.told, kind.shape, f"/{kind.plural}"
    router.post(path, response={201: shape, 422: Refused}, **named("create", told.made))(made)
    router.put(f"{path}/{{code}}", response={200: shape, 422: Refused}, **named("change", told.changed))(
        changed
    )
    router.delete(f"{path}/{{code}}", response={204: None, 409: Problem}, **named("delete", told.deleted))(
        deleted
    )
