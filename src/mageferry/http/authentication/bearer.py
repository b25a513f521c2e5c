"""Bearer token (RFC 6750)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mageferry.http.errors import InvalidRequest
from mageferry.http.flow import Flow, Next
from mageferry.http.message import Request, Response
from mageferry.http.redaction import Secret

# ASCII without blanks and quotes; looked at with every request, since a token may have come from a server.
_USABLE: Final = re.compile(r"[^\s\"'\x80-\U0010ffff]+")


@dataclass(frozen=True, slots=True)
class Bearer:
    """Sends a fixed token with every request."""

    token: Secret

    def __post_init__(self) -> None:
        bearer_value(self.token)

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        return next(with_bearer(request, self.token))


def with_bearer(request: Request, token: Secret) -> Request:
    """The request with its token, which is masked wherever it is shown, also where a server repeats it."""
    return request.with_header("Authorization", bearer_value(token), (token,))


def bearer_value(token: Secret) -> str:
    """The header's value. Raises InvalidRequest for what no server accepts, such as a token in quotes."""
    text = token.reveal()
    if not _USABLE.fullmatch(text):
        raise InvalidRequest(
            "The token cannot be used: it is empty, or has quotes, blanks or non-ASCII characters",
            remedy="Paste the token alone, without quotes and line breaks.",
        )
    return f"Bearer {text}"
