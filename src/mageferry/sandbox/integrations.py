"""Integrations: consumers with keys and secrets, their tokens, and the nonces they have used."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, cast

import orjson

from mageferry.sandbox.access import EVERYTHING
from mageferry.sandbox.database import Database
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.orderbook import Record
from mageferry.sandbox.tables import INTEGRATIONS, NONCES, OAUTH_TOKENS

KEY_LENGTH = 32
_NONCE_COLUMN_LENGTH = 32
_ALPHABET = string.ascii_lowercase + string.digits


def new_key() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(KEY_LENGTH))


class Status(IntEnum):
    INACTIVE = 0
    ACTIVE = 1
    RECREATED = 2


class TokenKind(StrEnum):
    VERIFIER = "verifier"
    REQUEST = "request"
    ACCESS = "access"


@dataclass(slots=True)
class Integration:
    """An integration and its consumer. ``posted_at`` is when its credentials were sent to the endpoint, in
    seconds since 1970.
    """

    integration_id: int
    name: str
    consumer_key: str
    consumer_secret: str = field(repr=False)
    resources: tuple[str, ...] = (EVERYTHING,)
    status: int = Status.INACTIVE
    endpoint: str = ""
    posted_at: float = 0

    @property
    def active(self) -> bool:
        return self.status == Status.ACTIVE

    def allows(self, resource: str) -> bool:
        return EVERYTHING in self.resources or resource in self.resources


@dataclass(slots=True)
class Token:
    token_id: int
    consumer_id: int
    kind: str
    token: str = field(repr=False)
    secret: str = field(repr=False)
    verifier: str = field(default="", repr=False)
    revoked: bool = False


class IntegrationBook:
    """Keeps integrations, tokens and nonces; they outlive the shop's content. ``clock`` gives seconds."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        name: str,
        *,
        resources: tuple[str, ...] = (EVERYTHING,),
        endpoint: str = "",
        consumer_key: str = "",
        consumer_secret: str = "",
    ) -> Integration:
        """A new, inactive integration with its own key and secret unless they are given."""
        entry = Integration(
            self._next_key("integration", "integration_id"),
            name,
            consumer_key or new_key(),
            consumer_secret or new_key(),
            resources,
            endpoint=endpoint,
        )
        self.save(entry)
        return entry

    def _next_key(self, table: str, key: str) -> int:
        highest = self._database.value(_HIGHEST[table, key])
        return int(str(highest or 0)) + 1

    def save(self, entry: Integration) -> None:
        row = {name: getattr(entry, name) for name in ("integration_id", "name", "consumer_key")}
        self._database.save(INTEGRATIONS, row, encode_json(asdict(entry)))

    def find(self, name: str) -> Integration | None:
        return self._load("SELECT body FROM integration WHERE name = ?", name)

    def by_key(self, consumer_key: str) -> Integration | None:
        return self._load("SELECT body FROM integration WHERE consumer_key = ?", consumer_key)

    def by_id(self, integration_id: int) -> Integration | None:
        return self._load("SELECT body FROM integration WHERE integration_id = ?", integration_id)

    def _load(self, statement: str, value: str | int) -> Integration | None:
        body = self._database.value(statement, (value,))
        if not isinstance(body, str):
            return None
        fields = cast("dict[str, Any]", orjson.loads(body))
        return Integration(**{**fields, "resources": tuple(fields["resources"])})

    def add_token(self, entry: Integration, kind: TokenKind, *, token: str = "", secret: str = "") -> Token:
        """A new token of the integration, with random values unless they are given."""
        made = Token(
            self._next_key("oauth_token", "token_id"),
            entry.integration_id,
            kind.value,
            token or new_key(),
            secret or new_key(),
            new_key() if kind is TokenKind.VERIFIER else "",
        )
        self.save_token(made)
        return made

    def save_token(self, token: Token) -> None:
        row = {name: getattr(token, name) for name in ("token_id", "consumer_id", "token")}
        self._database.save(OAUTH_TOKENS, row, encode_json(asdict(token)))

    def token(self, token: str) -> Token | None:
        return self._load_token("SELECT body FROM oauth_token WHERE token = ?", token)

    def first_token(self, entry: Integration) -> Token | None:
        """The oldest token, which is the one that Magento looks at."""
        return self._load_token(
            "SELECT body FROM oauth_token WHERE consumer_id = ? ORDER BY token_id", entry.integration_id
        )

    def verifier_token(self, entry: Integration) -> Token | None:
        return self._load_token(
            "SELECT body FROM oauth_token WHERE consumer_id = ? AND json_extract(body, '$.kind') = 'verifier'",
            entry.integration_id,
        )

    def _load_token(self, statement: str, value: str | int) -> Token | None:
        body = self._database.value(statement, (value,))
        return Token(**orjson.loads(body)) if isinstance(body, str) else None

    def delete_tokens(self, entry: Integration) -> None:
        self._database.execute("DELETE FROM oauth_token WHERE consumer_id = ?", (entry.integration_id,))

    def use_nonce(self, entry: Integration, nonce: str) -> bool | None:
        """Note a nonce. True for a new one, False for a used one, None for one that its column cannot tell
        from a used one, since that cuts it short.
        """
        if self._has_nonce(entry, nonce):
            return False
        stored = nonce[:_NONCE_COLUMN_LENGTH]
        if self._has_nonce(entry, stored):
            return None
        key = self._next_key("oauth_nonce", "nonce_id")
        row: Record = {"nonce_id": key, "consumer_id": entry.integration_id, "nonce": stored}
        self._database.save(NONCES, row, "{}")
        return True

    def _has_nonce(self, entry: Integration, nonce: str) -> bool:
        found = self._database.value(
            "SELECT 1 FROM oauth_nonce WHERE consumer_id = ? AND nonce = ?", (entry.integration_id, nonce)
        )
        return found is not None

    def offer(self, entry: Integration) -> Token:
        """The verifier token to send to the endpoint, with the 300 seconds to use it starting now."""
        entry.posted_at = self._clock()
        entry.status = Status.ACTIVE
        self.save(entry)
        return self.verifier_token(entry) or self.add_token(entry, TokenKind.VERIFIER)

    def now(self) -> float:
        return self._clock()

    def seconds_since_offer(self, entry: Integration) -> float:
        return self._clock() - entry.posted_at


_HIGHEST = {
    ("integration", "integration_id"): "SELECT MAX(integration_id) FROM integration",
    ("oauth_token", "token_id"): "SELECT MAX(token_id) FROM oauth_token",
    ("oauth_nonce", "nonce_id"): "SELECT MAX(nonce_id) FROM oauth_nonce",
}
