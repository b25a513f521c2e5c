"""The hub as an end point over the API: entities of each kind taken in, and told when they have changed."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any, Final

import orjson
from django.db import transaction
from django.http import HttpRequest
from ninja import Body, Field, Query, Router, Schema, Status
from ninja.errors import HttpError

from mageferry.hub.api.access import MAY_READ, MAY_REFUND, MAY_SEE_GOODS, require
from mageferry.hub.api.shipments import MAY_SHIP
from mageferry.hub.exchange import KINDS, Kind, Position, RefusedEntity, UnknownSubject, changes, plan_entity
from mageferry.hub.trade.models import Account

MOST_ENTITIES: Final = 1000
_LONGEST_POSITION: Final = 1_000_000
_TAKING: Final[Mapping[str, tuple[str, ...]]] = {
    "order": ("trade.add_order", "trade.change_order"),
    "order_status": ("trade.change_order",),
    "shipment": (MAY_SHIP,),
    "refund": (MAY_REFUND,),
    "stock": ("trade.add_locationquantity", "trade.change_locationquantity"),
    "product": ("trade.add_product", "trade.change_product"),
}

router = Router(tags=["exchange"])


class KindShape(Schema):
    kind: str
    title: str
    of_account: bool = Field(description="Whether its entities belong to an account.")
    taken: dict[str, Any] = Field(description="JSON Schema of what is taken in.")
    told: dict[str, Any] = Field(description="JSON Schema of what is told.")


class EntityResult(Schema):
    """What became of one entity: created, updated, unchanged, refused, or unknown (what it is about isn't in the hub
    yet: send it again later)."""

    outcome: str
    subject: str = Field("", description="It, in words.")
    id: int | None = Field(None, description="Of its row in the hub.")
    reason: str = Field("", description="Why it was refused, with the place: items[2].quantity ...")
    remedy: str = ""


class EntityResults(Schema):
    """In the order of the entities. Each is taken or refused by itself."""

    results: list[EntityResult]
    refused: int = Field(description="How many of them were not taken.")


class TakingQuery(Schema):
    account: str = Field(
        "", description="Code of the account that they belong to; stock and products need none."
    )
    dry_run: bool = Field(False, description="Only check them: nothing is written.")


class ChangesPage(Schema):
    entities: list[dict[str, Any]]
    position: str = Field(description="Keep it, and give it next time.")
    more: bool = Field(description="There is more: ask again at once.")


class ChangesRequest(Schema):
    account: str = Field("", description="Code of an account; stock and products need none.")
    position: str = Field("", description="As it was given last; empty: from the beginning.")
    limit: int = Field(100, ge=1, le=MOST_ENTITIES)


@router.get("", response=list[KindShape])
def kinds(request: HttpRequest) -> list[dict[str, Any]]:
    """The kinds of entities, with what each takes and tells."""
    require(request, MAY_READ)
    return [
        {
            "kind": kind.name,
            "title": kind.title,
            "of_account": kind.of_account,
            "taken": kind.json_schema,
            "told": kind.given.model_json_schema(),
        }
        for kind in KINDS.values()
    ]


@router.post(
    "/{kind}",
    response={
        200: EntityResults | EntityResult,
        201: EntityResult,
        409: EntityResult,
        422: EntityResult,
    },
)
def take(
    request: HttpRequest,
    kind: str,
    entities: Body[dict[str, Any] | list[Any]],
    wanted: Query[TakingQuery],
) -> Status[Any]:
    """Take entities over. Sending the same again changes nothing.

    One entity: 201 created, 200 updated or unchanged, 422 refused, 409 what it is about isn't in the hub yet. A list:
    200 with a result for each, in their order; those that are refused don't keep the others from being taken.
    """
    found = _kind(kind)
    for permission in _TAKING[kind]:
        require(request, permission)
    owner = _account(found, wanted.account)
    if isinstance(entities, dict):
        result = _take(kind, entities, owner, wanted.dry_run)
        return Status(_STATUSES[result["outcome"]], result)
    if len(entities) > MOST_ENTITIES:
        raise HttpError(413, f"A request has at most {MOST_ENTITIES:,} entities: send several.")
    results = [_take(kind, entity, owner, wanted.dry_run) for entity in entities]
    refused = sum(result["outcome"] in ("refused", "unknown") for result in results)
    return Status(200, {"results": results, "refused": refused})


_STATUSES: Final = {"created": 201, "updated": 200, "unchanged": 200, "refused": 422, "unknown": 409}


def _take(kind: str, entity: Any, account: Account | None, dry_run: bool) -> dict[str, Any]:
    try:
        # Each by itself: what is taken is there, whatever becomes of the next one.
        with transaction.atomic():
            plan = plan_entity(kind, entity, account)
            if dry_run:
                return {"outcome": str(plan.outcome), "subject": plan.subject}
            kept = plan.apply()
    except UnknownSubject as error:
        return {"outcome": "unknown", "reason": error.reason, "remedy": error.remedy}
    except RefusedEntity as error:
        return {"outcome": "refused", "reason": error.reason, "remedy": error.remedy}
    return {"outcome": str(kept.outcome), "subject": kept.subject, "id": kept.pk}


@router.get("/{kind}", response=ChangesPage)
def told(request: HttpRequest, kind: str, wanted: Query[ChangesRequest]) -> dict[str, Any]:
    """Entities that have changed since a position, page by page: complete, and nothing twice while nothing changes."""
    return _tell(request, kind, wanted)


@router.post("/{kind}/changes", response=ChangesPage)
def told_by_body(request: HttpRequest, kind: str, body: ChangesRequest) -> dict[str, Any]:
    """The same as GET, for positions that are too long for an address: they grow while much is being written."""
    return _tell(request, kind, body)


def _tell(request: HttpRequest, kind: str, wanted: ChangesRequest) -> dict[str, Any]:
    found = _kind(kind)
    require(request, MAY_READ if found.of_account else MAY_SEE_GOODS)
    try:
        since = position_of(wanted.position) if wanted.position else None
    except ValueError:
        text = "This isn't a position of the changes. Give it as it was given, or leave it out to begin anew."
        raise HttpError(422, text) from None
    page = changes(kind, _account(found, wanted.account), since, wanted.limit)
    return {"entities": page.entities, "position": text_of(page.position), "more": page.more}


def text_of(position: Position) -> str:
    """A position as a text that fits into an address."""
    packed = zlib.compress(orjson.dumps(position.data()), 9)
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def position_of(text: str) -> Position:
    """The position of a text. Raises ValueError."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        reader = zlib.decompressobj()
        data = reader.decompress(packed, _LONGEST_POSITION)
    except (binascii.Error, zlib.error, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from None
    if reader.unconsumed_tail:
        raise ValueError("It is too long")
    return Position.read(orjson.loads(data))


def _kind(name: str) -> Kind:
    """Raises HttpError (404) naming the kinds there are."""
    if name not in KINDS:
        raise HttpError(404, f"There is no kind of entity {name!r}. The kinds are {', '.join(KINDS)}.")
    return KINDS[name]


def _account(kind: Kind, code: str) -> Account | None:
    """Raises HttpError (422) naming the accounts there are."""
    account = Account.objects.filter(code=code).first() if code else None
    if account is None and (code or kind.of_account):
        known = ", ".join(Account.objects.order_by("code").values_list("code", flat=True)[:50]) or "none yet"
        wrong = (
            f"There is no account {code!r}."
            if code
            else f"An entity of the kind {kind.name} belongs to an account."
        )
        raise HttpError(422, f"{wrong} Give `account` as the code of one. There are: {known}.")
    return account
