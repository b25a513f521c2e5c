"""Bearer token (RFC 6750)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mageferry.http.errors import InvalidRequest
from mageferry.http.flow import Flow, Next
from mageferry.http.message import Request, Response
from mageferry.http.redaction import Secret


@dataclass(frozen=True, slots=True)
class Bearer:
    """Sends a fixed token with every request."""

    token: Secret

    def __post_init__(self) -> None:
        bearer_value(self.token)

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        return (yield from next(with_bearer(request, self.token)))


def with_bearer(request: Request, token: Secret) -> Request:
    """The request with its token, which is masked wherever it is shown, also where a server repeats it."""
    signed = request.with_header("Authorization", bearer_value(token))
    return replace(signed, secrets=(*signed.secrets, token))


def bearer_value(token: Secret) -> str:
    """The header's value. Raises InvalidRequest for what no server accepts, such as a token in quotes."""
    text = token.reveal()
    if not text or not text.isascii() or any(char.isspace() or char in "\"'" for char in text):
        raise InvalidRequest(
            "The token cannot be used: it is empty, or has quotes, blanks or non-ASCII characters",
            remedy="Paste the token alone, without quotes and line breaks.",
        )
    return f"Bearer {text}"
