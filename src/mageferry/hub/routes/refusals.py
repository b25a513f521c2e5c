"""Deliveries that weren't taken, as rows for a person: one a minute for each reason, however many there are."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from typing import Any, Final, Self

import structlog
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

from mageferry.http.redaction import mask_secrets, redact_body
from mageferry.hub.configuration import configuration
from mageferry.hub.pipelines.journal import storable
from mageferry.hub.routes.models import Incoming, RefusedDelivery
from mageferry.hub.routes.reach import Reach
from mageferry.hub.routes.settings import secrets_of
from mageferry.hub.work.retention import prune_rows

log = structlog.stdlib.get_logger(__name__)

KEEP_DAYS: Final = 30
KEEP_ROWS: Final = 1000
SHOWN_HOURS: Final = 24
LONGEST_BODY: Final = 2000
# More than is shown, so that what is masked makes it no shorter; a flood must not keep the hub busy with masking.
_MASKED_BYTES: Final = 8000


@dataclass(slots=True)
class Came:
    """What is known of a delivery; `body` and its size once it has been read."""

    method: str
    address: str
    content_type: str
    size_bytes: int | None = None
    body: bytes = b""

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """As far as it is known before the body is read."""
        declared = request.headers.get("Content-Length", "")
        size = int(declared) if declared.isdecimal() and len(declared) < 16 else None
        return cls(
            (request.method or "")[:20], _address_of(request), request.headers.get("Content-Type", ""), size
        )

    def take_body(self, body: bytes) -> None:
        self.body, self.size_bytes = body, len(body)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a delivery wasn't taken. `why` is the reason in one word; neither text quotes the delivery."""

    why: str
    reason: str
    remedy: str
    status: int


def note_refusal(incoming: Incoming, came: Came, refusal: Refusal, reach: Reach) -> None:
    """Write it down, or count it with others of the same reason and minute. That it can't be is only logged."""
    now = timezone.now()
    key: dict[str, Any] = {
        "incoming": incoming,
        "why": refusal.why[:40],
        "minute": now.replace(second=0, microsecond=0),
    }
    shown = {
        "last_at": now,
        "reason": storable(reach.masked(refusal.reason)),
        "remedy": refusal.remedy,
        "status": refusal.status,
        "method": came.method,
        "size_bytes": came.size_bytes,
        "address": came.address,
        "body": _shown_body(came, incoming, reach),
    }
    try:
        _count(key, shown)
    except DatabaseError as error:
        log.error("A refused delivery can't be written down", reason=str(error).partition("\n")[0])


def _count(key: dict[str, Any], shown: dict[str, Any]) -> None:
    rows = RefusedDelivery.objects.filter(**key)
    if rows.update(count=F("count") + 1, **shown):
        return
    try:
        with transaction.atomic():
            RefusedDelivery.objects.create(**key, **shown)
    except IntegrityError:
        # Another thread made the row of this minute just now.
        rows.update(count=F("count") + 1, **shown)


def _shown_body(came: Came, incoming: Incoming, reach: Reach) -> str:
    """Masked by the names of its fields, and by every secret that is known here: a sender that is set up wrongly may
    have put one into it."""
    named = redact_body(came.body[:_MASKED_BYTES], came.content_type)
    shown = storable(mask_secrets(reach.masked(named), secrets_of(incoming)))
    if len(shown) <= LONGEST_BODY and len(came.body) <= _MASKED_BYTES:
        return shown
    return f"{shown[:LONGEST_BODY]} ... ({len(came.body):,} bytes)"


def _address_of(request: HttpRequest) -> str:
    """Whom it came from. Behind a proxy that is the last of those it names: the others are told by the sender."""
    direct = request.META.get("REMOTE_ADDR", "")
    named = (
        request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() if configuration().https else ""
    )
    for text in (named, direct):
        try:
            return str(ipaddress.ip_address(text))[:45]
        except ValueError:
            continue
    return ""


def a_day_ago() -> dt.datetime:
    """The moment from which on refusals are shown as new."""
    return timezone.now() - dt.timedelta(hours=SHOWN_HOURS)


def count_refused(rows: QuerySet[RefusedDelivery]) -> int:
    """How many deliveries these rows stand for."""
    return rows.aggregate(all=Sum("count"))["all"] or 0


def prune_refusals() -> int:
    """Remove what is older, or more, than is kept for an incoming; returns how many rows went."""
    return sum(
        prune_rows(RefusedDelivery.objects.filter(incoming=pk), "last_at", days=KEEP_DAYS, most=KEEP_ROWS)
        for pk in RefusedDelivery.objects.order_by().values_list("incoming", flat=True).distinct()
    )
