"""Add base URI to requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from mageferry.http.errors import InvalidRequest
from mageferry.http.flow import Flow, Next, Stage
from mageferry.http.message import Request, Response


@dataclass(frozen=True, slots=True)
class BaseUri:
    """Puts `uri` before every address that is not complete; a complete one stays as it is."""

    uri: str
    stage: ClassVar[Stage] = Stage.PREPARE

    def __post_init__(self) -> None:
        parts = urlsplit(self.uri)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise InvalidRequest(
                "The base URI cannot be used", remedy="Write it as https://host/path, without ? and #."
            )

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        if not request.url[:8].lower().startswith(("http://", "https://")):
            request = request.with_url(f"{self.uri.rstrip('/')}/{request.url.lstrip('/')}")
        return next(request)
