"""Redirect: follow to where the server points, without taking secrets to another host."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final
from urllib.parse import urljoin, urlsplit

from mageferry.http.errors import UnexpectedStatus
from mageferry.http.flow import Flow, Next, Stage
from mageferry.http.message import Request, Response
from mageferry.http.redaction import is_secret_name, redact_url

_KEEPING_METHOD: Final = (307, 308)
_FOLLOWED: Final = (301, 302, 303, *_KEEPING_METHOD)
_OF_THE_BODY: Final = ("content-type", "content-length", "content-encoding", "transfer-encoding")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Redirect:
    """Follows up to `hops` redirects, by RFC 9110, 15.4: after 301 and 302 a POST goes on as GET, after 303 all
    but HEAD do, after 307 and 308 nothing changes.

    To another host, port or scheme (but from http to https of the same host) goes no authentication, no cookie
    and no header with the name of a secret; a body is not sent there at all, and the redirect is the answer.
    """

    hops: int = 5
    stage: ClassVar[Stage] = Stage.REDIRECT

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        for _ in range(self.hops + 1):
            response = yield from next(request)
            target = _target(request, response)
            if target is None:
                return response
            onward = _onward(request, response.status, target)
            if onward is None:
                return response
            request = onward
        raise UnexpectedStatus(
            f"The server redirects more than {self.hops} times, last to {redact_url(request.url)}",
            status=response.status,
            remedy="Write the final address, or look at why the server redirects in a circle.",
            request_line=request.line,
        )


def _target(request: Request, response: Response) -> str | None:
    # The status first: a look into the headers takes longer, and most answers are no redirects.
    location: str | None = response.headers.get("location") if response.status in _FOLLOWED else None
    if not location:
        return None
    target = urljoin(request.url, location)
    # A fragment goes on with the request that had it, but is not sent.
    return target.partition("#")[0] if urlsplit(target).scheme in ("http", "https") else None


def _onward(request: Request, status: int, target: str) -> Request | None:
    """The request to follow with; None when it must not be followed."""
    stays = same_origin(request.url, target) or _only_safer(request.url, target)
    becomes_get = (status == 303 and request.method != "HEAD") or (
        status in (301, 302) and request.method == "POST"
    )
    if request.content and not becomes_get and not stays:
        return None
    onward = replace(request, url=target)
    if becomes_get:
        onward = replace(onward, method="GET", content=b"").without_headers(lambda name: name in _OF_THE_BODY)
    if not stays:
        onward = replace(onward, anonymous=True).without_headers(_is_private)
    return onward


def _is_private(name: str) -> bool:
    return name in ("host", "origin", "referer") or is_secret_name(name)


def same_origin(one: str, other: str) -> bool:
    """Whether scheme, host and port are the same."""
    return _origin(one) == _origin(other)


def _only_safer(one: str, other: str) -> bool:
    before, after = _origin(one), _origin(other)
    return before[1] == after[1] and (before[0], before[2], after[0], after[2]) == ("http", 80, "https", 443)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme.lower())
