"""HTTP clients and authentications over the API: the same documents as in exports, secrets masked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Model, ProtectedError, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from ninja.pagination import LimitOffsetPagination, paginate

from mageferry.hub.api.access import require
from mageferry.hub.api.shapes import Problem
from mageferry.hub.pipelines.descriptions import check_authentication, check_client
from mageferry.hub.pipelines.documents import (
    AuthenticationDocument,
    ClientDocument,
    authentication_document,
    client_document,
    store_authentication,
    store_client,
)
from mageferry.hub.pipelines.models import HttpAuthenticationRecord, HttpClientRecord, HttpRequestRecord
from mageferry.hub.pipelines.trial import METHODS, Call, Outcome, Sent, send_call
from mageferry.hub.transfer import Unacceptable

router = Router(tags=["http"])


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


class CallShape(Schema):
    method: str = "GET"
    path: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    query: dict[str, str] = Field(default_factory=dict)
    body: str = ""


class OutcomeShape(Schema):
    """Everything that was sent, sign-ins too, with secrets masked; the last one is the request itself."""

    sent: list[Sent]
    error: str
    remedy: str
    elapsed_ms: int


class RequestShape(Schema):
    id: int
    sent_at: dt.datetime
    method: str
    url: str
    status: int | None
    elapsed_ms: int
    error: str
    text: str


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


def _authentication(record: HttpAuthenticationRecord) -> dict[str, Any]:
    return {"document": authentication_document(record), "problems": check_authentication(record)}


def _client(record: HttpClientRecord) -> dict[str, Any]:
    return {"document": client_document(record), "problems": check_client(record)}


@router.get("/authentications", response=list[Listed])
@paginate(LimitOffsetPagination)
def authentications(request: HttpRequest) -> QuerySet[HttpAuthenticationRecord]:
    """The stored authentications."""
    require(request, "pipelines.view_httpauthenticationrecord")
    return HttpAuthenticationRecord.objects.all()


@router.get("/authentications/{code}", response=StoredShape)
def authentication(request: HttpRequest, code: str) -> dict[str, Any]:
    """One authentication; stored secrets are shown as ********."""
    require(request, "pipelines.view_httpauthenticationrecord")
    return _authentication(get_object_or_404(HttpAuthenticationRecord, code=code))


@router.post("/authentications", response={201: StoredShape, 422: Refused})
def create_authentication(request: HttpRequest, body: AuthenticationDocument) -> Status[Any]:
    """Store a new authentication."""
    require(request, "pipelines.add_httpauthenticationrecord")
    return stored(201, lambda: _authentication(store_authentication(body, None)))


@router.put("/authentications/{code}", response={200: StoredShape, 422: Refused})
def change_authentication(request: HttpRequest, code: str, body: AuthenticationDocument) -> Status[Any]:
    """Change an authentication. A secret that is left out, or given as ********, stays; an empty one goes."""
    require(request, "pipelines.change_httpauthenticationrecord")
    record = get_object_or_404(HttpAuthenticationRecord, code=code)
    return stored(200, lambda: _authentication(store_authentication(body, record)))


@router.delete("/authentications/{code}", response={204: None, 409: Problem})
def delete_authentication(request: HttpRequest, code: str) -> Status[Any]:
    """Delete an authentication that no client uses."""
    require(request, "pipelines.delete_httpauthenticationrecord")
    return delete_unused(get_object_or_404(HttpAuthenticationRecord, code=code))


@router.get("/clients", response=list[Listed])
@paginate(LimitOffsetPagination)
def clients(request: HttpRequest) -> QuerySet[HttpClientRecord]:
    """The HTTP clients."""
    require(request, "pipelines.view_httpclientrecord")
    return HttpClientRecord.objects.all()


@router.get("/clients/{code}", response=StoredShape)
def client(request: HttpRequest, code: str) -> dict[str, Any]:
    """One client; stored secrets are shown as ********."""
    require(request, "pipelines.view_httpclientrecord")
    return _client(get_object_or_404(HttpClientRecord, code=code))


@router.post("/clients", response={201: StoredShape, 422: Refused})
def create_client(request: HttpRequest, body: ClientDocument) -> Status[Any]:
    """Store a new client."""
    require(request, "pipelines.add_httpclientrecord")
    return stored(201, lambda: _client(store_client(body, None)))


@router.put("/clients/{code}", response={200: StoredShape, 422: Refused})
def change_client(request: HttpRequest, code: str, body: ClientDocument) -> Status[Any]:
    """Change a client. Secrets of a plugin stay with the next plugin of the same type."""
    require(request, "pipelines.change_httpclientrecord")
    record = get_object_or_404(HttpClientRecord, code=code)
    return stored(200, lambda: _client(store_client(body, record)))


@router.delete("/clients/{code}", response={204: None, 409: Problem})
def delete_client(request: HttpRequest, code: str) -> Status[Any]:
    """Delete a client with its requests, unless an incoming or outgoing uses it."""
    require(request, "pipelines.delete_httpclientrecord")
    return delete_unused(get_object_or_404(HttpClientRecord, code=code))


@router.post("/clients/{code}/test", response={200: OutcomeShape, 422: Problem})
def try_client(request: HttpRequest, code: str, body: CallShape) -> Status[Any]:
    """Send one request for real through the client."""
    require(request, "pipelines.change_httpclientrecord")
    record = get_object_or_404(HttpClientRecord, code=code)
    if body.method.upper() not in METHODS:
        return Status(422, {"message": f"The method is one of {', '.join(METHODS)}."})
    outcome: Outcome = send_call(record, Call(**body.model_dump()))
    return Status(200, outcome)


@router.get("/clients/{code}/requests", response=list[RequestShape])
@paginate(LimitOffsetPagination)
def requests(
    request: HttpRequest, code: str, text: str = "", method: str = "", status: int | None = None
) -> QuerySet[HttpRequestRecord]:
    """What the client sent and got back, the newest first."""
    require(request, "pipelines.view_httprequestrecord")
    found = HttpRequestRecord.objects.filter(client=get_object_or_404(HttpClientRecord, code=code))
    if text:
        found = found.filter(text__icontains=text)
    if method:
        found = found.filter(method=method.upper())
    return found if status is None else found.filter(status=status)
