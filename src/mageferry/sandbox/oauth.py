"""OAuth 1.0a on the shop's side: verifying signed requests, and the two token endpoints of the handshake.

Checks run in Magento's order: version, required parameters, token length, signature method, consumer,
nonce (which is used up even if the signature turns out wrong), token, signature.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import quote_plus

from mageferry.sandbox.integrations import KEY_LENGTH, Integration, IntegrationBook, Token, TokenKind, new_key
from mageferry.sandbox.php import to_int
from mageferry.sandbox.refusals import Refusal, missing
from mageferry.sandbox.settings import Settings
from mageferry.sandbox.signature import header_parameters, normalise_url, query_parameters, sign

TIME_DEVIATION_SECONDS = 600
EXPIRES_AFTER_SECONDS = 300
_METHODS = ("HMAC-SHA256",)
_REQUIRED = (
    "oauth_consumer_key", "oauth_signature", "oauth_signature_method", "oauth_nonce", "oauth_timestamp",
)  # fmt: skip

type Parameters = Mapping[str, str]


def _refused(message: str) -> Refusal:
    return Refusal(401, message)


class Verifier:
    """Verifies signed requests against the shop's integrations."""

    def __init__(self, book: IntegrationBook, settings: Settings) -> None:
        self._book = book
        self._settings = settings

    def verify(self, method: str, base_url: str, path: str, query: str, header: str) -> Integration:
        """The integration that signed a REST request. Raises Refusal (400, 401)."""
        parameters = {**header_parameters(header), **query_parameters(query)}
        entry = self._check(parameters, (*_REQUIRED, "oauth_token"))
        token = self._token(
            parameters["oauth_token"], entry, "Token is not associated with the specified consumer"
        )
        if token.kind != TokenKind.ACCESS:
            raise _refused("Token is not an access token")
        if token.revoked:
            raise _refused("Access token has been revoked")
        self._check_signature(parameters, method, self._url(base_url, path), entry, token.secret)
        return entry

    def create_request_token(self, method: str, base_url: str, path: str, query: str, header: str) -> Token:
        """Turns the verifier token into a request token. Raises Refusal (400, 401)."""
        parameters = {**header_parameters(header), **query_parameters(query)}
        entry = self._check(parameters, _REQUIRED)
        if self._book.seconds_since_offer(entry) > EXPIRES_AFTER_SECONDS:
            raise _refused("Consumer key has expired")
        self._check_signature(parameters, method, self._url(base_url, path), entry, "")
        token = self._book.first_token(entry)
        if token is None:
            raise _refused(f"A token with consumer ID {entry.integration_id} does not exist")
        if token.kind != TokenKind.VERIFIER:
            raise _refused("Cannot create request token because consumer token is not a verifier token")
        return self._renew(token, TokenKind.REQUEST)

    def create_access_token(self, method: str, base_url: str, path: str, query: str, header: str) -> Token:
        """Exchanges the request token for an access token. Raises Refusal (400, 401)."""
        parameters = {**header_parameters(header), **query_parameters(query)}
        entry = self._check(parameters, (*_REQUIRED, "oauth_token", "oauth_verifier"))
        token = self._token(
            parameters["oauth_token"], entry, "Request token is not associated with the specified consumer"
        )
        if token.kind != TokenKind.REQUEST:
            raise _refused("Token is already being used")
        verifier = parameters["oauth_verifier"]
        if len(verifier) != KEY_LENGTH:
            raise _refused("Verifier is not the correct length")
        if not hmac.compare_digest(verifier.encode(), token.verifier.encode()):
            raise _refused("Token verifier and verifier token do not match")
        self._check_signature(parameters, method, self._url(base_url, path), entry, token.secret)
        return self._renew(token, TokenKind.ACCESS)

    def _renew(self, token: Token, kind: TokenKind) -> Token:
        """The same row with a new kind, token and secret: the old token does not exist any more."""
        fresh = Token(token.token_id, token.consumer_id, kind.value, new_key(), new_key(), token.verifier)
        self._book.save_token(fresh)
        return fresh

    def _url(self, base_url: str, path: str) -> str:
        return normalise_url(
            base_url, path, newer=self._settings.flag("sandbox/oauth/decode_unreserved_only")
        )

    def _check(self, parameters: Parameters, required: tuple[str, ...]) -> Integration:
        version = parameters.get("oauth_version")
        if version not in (None, "1.0"):
            raise Refusal(400, 'The "%1" Oauth version isn\'t supported.', [version])
        lacking = [name for name in required if name not in parameters]
        if lacking:
            raise missing(lacking)
        if "oauth_token" in parameters and len(parameters["oauth_token"]) != KEY_LENGTH:
            raise Refusal(400, "The token length is invalid. Check the length and try again.")
        method = parameters["oauth_signature_method"]
        if method not in _METHODS:
            raise Refusal(400, "Signature method %1 is not supported", [method])
        entry = self._consumer(parameters["oauth_consumer_key"])
        self._use_nonce(entry, parameters["oauth_nonce"], parameters["oauth_timestamp"])
        return entry

    def _consumer(self, key: str) -> Integration:
        if len(key) != KEY_LENGTH:
            raise _refused("Consumer key is not the correct length")
        entry = self._book.by_key(key)
        if entry is None:
            raise _refused("A consumer having the specified key does not exist")
        return entry

    def _use_nonce(self, entry: Integration, nonce: str, timestamp: str) -> None:
        moment = to_int(timestamp)
        too_late = self._book.now() + TIME_DEVIATION_SECONDS
        fresh = self._book.use_nonce(entry, nonce) if 0 < moment <= too_late else None
        if fresh is None:
            raise _refused("An error occurred validating the nonce")
        if not fresh:
            raise Refusal(
                401,
                "The nonce is already being used by the consumer with ID %1",
                [str(entry.integration_id)],
            )

    def _token(self, sent: str, entry: Integration, foreign: str) -> Token:
        token = self._book.token(sent)
        if token is None:
            raise _refused("Specified token does not exist")
        if token.consumer_id != entry.integration_id:
            raise _refused(foreign)
        return token

    def _check_signature(
        self, parameters: Parameters, method: str, url: str, entry: Integration, token_secret: str
    ) -> None:
        signed = {name: value for name, value in parameters.items() if name != "oauth_signature"}
        expected = sign(signed, method, url, entry.consumer_secret, token_secret)
        if not hmac.compare_digest(expected.encode(), parameters["oauth_signature"].encode()):
            raise _refused("The signature is invalid. Verify and try again.")


def token_form(token: Token) -> str:
    """The body of a token endpoint's answer."""
    return f"oauth_token={token.token}&oauth_token_secret={token.secret}"


def problem_form(refusal: Refusal) -> str:
    """A token endpoint's error: one text, form encoded."""
    texts = [fault.text() for fault in refusal.errors] or [str(refusal)]
    return f"oauth_problem={quote_plus(', '.join(texts))}"
