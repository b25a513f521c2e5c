"""JSON web tokens (RFC 7519) that we sign ourselves; the signing is PyJWT's."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import jwt

from mageferry.http.authentication.tokens import now
from mageferry.http.errors import InvalidRequest
from mageferry.http.flow import Flow, Next
from mageferry.http.message import Request, Response
from mageferry.http.redaction import Secret

ALGORITHMS: Final = (
    *("HS256", "HS384", "HS512"),
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """Makes tokens. `key`: the shared secret (HS...) or a private key as PEM text; `claims` go in as they are.

    `iat`, `exp` and a `jti` of its own are added to each token, unless the claims name them.
    """

    algorithm: str
    key: Secret
    claims: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    lifetime_seconds: float = 300
    clock: Callable[[], datetime] = now

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise InvalidRequest(
                f"{self.algorithm[:20]!r} is no algorithm for JSON web tokens",
                remedy=f"Use one of {', '.join(ALGORITHMS)}.",
            )
        self.sign()

    def sign(self, **claims: Any) -> Secret:
        """A new token. Raises InvalidRequest when the key does not fit the algorithm."""
        issued_at = int(self.clock().timestamp())
        payload = {
            "iat": issued_at,
            "exp": issued_at + int(self.lifetime_seconds),
            "jti": secrets.token_hex(16),
            **self.claims,
            **claims,
        }
        try:
            return Secret(jwt.encode(payload, self.key.reveal(), self.algorithm, headers=dict(self.headers)))
        except NotImplementedError:
            raise InvalidRequest(
                f"{self.algorithm} needs a library that is not installed",
                remedy="pip install 'mageferry[keys]'",
            ) from None
        except Exception:
            # Whatever the cryptography says may quote the key.
            raise InvalidRequest(
                f"The key or the claims cannot be used with {self.algorithm}",
                remedy="HS... takes a shared secret of at least 32 bytes; RS..., PS..., ES... and EdDSA a private "
                "key of that kind as PEM text.",
            ) from None


@dataclass(frozen=True, slots=True)
class JsonWebToken:
    """Sends a fresh token with every request; `prefix` stands before it in the header."""

    signer: TokenSigner
    header: str = "Authorization"
    prefix: str = "Bearer "

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        return (
            yield from next(request.with_header(self.header, f"{self.prefix}{self.signer.sign().reveal()}"))
        )
