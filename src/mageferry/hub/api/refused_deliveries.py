"""Deliveries to webhooks that weren't taken, over the API."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema
from ninja.pagination import LimitOffsetPagination, paginate

from mageferry.hub.api.access import require
from mageferry.hub.routes.models import Incoming, RefusedDelivery

router = Router(tags=["routes"])


class RefusalShape(Schema):
    """Deliveries that weren't taken for one reason within one minute, and what is known of the last one."""

    last_at: dt.datetime
    count: int
    why: str = Field(description="The reason in one word, such as SignatureWrong.")
    reason: str
    remedy: str
    status: int = Field(description="What the sender was answered.")
    method: str
    size_bytes: int | None
    address: str = Field(description="The sender's.")
    body: str = Field(description="Its beginning, secrets masked.")


@router.get("/incomings/{code}/refusals", response=list[RefusalShape])
@paginate(LimitOffsetPagination)
def refusals(request: HttpRequest, code: str) -> QuerySet[RefusedDelivery]:
    """Deliveries to a webhook that weren't taken, the newest first."""
    require(request, "routes.view_refuseddelivery")
    return RefusedDelivery.objects.filter(incoming=get_object_or_404(Incoming, code=code))
