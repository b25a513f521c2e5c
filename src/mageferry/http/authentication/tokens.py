"""Tokens that are asked for, kept, and asked for again: once for all who wait."""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from mageferry.http.errors import HttpError, SignInFailed, SignInRefused, Unanswered
from mageferry.http.flow import Flow, Next, Sleep, exclusively
from mageferry.http.message import Request, Response
from mageferry.http.redaction import redact_text
from mageferry.http.vault import MemoryVault, Token, TokenVault

FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)
_SHOWN_CHARACTERS: Final = 300


def now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)


class TokenKeeper:
    """Keeps one token and gets the next. Whoever needs one while it is being got waits for it.

    `obtain` signs in; it is given the token that ran out or was refused, None at first. One sign-in at a time
    for all threads, and for all processes that share the vault.
    """

    def __init__(
        self,
        obtain: Callable[[Next, Token | None], Flow[Token]],
        *,
        vault: TokenVault | None = None,
        margin_seconds: float = 60,
        clock: Callable[[], datetime] = now,
        pause_after_refusal_seconds: float = 0,
    ) -> None:
        self._obtain = obtain
        self._vault: TokenVault = vault or MemoryVault()
        self._margin_seconds = margin_seconds
        self._clock = clock
        self._pause_seconds = pause_after_refusal_seconds
        self._token: Token | None = None
        self._asking = threading.Lock()

    def take(self, next: Next) -> Flow[Token]:
        """A token that still holds."""
        token = self._token
        if token is None or not self._holds(token):
            # Of threads that need it at the same time one asks the vault, for all of them.
            token = yield from exclusively(lambda: self._asking, lambda: self._take(next))
        return token

    def _take(self, next: Next) -> Flow[Token]:
        token = self._token
        if token is None or not self._holds(token):
            token = yield from exclusively(self._vault.exclusive, lambda: self._get(next, None))
        return token

    def renew(self, next: Next, refused: Token) -> Flow[Token]:
        """Another token in place of one that was refused: someone else's new one, or a new sign-in."""
        return (yield from exclusively(self._vault.exclusive, lambda: self._get(next, refused)))

    def _holds(self, token: Token) -> bool:
        return token.usable(self._clock(), self._margin_seconds)

    def _get(self, next: Next, refused: Token | None) -> Flow[Token]:
        kept = self._vault.load()
        if kept is None or not self._holds(kept) or (refused is not None and kept.text == refused.text):
            if refused is not None:
                if refused.refresh is None:
                    # One with a refresh token stays until the next one is there: it may be the only way to it.
                    self._vault.forget(refused)
                if self._pause_seconds:
                    yield Sleep(self._pause_seconds)
            kept = yield from self._obtain(next, kept or refused)
            self._vault.store(kept)
        self._token = kept
        return kept


class TokenSession:
    """Sends every request with a kept token. A refused one is renewed once; then the refusal is the answer.

    `put` puts the token into a request, `is_refused` says whether an answer refuses it (by default 401).
    """

    def __init__(
        self,
        keeper: TokenKeeper,
        put: Callable[[Request, Token], Request],
        is_refused: Callable[[Response], bool] = lambda response: response.status == 401,
    ) -> None:
        self._keeper = keeper
        self._put = put
        self._is_refused = is_refused

    def send(self, request: Request, next: Next) -> Flow[Response]:
        """The answer. Raises SignInRefused when a new token is refused like the one before."""
        token = yield from self._keeper.take(next)
        response = yield from next(self._put(request, token))
        if not self._is_refused(response):
            return response
        token = yield from self._keeper.renew(next, token)
        response = yield from next(self._put(request, token))
        if self._is_refused(response):
            raise SignInRefused(
                f"The server refuses the token right after it was given out ({response.status})"
                + said(response),
                remedy="Check what these credentials are permitted, and the header that the token is sent in.",
                request_line=request.line,
            )
        return response


def ask(request: Request, next: Next) -> Flow[Response]:
    """Send the request of a sign-in; its failures mean that the request which waits was not sent.

    Raises SignInFailed (wait and try again), SignInRefused (a status that is not 2xx), HttpError.
    """
    try:
        response = yield from next(request)
    except Unanswered as failure:
        raise SignInFailed(
            f"The sign-in was not answered: {failure.message}",
            remedy=failure.remedy,
            request_line=request.line,
        ) from failure
    if response.status == 429 or response.status >= 500:
        raise SignInFailed(
            f"The server for signing in answered {response.status}" + said(response),
            remedy="Try again later.",
            request_line=request.line,
        )
    if not 200 <= response.status < 300:
        raise refused(request, response)
    return response


def refused(request: Request, response: Response) -> HttpError:
    """The error of a sign-in that was refused."""
    return SignInRefused(
        f"The sign-in was refused ({response.status})" + said(response),
        remedy="Check the credentials, and the address and method of the sign-in.",
        request_line=request.line,
    )


def said(response: Response) -> str:
    """What the server gave as a reason, masked and short, to go behind a message; empty when it said nothing."""
    try:
        decoded: Any = response.json()
    except ValueError:
        decoded = response.content[:4000].decode("utf-8", "replace")
    if isinstance(decoded, dict):
        texts = [decoded.get(name) for name in ("error", "error_description", "message", "detail", "title")]
        decoded = ", ".join(text for text in texts if isinstance(text, str))
    # A bare string may be a token, and a page says nothing.
    if not isinstance(decoded, str) or "<" in decoded or " " not in decoded.strip():
        known = isinstance(decoded, str) and len(decoded) < 40 and "_" in decoded
        return f": {decoded.strip()}" if known else ""
    return f": {redact_text(' '.join(decoded.split()))[:_SHOWN_CHARACTERS]}"


def lifetime_seconds(token: str, asked_at: datetime) -> float | None:
    """How long a JSON web token holds, None when it does not say (opaque, or encrypted as JWE).

    Counted from `iat`, so that the issuer's wrong clock does no harm.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    expires, issued = (_seconds(payload, name) for name in ("exp", "iat"))
    if expires is None:
        return None
    life = expires - (issued if issued is not None else asked_at.timestamp())
    return life if 0 < life < 10 * 365 * 86_400 else None


def expiry(asked_at: datetime, seconds: float | None) -> datetime:
    """When a token of this many seconds runs out; without a number it holds until it is refused."""
    return FOR_EVER if seconds is None else asked_at + timedelta(seconds=seconds)


def _seconds(payload: Any, name: str) -> float | None:
    value = payload.get(name) if isinstance(payload, dict) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
