"""Signing in: admin tokens, obtained once and renewed in time, and tokens that were given to us.

A token is refused in the same words as a missing permission ("The consumer isn't authorized to access
%resources."), so a refusal is answered by signing in once more; when the new token is refused as well, it is
the permission.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

import orjson

from mageferry.http import Flow, Middleware, Next, Request, Response, Secret
from mageferry.http.authentication.bearer import bearer_value, with_bearer
from mageferry.http.authentication.tokens import TokenKeeper, expiry, lifetime_seconds, now
from mageferry.http.errors import InvalidRequest, Unanswered
from mageferry.magento import remedies
from mageferry.magento.endpoint import Endpoint
from mageferry.magento.errors import (
    ConfigurationError,
    Rejected,
    SignInError,
    error_for,
    error_from,
    unreadable,
)
from mageferry.magento.refusals import refusal_of, refused
from mageferry.magento.twofactor import GOOGLE_PATH, Totp
from mageferry.magento.vault import Token, TokenVault

TOKEN_PATH: Final = "/V1/integration/admin/token"


class Authentication(Protocol):
    """A way to be let in to one shop."""

    def bind(self, endpoint: Endpoint) -> Middleware:
        """The middleware that authenticates requests to this shop."""


class BearerToken:
    """A token given by the shop, such as an integration's access token."""

    def __init__(self, token: Secret | str) -> None:
        self._value = Secret(_bearer(Secret(token)))

    def bind(self, endpoint: Endpoint) -> Middleware:
        """Send the token with every request; a refusal is explained."""
        return self._authenticate

    def _authenticate(self, request: Request, next: Next) -> Flow[Response]:
        response = yield from next(request.with_header("Authorization", self._value.reveal()))
        found = refusal_of(response)
        if found is not None:
            raise refused(request, response, found, remedies.BEARER_OFF)
        return response


class AdminToken:
    """The token of an admin user, obtained with user name and password from `/V1/integration/admin/token`.

    Renewed `margin_seconds` before it runs out, one sign-in at a time for all threads, and for all processes
    that share the vault. How long it holds is read from the token (`exp` minus `iat`, counted from our own
    clock, so that a shop's wrong clock does no harm); tokens that do not say hold `assumed_lifetime_seconds`.

    After a refused sign-in the shop is left alone for `refusal_pause_seconds` and the refusal repeated, since
    six failures lock the user.

    `second_factor`: the user's authenticator app, where the shop asks for two-factor authentication.
    """

    def __init__(
        self,
        username: str,
        password: Secret | str,
        *,
        second_factor: Totp | None = None,
        vault: TokenVault | None = None,
        assumed_lifetime_seconds: float = 4 * 3600,
        margin_seconds: float = 60,
        refusal_pause_seconds: float = 60,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._username = username
        self._password = Secret(password)
        self._second_factor = second_factor
        self._assumed_lifetime_seconds = assumed_lifetime_seconds
        self._refusal_pause_seconds = refusal_pause_seconds
        self._clock = clock
        self._endpoint: Endpoint | None = None
        self._keeper = TokenKeeper(
            self._sign_in,
            vault=vault,
            margin_seconds=margin_seconds,
            clock=clock,
            # A token issued within the second of a revocation is refused like the one that was revoked.
            pause_after_refusal_seconds=1.1,
        )
        self._denied: tuple[Token, frozenset[str]] | None = None
        self._refusal: tuple[SignInError, float] | None = None

    def __repr__(self) -> str:
        return f"<AdminToken of {self._username!r}>"

    def bind(self, endpoint: Endpoint) -> Middleware:
        """Authenticate requests to this shop, and to no other: its token must not be sent there."""
        if self._endpoint is not None and self._endpoint.base != endpoint.base:
            raise ConfigurationError(
                f"This sign-in already belongs to {self._endpoint.base}",
                remedy="Make an AdminToken of its own for every shop.",
            )
        self._endpoint = endpoint
        return self._authenticate

    def _authenticate(self, request: Request, next: Next) -> Flow[Response]:
        token = yield from self._keeper.take(next)
        response = yield from next(_signed(request, token))
        found = refusal_of(response)
        if found is None:
            return response
        resource = found.parameters.get("resources", "")
        if not self._knows_denial(token, resource):
            token = yield from self._keeper.renew(next, token)
            response = yield from next(_signed(request, token))
            found = refusal_of(response)
            if found is None:
                return response
            known = self._denied[1] if self._denied and self._denied[0] == token else frozenset()
            self._denied = (token, known | {resource})
        raise refused(request, response, found, remedies.PERMISSION)

    def _knows_denial(self, token: Token, resource: str) -> bool:
        """Whether this very token was refused this resource when it was new: then it is the permission."""
        return self._denied is not None and self._denied[0] == token and resource in self._denied[1]

    def _sign_in(self, next: Next, before: Token | None) -> Flow[Token]:
        self._check_refusal()
        code = (yield from self._second_factor.code()) if self._second_factor is not None else None
        asked_at = self._clock()
        request, response = yield from self._ask(next, code)
        if code is not None and _has_no_such_route(response):
            # Two-factor authentication is switched off in this shop.
            request, response = yield from self._ask(next, None)
        if not 200 <= response.status < 300:
            raise self._sign_in_failure(request, response)
        text = _token_text(request, response)
        life = lifetime_seconds(text, asked_at) or self._assumed_lifetime_seconds
        return Token(Secret(text), asked_at, expiry(asked_at, life))

    def _ask(self, next: Next, code: Secret | None) -> Flow[tuple[Request, Response]]:
        request = self._sign_in_request(code)
        try:
            return request, (yield from next(request))
        except Unanswered as failure:
            # Signing in twice does no harm, so for the call that waits nothing has happened yet.
            raise error_from(request, failure) from failure

    def _sign_in_request(self, code: Secret | None) -> Request:
        if self._endpoint is None:
            raise ConfigurationError(
                "This sign-in belongs to no shop yet", remedy="Give it to a Magento client."
            )
        fields = {"username": self._username, "password": self._password.reveal()}
        if code is not None:
            fields["otp"] = code.reveal()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        url = Endpoint(self._endpoint.base).url(TOKEN_PATH if code is None else GOOGLE_PATH)
        return Request("POST", url, headers, orjson.dumps(fields), repeatable=True)

    def _sign_in_failure(self, request: Request, response: Response) -> Exception:
        error = error_for(request, response)
        if isinstance(error, Rejected):
            error = SignInError(
                error.message,
                remedy="Check user name and password.",
                status=error.status,
                request_line=error.request_line,
                raw=error.raw,
                template=error.template,
                parameters=error.parameters,
            )
        if isinstance(error, SignInError):
            self._refusal = (error, time.monotonic() + self._refusal_pause_seconds)
        return error

    def _check_refusal(self) -> None:
        if self._refusal is not None and time.monotonic() < self._refusal[1]:
            raise copy.copy(self._refusal[0])
        self._refusal = None


def _has_no_such_route(response: Response) -> bool:
    return response.status == 404 and b"Request does not match any route" in response.content


def _token_text(request: Request, response: Response) -> str:
    """The token out of a JSON string; an error never carries the answer, which may hold it."""
    try:
        text = response.json()
    except ValueError:
        text = None
    if not isinstance(text, str) or not text:
        error = unreadable(request, response, "something that is no token")
        raise ConfigurationError(
            error.message, remedy=remedies.NOT_MAGENTO, status=response.status, request_line=request.line
        )
    return text


def _signed(request: Request, token: Token) -> Request:
    return with_bearer(request, token.text)


def _bearer(token: Secret) -> str:
    try:
        return bearer_value(token)
    except InvalidRequest as error:
        raise ConfigurationError(error.message, remedy=error.remedy) from None
