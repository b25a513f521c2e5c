"""OAuth 2.0 (RFC 6749): tokens from a token endpoint, and the way of a person through the browser (PKCE).

Adobe IMS server-to-server is `ClientCredentials` with its scopes; an ERP with a signed assertion is
`ClientSecret` replaced by `ClientAssertion` (RFC 7523).
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlsplit

from mageferry.http.authentication.basic import basic_value
from mageferry.http.authentication.bearer import with_bearer
from mageferry.http.authentication.json_web_token import TokenSigner
from mageferry.http.authentication.tokens import (
    FOR_EVER,
    TokenKeeper,
    TokenSession,
    ask,
    expiry,
    lifetime_seconds,
    now,
    said,
)
from mageferry.http.encoding import Encoder, quoted, with_parameters, with_query
from mageferry.http.errors import InvalidRequest, SignInRefused
from mageferry.http.flow import Flow, Next
from mageferry.http.message import Request, Response
from mageferry.http.redaction import Secret, redact_text
from mageferry.http.vault import MemoryVault, Token, TokenVault

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
AUTHORIZE_AGAIN: Final = "A person has to authorise the connection again."


class SecretIn(StrEnum):
    """Where the token endpoint wants id and secret (RFC 6749, 2.3.1)."""

    HEADER = "header"
    BODY = "body"


class ClientIdentity(Protocol):
    """How the client shows the token endpoint who it is."""

    def identify(self, request: Request, fields: dict[str, str], token_url: str) -> Request:
        """Add to the form's fields, or to the request's headers."""


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """Id and secret; without a secret the client is a public one and names its id only."""

    client_id: str
    secret: Secret = field(default_factory=lambda: Secret(""))
    place: SecretIn = SecretIn.HEADER

    def identify(self, request: Request, fields: dict[str, str], token_url: str) -> Request:
        if self.secret and self.place is SecretIn.HEADER:
            # Both are form encoded first, which matters for secrets with colons and the like.
            value = basic_value(quoted(self.client_id), Secret(quoted(self.secret.reveal())))
            return request.with_header("Authorization", value)
        fields["client_id"] = self.client_id
        if self.secret:
            fields["client_secret"] = self.secret.reveal()
        return request


@dataclass(frozen=True, slots=True)
class ClientAssertion:
    """A JSON web token signed by us in place of a secret (RFC 7523, 2.2)."""

    client_id: str
    signer: TokenSigner
    audience: str = ""

    def identify(self, request: Request, fields: dict[str, str], token_url: str) -> Request:
        assertion = self.signer.sign(iss=self.client_id, sub=self.client_id, aud=self.audience or token_url)
        fields["client_id"] = self.client_id
        fields["client_assertion_type"] = _ASSERTION_TYPE
        fields["client_assertion"] = assertion.reveal()
        return request


class Grant(Protocol):
    """What entitles us to a token."""

    def fields(self) -> dict[str, str]:
        """The form fields that ask for a token. Raises SignInRefused when a person must authorise again."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """The client itself (RFC 6749, 4.4)."""

    def fields(self) -> dict[str, str]:
        return {"grant_type": "client_credentials"}


@dataclass(frozen=True, slots=True)
class Password:
    """A user's name and password (RFC 6749, 4.3)."""

    username: str
    password: Secret

    def fields(self) -> dict[str, str]:
        return {"grant_type": "password", "username": self.username, "password": self.password.reveal()}


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token, as it came from `exchange_code`; later ones are kept in the vault (RFC 6749, 6)."""

    token: Secret

    def fields(self) -> dict[str, str]:
        if not self.token:
            raise SignInRefused("There is no refresh token", remedy=AUTHORIZE_AGAIN)
        return {"grant_type": "refresh_token", "refresh_token": self.token.reveal()}


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Where tokens come from. `extra`: more form fields, such as `audience` or `resource`.

    `client`: the chain of another client to ask over; None asks over the one that is being authenticated.
    """

    url: str
    identity: ClientIdentity
    scope: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    client: Next | None = None
    clock: Callable[[], datetime] = now

    def ask(self, grant: Mapping[str, str], next: Next) -> Flow[Token]:
        """Ask for a token. Raises SignInRefused with the endpoint's reason, SignInFailed when it is down."""
        fields = {**grant, **({"scope": self.scope} if self.scope else {}), **self.extra}
        request = Request("POST", self.url, {"Accept": "application/json"}, repeatable=True, private=True)
        request = self.identity.identify(request, fields, self.url)
        asked_at = self.clock()
        response = yield from ask(with_parameters(request, fields, Encoder.FORM), self.client or next)
        return _token(request, response, asked_at)


class OAuth2:
    """Sends a bearer token; gets the next with the refresh token if there is one, else with the grant again."""

    def __init__(
        self,
        endpoint: TokenEndpoint,
        grant: Grant,
        *,
        vault: TokenVault | None = None,
        margin_seconds: float = 60,
    ) -> None:
        self._endpoint = endpoint
        self._grant = grant
        keeper = TokenKeeper(
            self._obtain, vault=vault or MemoryVault(), margin_seconds=margin_seconds, clock=endpoint.clock
        )
        self._session = TokenSession(keeper, _put)

    def __repr__(self) -> str:
        return f"<OAuth2 by {type(self._grant).__name__}>"

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        return (yield from self._session.send(request, next))

    def _obtain(self, next: Next, before: Token | None) -> Flow[Token]:
        refresh = before.refresh if before is not None else None
        if refresh:
            try:
                return (yield from self._refreshed(next, refresh))
            except SignInRefused:
                # Refresh tokens run out as well; a grant that needs no person gets a new pair.
                if isinstance(self._grant, RefreshToken):
                    raise
        token = yield from self._endpoint.ask(self._grant.fields(), next)
        if token.refresh is None and isinstance(self._grant, RefreshToken):
            return Token(token.text, token.obtained_at, token.expires_at, self._grant.token)
        return token

    def _refreshed(self, next: Next, refresh: Secret) -> Flow[Token]:
        token = yield from self._endpoint.ask(RefreshToken(refresh).fields(), next)
        # Servers that do not rotate refresh tokens leave the old one in force without repeating it.
        return Token(token.text, token.obtained_at, token.expires_at, token.refresh or refresh)


@dataclass(frozen=True, slots=True)
class Authorization:
    """A person's way through the browser that was begun: send them to `url`, keep the rest until they return."""

    url: str
    state: str
    verifier: Secret
    redirect_uri: str


def begin_authorization(
    authorize_url: str,
    client_id: str,
    redirect_uri: str,
    *,
    scope: str = "",
    extra: Mapping[str, str] | None = None,
) -> Authorization:
    """The address to send a person to, with a state against forged returns and PKCE (RFC 7636, S256)."""
    if urlsplit(authorize_url).scheme not in ("http", "https"):
        raise InvalidRequest("The authorization address cannot be used", remedy="Write it as https://...")
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(32)
    pairs = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        **({"scope": scope} if scope else {}),
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
        **(extra or {}),
    }
    return Authorization(
        with_query(authorize_url, list(pairs.items())), state, Secret(verifier), redirect_uri
    )


def challenge(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def exchange_code(
    begun: Authorization, returned_url: str, endpoint: TokenEndpoint, next: Next
) -> Flow[Token]:
    """The token for the code in the address the person came back to.

    Store its `refresh` (or the token itself in the vault). Raises SignInRefused for a forged return, for a
    refusal by the person or the server, and for a return without a code.
    """
    answer = {name: values[0] for name, values in parse_qs(urlsplit(returned_url).query).items()}
    if not secrets.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
        raise SignInRefused(
            "The return from the authorization does not belong to the one that was begun",
            remedy="Begin again, in one browser window.",
        )
    if "code" not in answer:
        reason = answer.get("error_description") or answer.get("error") or "there is no code in the address"
        raise SignInRefused(
            f"The authorization was not given: {redact_text(reason)[:300]}", remedy=AUTHORIZE_AGAIN
        )
    fields = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": begun.redirect_uri,
        "code_verifier": begun.verifier.reveal(),
    }
    return (yield from endpoint.ask(fields, next))


def _put(request: Request, token: Token) -> Request:
    return with_bearer(request, token.text)


def _token(request: Request, response: Response, asked_at: datetime) -> Token:
    try:
        fields: Any = response.json()
    except ValueError:
        fields = None
    text = fields.get("access_token") if isinstance(fields, dict) else None
    # Some servers refuse with 200 and an error in the body.
    if not isinstance(text, str) or not text:
        has = f"; it has {', '.join(sorted(fields))}" if isinstance(fields, dict) and fields else ""
        raise SignInRefused(
            f"The token endpoint answered {response.status} without an access_token{has}" + said(response),
            remedy="Check the address of the token endpoint and what it asks for.",
            request_line=request.line,
        )
    refresh = fields.get("refresh_token")
    expires_at = _expires_at(fields.get("expires_in"), text, asked_at)
    return Token(
        Secret(text), asked_at, expires_at, Secret(refresh) if isinstance(refresh, str) and refresh else None
    )


def _expires_at(expires_in: Any, text: str, asked_at: datetime) -> datetime:
    # A number as it should be, or as a text as some servers write it.
    digits = str(expires_in)
    if digits.isascii() and digits.replace(".", "", 1).isdigit():
        return expiry(asked_at, float(digits))
    known = lifetime_seconds(text, asked_at)
    return FOR_EVER if known is None else expiry(asked_at, known)
