"""Where a token is kept between calls, and between processes."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mageferry.http.redaction import Secret


@dataclass(frozen=True, slots=True)
class Token:
    """A token and when it runs out; both moments by our own clock, aware.

    `refresh`: what OAuth 2.0 gives along to get the next one with.
    """

    text: Secret
    obtained_at: datetime
    expires_at: datetime
    refresh: Secret | None = None

    def usable(self, now: datetime, margin_seconds: float) -> bool:
        """Whether it still holds for the margin; of a very short-lived one a quarter of its life is kept."""
        life = self.expires_at - self.obtained_at
        return now < self.expires_at - min(timedelta(seconds=margin_seconds), life / 4)


class TokenVault(Protocol):
    """Keeps one token. `exclusive` is a lock over everyone who shares the vault, across processes.

    The calls are short; with the asynchronous client `load`, `store` and `forget` run on the event loop, and
    the lock is taken and given back on one thread of its own.
    """

    def load(self) -> Token | None: ...

    def store(self, token: Token) -> None: ...

    def forget(self, token: Token) -> None:
        """Drop this token; another one, stored meanwhile, stays."""

    def exclusive(self) -> AbstractContextManager[object]: ...


class MemoryVault:
    """Keeps the token in this process."""

    def __init__(self) -> None:
        self._token: Token | None = None
        self._exclusive = threading.Lock()

    def load(self) -> Token | None:
        return self._token

    def store(self, token: Token) -> None:
        self._token = token

    def forget(self, token: Token) -> None:
        if self._token is not None and self._token.text == token.text:
            self._token = None

    def exclusive(self) -> AbstractContextManager[object]:
        return self._exclusive
