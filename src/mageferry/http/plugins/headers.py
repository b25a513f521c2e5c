"""Header defaults, set, append and remove; content length; accepted encodings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from mageferry.http.flow import Flow, Next, Stage
from mageferry.http.message import Request, Response
from mageferry.http.redaction import Secret

type Headers = Mapping[str, str | Secret]


@dataclass(frozen=True, slots=True)
class HeaderDefaults:
    """Adds headers that the request does not have."""

    headers: Headers
    stage: ClassVar[Stage] = Stage.PREPARE
    adds: ClassVar[bool] = True

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        for name, value in self.headers.items():
            if request.header(name) is None:
                request = request.with_header(name, value)
        return next(request)


@dataclass(frozen=True, slots=True)
class HeaderSet:
    """Sets headers, whatever the request has."""

    headers: Headers
    stage: ClassVar[Stage] = Stage.PREPARE
    adds: ClassVar[bool] = True

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        for name, value in self.headers.items():
            request = request.with_header(name, value)
        return next(request)


@dataclass(frozen=True, slots=True)
class HeaderAppend:
    """Adds to headers that the request may have already, behind a comma (RFC 9110, 5.3)."""

    headers: Headers
    stage: ClassVar[Stage] = Stage.PREPARE
    adds: ClassVar[bool] = True

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        for name, value in self.headers.items():
            before = request.header(name)
            request = request.with_header(name, value)
            if before:
                request = request.with_header(name, f"{before}, {request.header(name)}")
        return next(request)


@dataclass(frozen=True, slots=True)
class HeaderRemove:
    """Takes headers away."""

    names: tuple[str, ...]
    stage: ClassVar[Stage] = Stage.PREPARE
    adds: ClassVar[bool] = True

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        unwanted = {name.lower() for name in self.names}
        return next(request.without_headers(lambda name: name in unwanted))


@dataclass(frozen=True, slots=True)
class ContentLength:
    """Names the length of the body, also of an empty one where the method could have one."""

    stage: ClassVar[Stage] = Stage.PREPARE

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        if request.content or request.method in ("POST", "PUT", "PATCH"):
            request = request.with_header("Content-Length", str(len(request.content)))
        return next(request)


@dataclass(frozen=True, slots=True)
class Decode:
    """Says which compressions are welcome; answers are always decompressed. None: ask for plain ones."""

    encodings: tuple[str, ...] = field(default=("gzip", "deflate"))
    stage: ClassVar[Stage] = Stage.PREPARE

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        return next(request.with_header("Accept-Encoding", ", ".join(self.encodings) or "identity"))
