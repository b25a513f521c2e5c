"""Signing in as an integration: OAuth 1.0a with the four keys of System > Extensions > Integrations."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Final

from mageferry.http import Flow, Middleware, Next, Request, Response, Secret
from mageferry.magento import remedies
from mageferry.magento.endpoint import Endpoint
from mageferry.magento.errors import ConfigurationError
from mageferry.magento.refusals import refusal_of, refused
from mageferry.magento.shop_clock import ShopClock
from mageferry.magento.signature import (
    PathRule,
    SignatureMethod,
    authorization,
    base_string,
    sign,
    signed_address,
)
from mageferry.magento.wire import normalise

_INVALID_SIGNATURE: Final = "The signature is invalid"
_NONCE_NOT_VALID: Final = "An error occurred validating the nonce"
# Magento refuses what is more than 600 seconds ahead of it.
_WORTH_CORRECTING_SECONDS: Final = 60


class OAuth:
    """The keys of an integration. A second factor is not asked for, and nothing runs out.

    Every attempt is signed anew, since Magento takes a nonce once only. When the signature of a path with
    encoded characters is refused, the other rule for paths is tried once and kept in `path_rule`: save it with
    the connection if you like. When the shop's clock is behind ours, its time is used from then on.

    `signature_method`: HMAC-SHA1 is for Magento before 2.4.4 only.
    """

    def __init__(
        self,
        consumer_key: Secret | str,
        consumer_secret: Secret | str,
        access_token: Secret | str,
        access_token_secret: Secret | str,
        *,
        signature_method: SignatureMethod = SignatureMethod.HMAC_SHA256,
        path_rule: PathRule = PathRule.RESERVED,
        clock: Callable[[], float] = time.time,
        nonce: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._consumer_key = _checked("consumer key", consumer_key)
        self._consumer_secret = _checked("consumer secret", consumer_secret)
        self._access_token = _checked("access token", access_token)
        self._access_token_secret = _checked("access token secret", access_token_secret)
        self._method = SignatureMethod(signature_method)
        self.path_rule = PathRule(path_rule)
        self._clock = clock
        self._nonce = nonce
        self._shop_clock = ShopClock(clock)
        self._ahead_seconds = 0.0

    def __repr__(self) -> str:
        return f"<OAuth {self._method}>"

    def bind(self, endpoint: Endpoint) -> Middleware:
        """Sign every request to this shop."""
        return self._authenticate

    def _authenticate(self, request: Request, next: Next) -> Flow[Response]:
        response = yield from next(self._signed(request, self.path_rule))
        if response.status == 401:
            response = yield from self._second_try(request, response, next)
        found = refusal_of(response)
        if found is not None:
            raise refused(request, response, found, remedies.INTEGRATION)
        return response

    def _second_try(self, request: Request, response: Response, next: Next) -> Flow[Response]:
        """What another way of signing brings, if one is worth trying; else the response as it is."""
        text = normalise(response.status, response.content_type, response.content).message
        if text.startswith(_INVALID_SIGNATURE):
            return (yield from self._try_other_rule(request, response, next))
        if text.startswith(_NONCE_NOT_VALID) and self._learn_clock(response):
            return (yield from next(self._signed(request, self.path_rule)))
        return response

    def _try_other_rule(self, request: Request, response: Response, next: Next) -> Flow[Response]:
        tried, address = self.path_rule, request.url.partition("?")[0]
        if signed_address(address, tried) == signed_address(address, tried.other):
            return response
        second = yield from next(self._signed(request, tried.other))
        text = normalise(second.status, second.content_type, second.content).message
        if second.status == 401 and text.startswith(_INVALID_SIGNATURE):
            return response
        self.path_rule = tried.other
        return second

    def _learn_clock(self, response: Response) -> bool:
        """Take the shop's time from its answer; False when that would change little."""
        self._shop_clock.note(response)
        ahead_seconds = self._shop_clock.ahead_seconds
        if ahead_seconds is None or abs(ahead_seconds - self._ahead_seconds) < _WORTH_CORRECTING_SECONDS:
            return False
        self._ahead_seconds = ahead_seconds
        return True

    def _signed(self, request: Request, rule: PathRule) -> Request:
        oauth = {
            **protocol_parameters(self._consumer_key, self._method, self._nonce()),
            "oauth_timestamp": str(int(self._clock() - self._ahead_seconds)),
            "oauth_token": self._access_token.reveal(),
        }
        base = base_string(request.method, request.url, oauth, rule)
        return signed_request(
            request,
            oauth,
            sign(base, self._consumer_secret.reveal(), self._access_token_secret.reveal(), self._method),
        )


def protocol_parameters(consumer_key: Secret, method: SignatureMethod, nonce: str) -> dict[str, str]:
    """What every signed request names, but for its time and its token."""
    return {
        "oauth_consumer_key": consumer_key.reveal(),
        "oauth_nonce": nonce,
        "oauth_signature_method": method.value,
        "oauth_version": "1.0",
    }


def signed_request(request: Request, oauth: Mapping[str, str], signature: str) -> Request:
    """The request with its Authorization header."""
    return request.with_header("Authorization", authorization(oauth, signature))


def _checked(name: str, text: Secret | str) -> Secret:
    """The key without the blanks of a careless copy. Raises ConfigurationError when nothing is left."""
    key = Secret(Secret(text).reveal().strip())
    if not key:
        raise ConfigurationError(
            f"The {name} is missing", remedy="Copy it from System > Extensions > Integrations of the shop."
        )
    revealed = key.reveal()
    if not revealed.isascii() or any(char.isspace() for char in revealed):
        raise ConfigurationError(
            f"The {name} cannot be used: it has blanks or characters that no key has",
            remedy="Copy it again from System > Extensions > Integrations of the shop.",
        )
    return key
