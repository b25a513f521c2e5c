"""Activating an integration: the shop sends us its consumer key, we fetch the access token.

An admin clicks Activate (or Reauthorize) in System > Extensions > Integrations. Magento posts consumer key,
consumer secret and a verifier to the integration's Callback URL, and opens its Identity Link URL in a pop-up.
Whoever was posted to then has 300 seconds (oauth/consumer/expiration_period) to fetch a request token, once,
and to exchange it for the access token.

    activation = Activation.parse(body)
    keys = client.run(exchange(activation, Endpoint.parse("https://shop.example")))
    Magento("https://shop.example", keys.authentication())

Renewing without a gap: the old access token holds until an admin clicks Reauthorize, and from then on no
longer. So keep the old keys while `exchange` and `verify` run, and replace them in one step afterwards.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

from mageferry.http import (
    Flow,
    HttpError,
    InvalidRequest,
    Next,
    NotSent,
    Request,
    Response,
    Secret,
    compose,
    transmit,
)
from mageferry.magento.endpoint import Endpoint
from mageferry.magento.errors import (
    ConfigurationError,
    MagentoError,
    SignInError,
    Unclear,
    error_for,
    error_from,
)
from mageferry.magento.oauth import OAuth, protocol_parameters, signed_request
from mageferry.magento.plans import ShopPlans
from mageferry.magento.signature import SignatureMethod, base_string, sign
from mageferry.magento.wire import Origin, normalise

_FIELDS: Final = ("oauth_consumer_key", "oauth_consumer_secret", "oauth_verifier", "store_base_url")
_LONGEST_FORM_BYTES: Final = 10_000
_REAUTHORIZE: Final = "Click Reauthorize in System > Extensions > Integrations of the shop."

# Beginnings of Magento's texts: what happened in words, and what to do.
_PROBLEMS: Final = {
    "Consumer key has expired": (
        "The activation came too long ago",
        f"{_REAUTHORIZE} The exchange must follow within 300 seconds (oauth/consumer/expiration_period).",
    ),
    "Cannot create request token because consumer token is not a verifier token": (
        "This activation was used already: a request token is given once only",
        f"If the connection works, nothing is to be done: its keys are still good. Else: {_REAUTHORIZE}",
    ),
    "Token verifier and verifier token do not match": (
        "The verifier belongs to another activation",
        f"{_REAUTHORIZE} See that no second program answers at the integration's Callback URL.",
    ),
    "Specified token does not exist": (
        "The request token is unknown, or was exchanged already",
        f"If the connection works, nothing is to be done. Else: {_REAUTHORIZE}",
    ),
    "A consumer having the specified key does not exist": (
        "The shop does not know this integration",
        "The integration was deleted, or another shop sent the keys: check the endpoint of this connection.",
    ),
    "The nonce is already being used": (
        "The shop has seen this very request before",
        f"Something between us and the shop sends requests twice. {_REAUTHORIZE}",
    ),
    "An error occurred validating the nonce": (
        "The shop does not accept the time of the request",
        f"Check the clocks of both machines, then: {_REAUTHORIZE}",
    ),
    "The signature is invalid": (
        "The shop signs differently",
        "Behind a proxy that ends TLS the shop must be told of it (X-Forwarded-Proto), and the endpoint must be "
        f"the address that the shop itself sees. Then: {_REAUTHORIZE}",
    ),
    '"oauth_': (
        "The shop did not get the Authorization header",
        "A web server or proxy before the shop drops it: let it through (Apache: CGIPassAuth On).",
    ),
}


@dataclass(frozen=True, slots=True)
class Activation:
    """What Magento posts to the Callback URL when an integration is activated."""

    consumer_key: Secret
    consumer_secret: Secret
    verifier: Secret
    store_base_url: str
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def parse(cls, form: bytes | Mapping[str, str]) -> Activation:
        """Read the form, as its body or decoded. Raises ConfigurationError naming the fields that are missing.

        Anyone can post to a Callback URL: nothing in it is to be trusted before the exchange has worked.
        """
        fields = _form_fields(form) if isinstance(form, bytes) else form
        missing = [name for name in _FIELDS if not fields.get(name, "").strip()]
        if missing:
            raise ConfigurationError(
                f"This is no activation from Magento: {', '.join(missing)} missing",
                remedy="The Callback URL of the integration is for Magento alone; activate the integration there.",
            )
        key, secret, verifier, base_url = (fields[name].strip() for name in _FIELDS)
        return cls(Secret(key), Secret(secret), Secret(verifier), base_url)

    def check_shop(self, endpoint: Endpoint) -> None:
        """Raises ConfigurationError when another shop than the expected one sent this."""
        expected, told = urlsplit(endpoint.base).hostname, _hostname(self.store_base_url)
        if expected != told:
            raise ConfigurationError(
                f"The activation came from {told or 'nowhere'}, but this connection is for {expected}",
                remedy="Correct the endpoint of this connection, or the Callback URL of that shop's integration.",
            )


@dataclass(frozen=True, slots=True)
class RequestToken:
    """What the shop gives out once, to be exchanged for the access token."""

    text: Secret
    secret: Secret


@dataclass(frozen=True, slots=True)
class IntegrationKeys:
    """The four keys of an activated integration; they hold until the integration is reauthorized or deleted."""

    consumer_key: Secret
    consumer_secret: Secret
    access_token: Secret
    access_token_secret: Secret

    def authentication(self, **options: Any) -> OAuth:
        """Sign in with them; the options are OAuth's."""
        return OAuth(
            self.consumer_key, self.consumer_secret, self.access_token, self.access_token_secret, **options
        )


def exchange(activation: Activation, endpoint: Endpoint, next: Next = transmit) -> Flow[IntegrationKeys]:
    """Fetch the request token and exchange it. Asks the endpoint, never the address that was posted.

    Raises ConfigurationError (another shop, or no Magento), SignInError (refused: why, and what to do),
    Transient (nothing happened, try again within the 300 seconds), Unclear (an answer was lost: reauthorize).
    """
    activation.check_shop(endpoint)
    token = yield from fetch_request_token(activation, endpoint, next)
    return (yield from fetch_access_token(activation, token, endpoint, next))


def fetch_request_token(
    activation: Activation, endpoint: Endpoint, next: Next = transmit
) -> Flow[RequestToken]:
    """The first half, which works once per activation."""
    text, secret = yield from _ask(activation, endpoint, "request", next)
    return RequestToken(text, secret)


def fetch_access_token(
    activation: Activation, token: RequestToken, endpoint: Endpoint, next: Next = transmit
) -> Flow[IntegrationKeys]:
    """The second half, which works once per request token."""
    text, secret = yield from _ask(activation, endpoint, "access", next, token)
    return IntegrationKeys(activation.consumer_key, activation.consumer_secret, text, secret)


def verify(keys: IntegrationKeys, endpoint: Endpoint, next: Next = transmit) -> Flow[None]:
    """Make one signed call with new keys, before they replace the old ones. Raises MagentoError."""
    handle = compose([keys.authentication().bind(endpoint)], next)
    try:
        yield from ShopPlans(endpoint, handle).call("GET", "/V1/store/websites")
    except SignInError as error:
        # Such a refusal comes after the signature was accepted: the integration may lack just this permission.
        if "resources" not in error.parameters:
            raise


def _ask(
    activation: Activation, endpoint: Endpoint, kind: str, next: Next, token: RequestToken | None = None
) -> Flow[tuple[Secret, Secret]]:
    request = _signed(activation, Request("POST", f"{endpoint.base}/oauth/token/{kind}"), token)
    try:
        response = yield from next(request)
    except HttpError as failure:
        raise _unanswered(request, failure) from failure
    if response.status != 200:
        raise explain(request, response)
    fields = parse_qs(response.content[:_LONGEST_FORM_BYTES].decode("utf-8", "replace"), max_num_fields=20)
    text, secret = (fields.get(name, [""])[0] for name in ("oauth_token", "oauth_token_secret"))
    if not text or not secret:
        raise ConfigurationError(
            "The shop answered the exchange with something that is no token",
            remedy="Check that the endpoint is the shop itself and that no page or firewall answers in its place.",
            status=response.status,
            request_line=request.line,
        )
    return Secret(text), Secret(secret)


def _signed(activation: Activation, request: Request, token: RequestToken | None) -> Request:
    method = SignatureMethod.HMAC_SHA256
    oauth = {
        **protocol_parameters(activation.consumer_key, method, secrets.token_hex(16)),
        "oauth_timestamp": str(int(time.time())),
    }
    if token is not None:
        oauth |= {"oauth_token": token.text.reveal(), "oauth_verifier": activation.verifier.reveal()}
    base = base_string(request.method, request.url, oauth)
    token_secret = token.secret.reveal() if token is not None else ""
    return signed_request(
        request, oauth, sign(base, activation.consumer_secret.reveal(), token_secret, method)
    )


def explain(request: Request, response: Response) -> MagentoError:
    """A refusal of the token endpoints in words: what happened, what the shop said, what to do."""
    found = normalise(response.status, response.content_type, response.content)
    if found.origin is not Origin.OAUTH:
        return error_for(request, response)
    known = (advice for start, advice in _PROBLEMS.items() if found.message.startswith(start))
    meaning, remedy = next(known, ("The shop refused the exchange", _REAUTHORIZE))
    return SignInError(
        f"{meaning} (the shop says: {found.message})",
        remedy=remedy,
        status=response.status,
        request_line=request.line,
        raw=response.content,
        template=found.template,
    )


def _unanswered(request: Request, failure: HttpError) -> MagentoError:
    error = error_from(request, failure)
    if isinstance(failure, NotSent | InvalidRequest):
        return error
    return Unclear(
        f"The shop's answer was lost, and the token in it: {failure.message}",
        remedy=f"A token is given out once only. {_REAUTHORIZE}",
        request_line=request.line,
    )


def _form_fields(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body[:_LONGEST_FORM_BYTES].decode("utf-8", "replace"), max_num_fields=20))
    except ValueError:
        return {}


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
