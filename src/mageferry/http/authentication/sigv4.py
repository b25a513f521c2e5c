"""AWS Signature Version 4, for Amazon's own services and what copies them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html. AWS's own signer for Python is at an
alpha stage and announces breakages; what is needed of it is this.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from posixpath import normpath
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from mageferry.http.authentication.tokens import now
from mageferry.http.flow import Flow, Next
from mageferry.http.message import Request, Response
from mageferry.http.redaction import Secret
from mageferry.http.transport import sent_url

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
# Set by the last steps before the wire, or changed on the way: not signed.
_UNSIGNED: Final = frozenset(
    {"authorization", "connection", "user-agent", "accept-encoding", "x-amzn-trace-id", "expect"}
)
_BLANKS = re.compile(r"\s+")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class SigV4:
    """Signs every attempt anew. `session_token` belongs to temporary credentials.

    The service `s3` signs its path as it is and names the hash of the body in a header of its own.
    """

    region: str
    service: str
    access_key_id: str
    secret_access_key: Secret
    session_token: Secret = field(default_factory=lambda: Secret(""))
    clock: Callable[[], datetime] = now

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        return (yield from next(self.sign(request)))

    def sign(self, request: Request) -> Request:
        """The request with its date, its Authorization header and, where it belongs, the session's token."""
        signed_at = self.clock().astimezone(UTC)
        request = request.with_header("X-Amz-Date", f"{signed_at:%Y%m%dT%H%M%SZ}")
        if self.session_token:
            request = request.with_header("X-Amz-Security-Token", self.session_token.reveal())
        if self.service == "s3":
            request = request.with_header("X-Amz-Content-Sha256", sha256(request.content).hexdigest())
        scope = f"{signed_at:%Y%m%d}/{self.region}/{self.service}/aws4_request"
        canonical, names = canonical_request(request, as_it_is=self.service == "s3")
        text = f"{_ALGORITHM}\n{signed_at:%Y%m%dT%H%M%SZ}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self._key(scope), text.encode(), sha256).hexdigest()
        return request.with_header(
            "Authorization",
            f"{_ALGORITHM} Credential={self.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}",
        )

    def _key(self, scope: str) -> bytes:
        key = b"AWS4" + self.secret_access_key.reveal().encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key


def canonical_request(request: Request, *, as_it_is: bool = False) -> tuple[str, str]:
    """What is signed, and the names of the headers in it. `as_it_is`: the path as S3 wants it."""
    parts = urlsplit(sent_url(request.url))
    headers = {name.lower(): _BLANKS.sub(" ", value.strip()) for name, value in request.headers.items()}
    headers = {name: value for name, value in headers.items() if name not in _UNSIGNED}
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    own_port = parts.port if parts.port != _DEFAULT_PORTS.get(parts.scheme) else None
    headers.setdefault("host", f"{bracketed}:{own_port}" if own_port else bracketed)
    names = ";".join(sorted(headers))
    lines = [
        request.method.upper(),
        canonical_path(parts.path, as_it_is=as_it_is),
        canonical_query(parts.query),
        *(f"{name}:{headers[name]}" for name in sorted(headers)),
        "",
        names,
        sha256(request.content).hexdigest(),
    ]
    return "\n".join(lines), names


def canonical_path(path: str, *, as_it_is: bool = False) -> str:
    """The path, encoded once more and without dot segments and doubled slashes, but for S3."""
    if as_it_is:
        return path or "/"
    tail = "/" if path.endswith("/") else ""
    clean = normpath(f"/{path.lstrip('/')}")
    return quote(clean if clean == "/" else clean + tail, safe="/~")


def canonical_query(query: str) -> str:
    """The parameters by name, then value, each in the one encoding that is signed."""
    pairs = (pair.partition("=")[::2] for pair in query.split("&") if pair)
    return "&".join(
        f"{name}={value}"
        for name, value in sorted((_recoded(name), _recoded(value)) for name, value in pairs)
    )


def _recoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="~")
