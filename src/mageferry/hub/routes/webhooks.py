"""Deliveries to webhooks: `/hooks/<code of the incoming>/...`, checked, kept as tasks, and then answered.

kept, in one transaction with the memory of the delivery    2xx, or as the settings say
taken before (take_once)                                    200: an answer got lost, or it is an attack; both end here
refused (secret, signature, method, too old, too large)     as the reason asks for, and a row for a person
the hub can't take it (no route, settings, database)        503: the sender tries again
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from mageferry.http.config import ConfigError
from mageferry.http.subscriber import Entity, EntityError, EntityRules, IncomingError, WrongSettings
from mageferry.http.webhook import (
    Delivery,
    DeliveryRefused,
    Parsed,
    Replayed,
    Reply,
    Webhook,
    answer,
    parse,
    refusal,
)
from mageferry.hub.routes.arrivals import keep
from mageferry.hub.routes.models import Incoming, IncomingType, Route, TakenDelivery
from mageferry.hub.routes.portions import Sorted, sort_items
from mageferry.hub.routes.reach import Reach
from mageferry.hub.routes.refusals import Came, Refusal, note_refusal
from mageferry.hub.routes.runner import routes_of
from mageferry.hub.routes.settings import description_of

log = structlog.stdlib.get_logger(__name__)

SOURCE = "delivery"
_TOO_LARGE = Reply(413, {"Content-Type": "application/json"}, b'{"message":"The delivery is too large"}')
_UNKNOWN = Reply(404, {"Content-Type": "application/json"}, b'{"message":"There is no such address"}')
_TAKEN_BEFORE = Reply(200, {"Content-Type": "application/json"}, b'{"message":"It was taken before"}')
_NOT_NOW = Reply(
    503, {"Content-Type": "application/json", "Retry-After": "60"}, b'{"message":"Try again later"}'
)


class _NotTaken(Exception):
    """The delivery can't be taken for a reason that isn't the sender's."""


class _TooLarge(IncomingError):
    """The delivery has more bytes than the incoming takes."""


@csrf_exempt
def receive(request: HttpRequest, code: str, rest: str = "") -> HttpResponse:
    """A delivery to the incoming of this code."""
    reply = _reply_to(request, code)
    response = HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers))
    # Django would log the path, which may have the secret in it.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _reply_to(request: HttpRequest, code: str) -> Reply:
    incoming = Incoming.objects.filter(code=code, type=IncomingType.WEBHOOK, enabled=True).first()
    if incoming is None:
        return _UNKNOWN
    came = Came.of(request)
    with structlog.contextvars.bound_contextvars(incoming=code), Reach() as reach:
        try:
            return _take(request, incoming, reach, came)
        except (IncomingError, ConfigError, _NotTaken) as error:
            why, reply = type(error).__name__.lstrip("_"), _reply_for(error)
            reason, remedy = _words_of(error)
            note_refusal(incoming, came, Refusal(why, reason, remedy, reply.status), reach)
            return reply
        except DatabaseError as error:
            log.error("A delivery can't be kept", reason=str(error).partition("\n")[0])
    return _NOT_NOW


def _reply_for(error: Exception) -> Reply:
    """What the sender is answered, and a line of the log."""
    match error:
        case Replayed():
            # A sender whose answer was lost sends it again, and would take a refusal for a failure without end.
            log.info("A delivery came again")
            return _TAKEN_BEFORE
        case _TooLarge():
            log.warning("A delivery is too large")
            return _TOO_LARGE
        case DeliveryRefused():
            log.warning("A delivery was refused", reason=type(error).__name__)
            return refusal(error)
        case IncomingError() if not isinstance(error, WrongSettings):
            log.warning("A delivery can't be read", reason=error.message)
            return refusal(error)
    log.error("A delivery can't be taken", reason=_words_of(error)[0])
    return _NOT_NOW


def _words_of(error: Exception) -> tuple[str, str]:
    """The reason and the remedy."""
    if isinstance(error, IncomingError):
        return error.message, error.remedy
    if isinstance(error, ConfigError):
        remedy = " ".join(problem.remedy for problem in error.problems if problem.remedy)
        return "; ".join(str(problem) for problem in error.problems), remedy
    return str(error), "Switch on a route that reads the incoming; the sender tries again."


@dataclass(slots=True)
class _Noted:
    """What is to be remembered of a delivery, once it is kept."""

    key: str = ""
    until: dt.datetime | None = None

    def add(self, key: str, until: dt.datetime, now: dt.datetime) -> bool:
        self.key, self.until = key, until
        return True

    def forget(self, key: str) -> None:
        self.key = ""


def _take(request: HttpRequest, incoming: Incoming, reach: Reach, came: Came) -> Reply:
    noted = _Noted()
    webhook: Webhook = description_of(incoming).build("settings", scope=reach.scope, replays=noted)
    body = _body(request, webhook.body.limits.body_bytes, came)
    came.take_body(body)
    delivery = Delivery(request.method or "", request.get_full_path(), dict(request.headers), body)
    # What makes an entity is looked at behind the input transformers.
    parsed = parse(delivery, replace(webhook, entities=EntityRules()))
    found = sort_items(incoming, _items(parsed), reach, SOURCE)
    reply = answer(webhook, _accepted(parsed, found), reach.scope)
    routes = routes_of(incoming)
    if not routes:
        raise _NotTaken("No route that is switched on takes it.")
    _keep(incoming, routes, found, noted)
    return reply


def _body(request: HttpRequest, most: int, came: Came) -> bytes:
    """The body as it came. Raises _TooLarge when it is larger than this; then the rest isn't even read."""
    if came.size_bytes is None or came.size_bytes <= most:
        body: bytes = request.read(most + 1)
        if len(body) <= most:
            return body
    raise _TooLarge(
        f"The delivery has more than {most:,} bytes",
        remedy="Have the sender put less into one, or raise the limit of the incoming's body.",
    )


def _items(parsed: Parsed) -> list[Any]:
    numbered = [(entity.index, entity.data) for entity in parsed.entities]
    numbered += [(failure.place.entity or 0, failure) for failure in parsed.failures]
    return [item for _, item in sorted(numbered, key=lambda pair: pair[0])]


def _accepted(parsed: Parsed, found: Sorted) -> Parsed:
    """What the answer tells of."""
    accepted = [each for each in found.arrivals if not each.reason]
    refused = [each.reason for each in found.arrivals if each.reason] + found.lost
    return replace(
        parsed,
        entities=tuple(Entity(each.data, each.identifier, each.fingerprint) for each in accepted),
        failures=tuple(EntityError(reason) for reason in refused),
    )


def _keep(incoming: Incoming, routes: list[Route], found: Sorted, noted: _Noted) -> None:
    """Tasks of all routes and the memory of the delivery: all, or nothing. Raises Replayed."""
    with transaction.atomic():
        if noted.until is not None and noted.key:
            _remember(incoming, noted.key, noted.until)
        for route in routes:
            keep(route, found.arrivals)
    for reason in found.lost:
        log.error("An item of a delivery can't be kept", reason=reason)


def _remember(incoming: Incoming, key: str, until: dt.datetime) -> None:
    TakenDelivery.objects.filter(incoming=incoming, key=key, until__lte=timezone.now()).delete()
    _, made = TakenDelivery.objects.get_or_create(incoming=incoming, key=key, defaults={"until": until})
    if not made:
        raise Replayed("The same delivery came before", remedy="Nothing is to be done: it was taken then.")
