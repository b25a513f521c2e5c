"""From a delivery to entities: secret, signature and replay first, then the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mageferry.http.subscriber.entities import Entity, EntityReader, EntityRules, ItemsPattern
from mageferry.http.subscriber.errors import (
    EntityError,
    MethodRefused,
    Replayed,
    TooLarge,
    UnreadableAnswer,
    WrongSettings,
)
from mageferry.http.subscriber.formats import AnswerFormat, Format, Rows, decode
from mageferry.http.subscriber.together import together_at_once
from mageferry.http.webhook.answers import AnswerTemplate
from mageferry.http.webhook.delivery import Delivery
from mageferry.http.webhook.replays import Replays
from mageferry.http.webhook.secrets import SharedSecret, Where
from mageferry.http.webhook.signatures import Signature


@dataclass(frozen=True, slots=True)
class Webhook:
    """What is taken, and how it is read.

    One of `secret` and `signature` is needed, unless `open_to_all`. `replays`: takes every delivery once; it needs a
    signature. Without a signed timestamp a delivery is remembered for `remember_seconds`.
    """

    secret: SharedSecret | None = None
    signature: Signature | None = None
    open_to_all: bool = False
    replays: Replays | None = None
    remember_seconds: float = 86_400.0
    methods: tuple[str, ...] = ("POST",)
    body: AnswerFormat = field(default_factory=lambda: AnswerFormat(Format.AUTO))
    items: ItemsPattern = field(default_factory=ItemsPattern)
    entities: EntityRules = field(default_factory=EntityRules)
    reply: AnswerTemplate = field(default_factory=AnswerTemplate)

    def __post_init__(self) -> None:
        if self.secret is None and self.signature is None and not self.open_to_all:
            raise WrongSettings(
                "signature",
                "neither a signature nor a shared secret is asked for",
                remedy="Choose one, or say open_to_all: anybody may send then.",
            )
        if self.replays is not None and self.signature is None:
            raise WrongSettings(
                "replays", "needs a signature", remedy="Without one nothing tells one delivery from another."
            )
        if not self.methods or any(method != method.upper() for method in self.methods):
            raise WrongSettings("methods", "are names such as POST, in capitals")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A delivery that was taken. `failures`: entities that cannot be used. `document`: the body as data, None for
    a table. `replay_key`: give it to `Replays.forget` when processing fails and the sender is to send again."""

    entities: tuple[Entity, ...]
    failures: tuple[EntityError, ...]
    document: Any
    query: dict[str, str]
    replay_key: str = ""


def parse(delivery: Delivery, webhook: Webhook, now: datetime | None = None) -> Parsed:
    """Check and read a delivery. Raises DeliveryRefused, and UnreadableAnswer or NothingFound for its body."""
    if delivery.method.upper() not in webhook.methods:
        raise MethodRefused(
            f"{delivery.method[:20]} is not taken, only {', '.join(webhook.methods)}",
            remedy="Have the sender use another method.",
        )
    if len(delivery.body) > webhook.body.limits.body_bytes:
        raise TooLarge(
            f"The delivery is larger than {webhook.body.limits.body_bytes:,} bytes",
            remedy="Raise limits.body_bytes, if that is meant.",
        )
    key = _verified(delivery, webhook, now or datetime.now(UTC))
    secret = webhook.secret
    query = delivery.query(without=secret.name if secret and secret.where is Where.QUERY else "")
    try:
        document, items = _read(delivery, webhook, query)
        entities, failures = _entities(items, EntityReader(webhook.entities))
    except Exception:
        # Not taken: when it is sent again, mended settings may read it.
        if key and webhook.replays is not None:
            webhook.replays.forget(key)
        raise
    return Parsed(entities, failures, document, query, key)


def _verified(delivery: Delivery, webhook: Webhook, now: datetime) -> str:
    """The key of the delivery, if replays are guarded. Raises DeliveryRefused."""
    if webhook.secret is not None:
        webhook.secret.check(delivery)
    if webhook.signature is None:
        return ""
    verified = webhook.signature.verify(delivery, now)
    if webhook.replays is None:
        return ""
    if verified.signed_at is None:
        until = now + timedelta(seconds=webhook.remember_seconds)
    else:
        until = verified.signed_at + timedelta(seconds=webhook.signature.tolerance_seconds + 1)
    if not webhook.replays.add(verified.digest, until, now):
        raise Replayed("The same delivery came before", remedy="Nothing is to be done: it was taken then.")
    return verified.digest


def _read(delivery: Delivery, webhook: Webhook, query: dict[str, str]) -> tuple[Any, Sequence[Any]]:
    if not delivery.body.strip() and delivery.method.upper() == "GET":
        items, _ = webhook.items.find(query)
        return query, items
    if (delivery.header("content-encoding") or "identity").lower() != "identity":
        raise UnreadableAnswer(
            "The body of the delivery is compressed", remedy="Have the sender send it as it is."
        )
    decoded = decode(delivery.body, delivery.header("content-type") or "", webhook.body)
    if isinstance(decoded, Rows):
        return None, together_at_once(decoded.rows, webhook.items.by)
    items, _ = webhook.items.find(decoded.data)
    webhook.body.limits.check_items(len(items))
    return decoded.data, together_at_once(items, webhook.items.by)


def _entities(
    items: Sequence[Any], reader: EntityReader
) -> tuple[tuple[Entity, ...], tuple[EntityError, ...]]:
    entities: list[Entity] = []
    failures: list[EntityError] = []
    for index, item in enumerate(items, 1):
        try:
            if isinstance(item, EntityError):
                raise item
            entities.append(reader.read(item, index=index, number=index))
        except EntityError as error:
            error.data = error.data if error is item else item
            failures.append(error.at(entity=index))
    return tuple(entities), tuple(failures)
