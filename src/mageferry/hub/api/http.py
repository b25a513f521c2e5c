"""HTTP clients and authentications over the API: the same documents as in exports, secrets masked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from ninja.pagination import LimitOffsetPagination, paginate

from mageferry.hub.api.access import require
from mageferry.hub.api.kept import KeptKind, Told, serve
from mageferry.hub.api.shapes import ExchangeShape, Problem
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
from mageferry.hub.pipelines.trial import METHODS, Call, Outcome, send_call

router = Router(tags=["http"])


class CallShape(Schema):
    method: str = "GET"
    path: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    query: dict[str, str] = Field(default_factory=dict)
    body: str = ""


class OutcomeShape(Schema):
    """Everything that was sent, sign-ins too, with secrets masked; the last one is the request itself."""

    sent: list[ExchangeShape]
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


def _authentication(record: HttpAuthenticationRecord) -> dict[str, Any]:
    return {"document": authentication_document(record), "problems": check_authentication(record)}


def _client(record: HttpClientRecord) -> dict[str, Any]:
    return {"document": client_document(record), "problems": check_client(record)}


serve(
    router,
    "http",
    KeptKind(
        "authentication",
        "authentications",
        HttpAuthenticationRecord,
        AuthenticationDocument,
        store_authentication,
        _authentication,
        Told(
            "One authentication; stored secrets are shown as ********.",
            "Store a new authentication.",
            "Change an authentication. A secret that is left out, or given as ********, stays; an empty one goes.",
            "Delete an authentication that no client uses.",
            listed="The stored authentications.",
        ),
        HttpAuthenticationRecord.objects.all,
    ),
)
serve(
    router,
    "http",
    KeptKind(
        "client",
        "clients",
        HttpClientRecord,
        ClientDocument,
        store_client,
        _client,
        Told(
            "One client; stored secrets are shown as ********.",
            "Store a new client.",
            "Change a client. Secrets of a plugin stay with the next plugin of the same type.",
            "Delete a client with its requests, unless an incoming or outgoing uses it.",
            listed="The HTTP clients.",
        ),
        HttpClientRecord.objects.all,
    ),
)


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
