"""Basic authentication (RFC 7617)."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from mageferry.http.errors import InvalidRequest
from mageferry.http.flow import Flow, Next
from mageferry.http.message import Request, Response
from mageferry.http.redaction import Secret


@dataclass(frozen=True, slots=True)
class Basic:
    """Sends user name and password with every request, in UTF-8."""

    username: str
    password: Secret

    def __post_init__(self) -> None:
        if ":" in self.username:
            raise InvalidRequest(
                "A user name for Basic authentication cannot have a colon",
                remedy="Use another user, or another way to sign in.",
            )

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        return (
            yield from next(
                request.with_header("Authorization", Secret(basic_value(self.username, self.password)))
            )
        )


def basic_value(username: str, password: Secret) -> str:
    """The header's value."""
    return "Basic " + base64.b64encode(f"{username}:{password.reveal()}".encode()).decode()
