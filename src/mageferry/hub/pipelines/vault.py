"""Where the tokens of HTTP clients are kept: a row each, shared by all workers, renewed by one of them at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from django.db import transaction
from django.db.models import Q, QuerySet

from mageferry.http.authentication.tokens import FOR_EVER
from mageferry.http.redaction import Secret
from mageferry.http.vault import Token
from mageferry.hub.pipelines.models import HttpToken
from mageferry.hub.work.connections import own_connection
from mageferry.hub.work.leases import waiting_for

SIGN_IN_SECONDS = 90.0

_locks: dict[str, threading.Lock] = {}
_locks_guard = threading.Lock()


class HttpTokenVault:
    """A TokenVault over http_token. `revision`: the state of the sign-in; a change of it leaves old tokens behind."""

    def __init__(self, owner: str, revision: str) -> None:
        self._owner = owner
        self._key = sha256(f"{owner}#{revision}".encode()).hexdigest()

    def __repr__(self) -> str:
        return f"<HttpTokenVault of {self._owner}>"

    @own_connection()
    def load(self) -> Token | None:
        row = HttpToken.objects.filter(key=self._key).first()
        if row is None or not row.token:
            return None
        return Token(row.token, row.obtained_at, row.expires_at or FOR_EVER, row.refresh or None)

    @own_connection()
    def store(self, token: Token) -> None:
        values = {
            "owner": self._owner,
            "token": token.text,
            "refresh": token.refresh or Secret(""),
            "obtained_at": token.obtained_at,
            "expires_at": None if token.expires_at == FOR_EVER else token.expires_at,
        }
        HttpToken.objects.update_or_create(key=self._key, defaults=values)

    @own_connection()
    def forget(self, token: Token) -> None:
        """Drop a refused token, unless another worker has replaced it already."""
        with transaction.atomic():
            row = HttpToken.objects.select_for_update().filter(key=self._key).first()
            if row is not None and row.token == token.text:
                row.delete()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Only one worker of all processes signs in at a time; the others wait here and then find its token."""
        # The threads of a process line up here and not in the database.
        with _lock_of(self._key), own_connection(), waiting_for(f"sign-in:{self._key}", SIGN_IN_SECONDS):
            yield


def _lock_of(key: str) -> threading.Lock:
    with _locks_guard:
        return _locks.setdefault(key, threading.Lock())


def drop_tokens(owner: str) -> int:
    """Forget every token of an owner, at whatever address it was given out; returns how many."""
    return _of(owner).delete()[0]


def tokens_of(owner: str) -> list[HttpToken]:
    """The tokens of an owner, one for each address that it signs in at."""
    return list(_of(owner).order_by("-obtained_at"))


def _of(owner: str) -> QuerySet[HttpToken]:
    return HttpToken.objects.filter(Q(owner=owner) | Q(owner__startswith=f"{owner}@"))
