"""A webhook as data: what users enter, checked where it enters, each problem with its field.

webhook = WebhookDescription.parse({
    "signature": {"secret": "${SENDER_KEY}", "header": "X-Hub-Signature-256", "prefix": "sha256="},
    "items": {"pattern": "orders"},
    "entities": {"identifier": ["id"]},
    "reply": {"status": 202, "body": {"taken": "&{accepted}"}},
}).build(scope=Scope(environment={"SENDER_KEY": Secret("...")}))
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, model_validator

from mageferry.http.config import ConfigError, Description, Problem, Unfit
from mageferry.http.config.fields import NeededSecret, OptionalSecret, Structure, Texts, needed, option
from mageferry.http.config.tools import fill_secret
from mageferry.http.config.validation import validate
from mageferry.http.placeholders import Scope, Template
from mageferry.http.redaction import Secret
from mageferry.http.subscriber.described import EntityDescription, ItemsDescription
from mageferry.http.subscriber.fitting import SettingsDescription, fitting
from mageferry.http.subscriber.formats.described import FormatDescription
from mageferry.http.webhook.answers import AnswerTemplate
from mageferry.http.webhook.parsing import Webhook
from mageferry.http.webhook.replays import MemoryReplays, Replays
from mageferry.http.webhook.secrets import SharedSecret, Where
from mageferry.http.webhook.signatures import ALGORITHMS, Encoding, Signature

_NOTHING = Secret("")
# Long enough, and right as text, hex and base64.
_ANY = Secret("0" * 64)
_NAMES = {"secret.secrets": "secret.secret", "signature.secrets": "signature.secret", "replays": "take_once"}


class _KnowsSecret(SettingsDescription):
    """What sender and receiver both know."""

    names = _NAMES

    secret: NeededSecret = needed("Secret")
    previous: OptionalSecret = option(
        _NOTHING, "Previous secret", "Still taken, until the sender has changed to the other one."
    )

    def known(self, scope: Scope | None, path: str) -> tuple[Secret, ...]:
        """Both with their placeholders filled; without a scope any others for those that have some."""
        names = {"secret": self.secret, "previous": self.previous}
        return tuple(_filled(value, scope, f"{path}.{name}") for name, value in names.items() if value)


def _filled(secret: Secret, scope: Scope | None, path: str) -> Secret:
    if scope is not None:
        return fill_secret(secret, path, scope)
    return _ANY if Template.parse(secret.reveal(), path).placeholders else secret


class SharedSecretDescription(_KnowsSecret):
    """A secret that the sender sends along as it is."""

    place = "secret"

    where: Where = option(Where.HEADER, "Where", "As the last part of the path, in a header or in the query.")
    name: str = option("", "Name", "Of the header or parameter.")
    prefix: str = option("", "Prefix", "What stands before it in the header, such as Bearer and a blank.")

    def build(self, scope: Scope | None = None, path: str = "") -> SharedSecret:
        """The secret itself; without a scope for a check. Raises WrongSettings and ConfigError."""
        return SharedSecret(self.known(scope, path), self.where, self.name, self.prefix)


class SignatureDescription(_KnowsSecret):
    """An HMAC signature over what is sent."""

    place = "signature"

    header: str = option("X-Signature", "Header", min_length=1)
    algorithm: str = option("sha256", "Algorithm", f"One of {', '.join(ALGORITHMS)}.")
    encoding: Encoding = option(Encoding.HEX, "Encoding", "Of the signature: hex or base64.")
    prefix: str = option("", "Prefix", "Of the signature in the header, such as sha256=.")
    signed: str = option("{body}", "What is signed", "Of {body}, {timestamp}, {id}: {timestamp}.{body}.")
    timestamp: str = option("", "Header of the timestamp", "Empty: none is signed, or it is in a field.")
    identifier: str = option("", "Header of the id", "Of the delivery; empty: none is signed.")
    signature_field: str = option(
        "", "Field of the signature", "When the header is a list such as t=1700000000,v1=5257."
    )
    timestamp_field: str = option("", "Field of the timestamp", "In the same list.")
    key_encoding: Encoding = option(Encoding.TEXT, "Encoding of the secret")
    tolerance_seconds: float = option(
        300.0, "Replay window (seconds)", "How far the signed timestamp may be off.", gt=0, le=86_400
    )

    def build(self, scope: Scope | None = None, path: str = "") -> Signature:
        """The signature itself; without a scope for a check. Raises WrongSettings and ConfigError."""
        options = {name: value for name, value in self if name not in _KnowsSecret.model_fields}
        return Signature(self.known(scope, path), **options)


class ReplyDescription(Description):
    """What the sender is answered."""

    status: int = option(200, "Status", ge=200, le=599)
    headers: Texts = option(dict, "Headers")
    body: Structure = option(
        None, "Body", "A text, or JSON: over body, query, accepted, failed and identifiers of the delivery."
    )

    def build(self) -> AnswerTemplate:
        return AnswerTemplate(**dict(self))


def _check_method(name: str) -> str:
    if not (name.isascii() and name.isalpha() and name.isupper()):
        raise ValueError("is a name in capitals, such as POST")
    return name


class WebhookDescription(Description):
    """A webhook: who may deliver, how deliveries are read, and what is answered."""

    secret: SharedSecretDescription | None = option(None, "Shared secret", "For senders that cannot sign.")
    signature: SignatureDescription | None = option(None, "Signature")
    open_to_all: bool = option(False, "Open to all", "Neither secret nor signature: anybody may send.")
    take_once: bool = option(False, "Take each delivery once", "It needs a signature.")
    remember_seconds: float = option(
        86_400.0, "Remembered (seconds)", "A delivery without a signed timestamp.", gt=0, le=31_622_400
    )
    methods: tuple[Annotated[str, AfterValidator(_check_method)], ...] = option(
        ("POST",), "Methods", min_length=1
    )
    body: FormatDescription = option(FormatDescription, "Body")
    items: ItemsDescription = option(ItemsDescription, "Items")
    entities: EntityDescription = option(EntityDescription, "Entities")
    reply: ReplyDescription = option(ReplyDescription, "Answer")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        with fitting("", _NAMES):
            self._built(None, "", MemoryReplays() if self.take_once else None)
        return self

    @classmethod
    def parse(cls, value: Any, path: str = "") -> Self:
        """From decoded JSON. Raises ConfigError with all that is wrong."""
        return validate(cls, value, path)

    def build(self, path: str = "", *, scope: Scope | None = None, replays: Replays | None = None) -> Webhook:
        """The webhook. Raises ConfigError for secrets that do not fit once their placeholders are filled, and when
        each delivery is to be taken once and there is nothing to remember them in."""
        at = f"{path}." if path else ""
        if self.take_once and replays is None:
            text = "there is nothing to remember deliveries in"
            raise ConfigError(
                [Problem(f"{at}take_once", text, "Connect a store of replays, or switch it off.")]
            )
        try:
            with fitting("", _NAMES):
                return self._built(scope or Scope(), at, replays if self.take_once else None)
        except Unfit as error:
            raise ConfigError([problem.below(path) for problem in error.problems]) from None

    def _built(self, scope: Scope | None, at: str, replays: Replays | None) -> Webhook:
        return Webhook(
            self.secret.build(scope, f"{at}secret") if self.secret is not None else None,
            self.signature.build(scope, f"{at}signature") if self.signature is not None else None,
            self.open_to_all,
            replays,
            self.remember_seconds,
            self.methods,
            self.body.written(),
            self.items.build(),
            self.entities.build(),
            self.reply.build(),
        )
