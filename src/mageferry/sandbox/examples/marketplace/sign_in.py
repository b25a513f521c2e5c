"""OAuth 2 with client credentials (RFC 6749, 4.4): a token for a while, for one seller's program."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from hashlib import sha256
from urllib.parse import parse_qsl, unquote

from mageferry.sandbox.examples.calls import Call, Refused, Reply
from mageferry.sandbox.examples.marketplace.book import TOKENS, Book

TOKEN_SECONDS = 900


class SignIn:
    """Who may ask, and for how long a token is good."""

    def __init__(self, book: Book, client_id: str, client_secret: str) -> None:
        self._book = book
        self._client = (client_id, client_secret)
        self.token_seconds = TOKEN_SECONDS

    def issue(self, call: Call) -> Reply:
        """POST /oauth/token: the client signs in by Basic, or by fields of the form."""
        form = dict(parse_qsl(call.request.body.decode("utf-8", "replace")))
        if form.get("grant_type") != "client_credentials":
            return Reply(400, {"error": "unsupported_grant_type"})
        if not self._is_client(*(_basic(call) or (form.get("client_id", ""), form.get("client_secret", "")))):
            return Reply(401, {"error": "invalid_client"}, headers={"WWW-Authenticate": "Basic"})
        token = secrets.token_urlsafe(24)
        expires = self._book.clock.seconds() + self.token_seconds
        key = self._book.database.next_id("token")
        self._book.database.save(TOKENS, {"key": key, "token": _digest(token), "expires": expires}, "{}")
        return Reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds})

    def check(self, call: Call) -> None:
        """Raises Refused without a token that is good."""
        scheme, _, token = call.header("authorization").partition(" ")
        expires = self._book.database.value(
            "SELECT expires FROM market_token WHERE token = ?", (_digest(token.strip()),)
        )
        if scheme.lower() != "bearer" or expires is None:
            raise _unauthorised("invalid_token", "Get a token at /oauth/token and send it as Bearer.")
        if float(str(expires)) <= self._book.clock.seconds():
            raise _unauthorised("token_expired", "The token has run out: get another one.")

    def revoke(self) -> None:
        """No token that was given out is good any more."""
        self._book.database.execute("DELETE FROM market_token")

    def _is_client(self, client_id: str, client_secret: str) -> bool:
        sent, known = f"{client_id}\n{client_secret}", "\n".join(self._client)
        return hmac.compare_digest(sent.encode(), known.encode())


def _basic(call: Call) -> tuple[str, str] | None:
    scheme, _, text = call.header("authorization").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    # RFC 6749, 2.3.1: both are form-encoded before.
    return unquote(name), unquote(secret)


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _unauthorised(code: str, message: str) -> Refused:
    refused = Refused(401, code, message)
    refused.headers = {"WWW-Authenticate": f'Bearer error="{code}"'}
    return refused
