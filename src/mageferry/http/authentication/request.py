"""Request authentication: ask for something first, and send what it answered along in a header.

    RequestAuthentication(
        uri="https://shop.example/rest/V1/integration/admin/token",
        parameters={"username": "integration", "password": Secret("...")},
    )

What came back is put into the header by a template, `Bearer &{@[0]}` by default: a bare JSON string is seen as a
list of one. It is kept until it runs out or is refused, then asked for once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from mageferry.http.authentication.tokens import (
    FOR_EVER,
    TokenKeeper,
    TokenSession,
    ask,
    expiry,
    lifetime_seconds,
    now,
    refused,
)
from mageferry.http.encoding import Encoder, with_parameters
from mageferry.http.errors import SignInRefused
from mageferry.http.flow import Flow, Next
from mageferry.http.message import Request, Response
from mageferry.http.placeholders import (
    MissingValue,
    Scope,
    Template,
    TemplateError,
    as_text,
    reveal,
    secrets_in,
)
from mageferry.http.redaction import Secret
from mageferry.http.vault import Token, TokenVault


class Source(StrEnum):
    """Which part of the answer the template is filled from."""

    BODY = "body"
    HEADER = "header"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """How to ask. `parameters` and `headers` may have placeholders, filled from `scope`.

    `client`: the chain of another client, which may authenticate itself; None sends over the client that is
    being authenticated. `failed`: JMESPath that is true for an answer of 200 which is none, such as `error`.
    """

    uri: str
    method: str = "POST"
    encoder: Encoder = Encoder.JSON
    parameters: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    client: Next | None = None
    failed: str = ""
    scope: Scope = field(default_factory=Scope)


class RequestAuthentication:
    """See the module. `expires_in`: template of the seconds a token holds, else `lifetime_seconds`, else what a
    JSON web token says of itself. `refused_statuses` and `refused` (JMESPath over `{status, body}`) tell that a
    request's answer refuses the token. `keep=False` asks anew for every request.
    """

    def __init__(
        self,
        sign_in: SignInRequest,
        *,
        header: str = "Authorization",
        source: Source = Source.BODY,
        template: str = "Bearer &{@[0]}",
        keep: bool = True,
        expires_in: str = "",
        lifetime_seconds: float | None = None,
        refused_statuses: frozenset[int] = frozenset({401}),
        refused: str = "",
        vault: TokenVault | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._sign_in = sign_in
        self._header = header
        self._source = source
        self._template = Template.parse(template, "template")
        self._expires_in = Template.parse(expires_in, "expires_in") if expires_in else None
        self._lifetime_seconds = lifetime_seconds
        self._keep = keep
        self._parameters = Template.parse(sign_in.parameters, "parameters")
        self._headers = Template.parse(dict(sign_in.headers), "headers")
        self._failed = _condition(sign_in.failed, "failed")
        self._refused_statuses = refused_statuses
        self._refused = _condition(refused, "refused")
        self._clock = clock
        keeper = TokenKeeper(self._obtain, vault=vault, clock=clock)
        self._session = TokenSession(keeper, self._put, self._refuses)

    def __repr__(self) -> str:
        return f"<RequestAuthentication by {self._sign_in.method} for {self._header}>"

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        if self._keep:
            return (yield from self._session.send(request, next))
        token = yield from self._obtain(next, None)
        return (yield from next(self._put(request, token)))

    def _put(self, request: Request, token: Token) -> Request:
        # A server may repeat it without the word before it.
        bare = Secret(token.text.reveal().rpartition(" ")[2])
        signed = request.with_header(self._header, token.text)
        return replace(signed, secrets=(*signed.secrets, bare))

    def _refuses(self, response: Response) -> bool:
        if response.status in self._refused_statuses:
            return True
        # Bodies are decoded only when there is a rule about them.
        refused = self._refused
        return refused is not None and refused({"status": response.status, "body": _decoded(response)})

    def _obtain(self, next: Next, before: Token | None) -> Flow[Token]:
        request = self._request()
        asked_at = self._clock()
        response = yield from ask(request, self._sign_in.client or next)
        if self._failed is not None and self._failed(_decoded(response)):
            raise refused(request, response)
        data = self._data(request, response)
        text = self._filled(self._template, data, request)
        return Token(Secret(text), asked_at, self._expiry(asked_at, text, data, request))

    def _request(self) -> Request:
        how = self._sign_in
        own_headers = self._headers.fill(how.scope)
        request = Request(
            how.method.upper(), how.uri, {"Accept": "application/json"}, repeatable=True, private=True
        )
        for name, value in own_headers.items():
            request = request.with_header(name, value if isinstance(value, str | Secret) else as_text(value))
        if how.parameters is None:
            return request
        parameters = self._parameters.fill(how.scope)
        request = replace(request, secrets=(*request.secrets, *secrets_in(parameters)))
        return with_parameters(request, reveal(parameters), how.encoder)

    def _data(self, request: Request, response: Response) -> Any:
        if self._source is Source.STATUS:
            return response.status
        if self._source is Source.HEADER:
            return {name.lower(): value for name, value in response.headers.items()}
        if response.content.lstrip().startswith(b"<"):
            raise SignInRefused(
                f"The sign-in was answered with a page ({response.status}), not with a token",
                remedy="Check the address of the sign-in, and that no login page or firewall stands before it.",
                request_line=request.line,
            )
        return _decoded(response)

    def _filled(self, template: Template, data: Any, request: Request) -> str:
        try:
            value = reveal(template.fill(self._sign_in.scope.with_data(data)))
        except TemplateError as error:
            raise SignInRefused(
                f"The sign-in was answered, but {error.message} in its {self._source}{_names(data)}"
                if isinstance(error, MissingValue)
                else f"The sign-in was answered, but {error}",
                remedy="Correct the template, or the source it is filled from.",
                request_line=request.line,
            ) from None
        text = value if isinstance(value, str) else ""
        if not text.strip() or not text.isascii() or any(char in "\r\n\0" for char in text):
            raise SignInRefused(
                f"The sign-in was answered, but its {self._source} makes no header",
                remedy="Correct the template: it must give a text of one line.",
                request_line=request.line,
            )
        return text

    def _expiry(self, asked_at: datetime, text: str, data: Any, request: Request) -> datetime:
        if self._expires_in is not None:
            value = self._expires_in.fill(self._sign_in.scope.with_data(data))
            try:
                return expiry(asked_at, float(value))
            except (TypeError, ValueError, OverflowError):
                raise SignInRefused(
                    "The sign-in was answered, but how long it holds is no number",
                    remedy="Correct expires_in, or leave it out.",
                    request_line=request.line,
                ) from None
        if self._lifetime_seconds is not None:
            return expiry(asked_at, self._lifetime_seconds)
        known = lifetime_seconds(text.rpartition(" ")[2], asked_at)
        return FOR_EVER if known is None else expiry(asked_at, known)


def _condition(expression: str, name: str) -> Callable[[Any], bool] | None:
    """Whether JMESPath finds something true; None without an expression."""
    if not expression:
        return None
    template = Template.parse(f"?{{{expression}}}", name)
    return lambda data: bool(template.fill(Scope(data)))


def _decoded(response: Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.content.decode("utf-8", "replace")


def _names(data: Any) -> str:
    """What the data has, by names alone."""
    return f"; it has {', '.join(sorted(map(str, data))[:20])}" if isinstance(data, dict) and data else ""
