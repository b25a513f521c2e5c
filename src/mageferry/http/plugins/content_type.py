"""Add content-type headers to requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mageferry.http.flow import Flow, Next, Stage
from mageferry.http.message import Request, Response


@dataclass(frozen=True, slots=True)
class ContentType:
    """Names the body's type when the request does not: JSON, XML, a form or plain text, by its look."""

    stage: ClassVar[Stage] = Stage.PREPARE

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        if request.content and request.header("content-type") is None:
            request = request.with_header("Content-Type", guess_content_type(request.content))
        return next(request)


def guess_content_type(body: bytes) -> str:
    """The media type that a body looks like."""
    start = body.lstrip()[:200]
    if start[:1] in (b"{", b"[", b'"'):
        return "application/json"
    if start.startswith(b"<"):
        return "application/xml"
    first = start.split(b"&")[0]
    if b"=" in first and not any(space in start for space in (b" ", b"\n", b"\t")):
        return "application/x-www-form-urlencoded"
    return "text/plain; charset=utf-8"
