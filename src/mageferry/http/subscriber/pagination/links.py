"""Paginations that follow links: in the body, or in the Link header (RFC 8288)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from mageferry.http.plugins.redirect import same_origin
from mageferry.http.redaction import redact_url
from mageferry.http.subscriber.errors import ForeignHost, PaginationError
from mageferry.http.subscriber.expressions import kind_of, parse
from mageferry.http.subscriber.pagination.turns import PageAnswer, Turn, found


@dataclass(frozen=True, slots=True)
class NextLink:
    """The address of the next page stands in the body; `path`: JMESPath of it, such as `links.next`. It may be
    relative to the address that answered. No link, or an empty one, ends the pages.

    `hosts`: other hosts that may be asked (`files.example`, `files.example:8443`). Authentication, body and headers
    with a secret's name do not go there.
    """

    path: str = "next"
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        parse(self.path, "pagination.path")

    @property
    def reads_body(self) -> bool:
        return True

    def first(self) -> Turn:
        return _FIRST

    def following(self, turn: Turn, answer: PageAnswer) -> Turn | None:
        return _followed(found(self.path, "path", answer), self.hosts, turn, answer)


@dataclass(frozen=True, slots=True)
class LinkHeader:
    """The address of the next page stands in the header `Link`, with `rel="next"`. `hosts` as of NextLink."""

    relation: str = "next"
    hosts: tuple[str, ...] = ()

    @property
    def reads_body(self) -> bool:
        return False

    def first(self) -> Turn:
        return _FIRST

    def following(self, turn: Turn, answer: PageAnswer) -> Turn | None:
        links = httpx2.Response(200, headers=answer.headers).links.values()
        wanted = self.relation.lower()
        targets = (link.get("url") for link in links if wanted in (link.get("rel") or "").lower().split())
        return _followed(next(targets, None), self.hosts, turn, answer)


_FIRST = Turn(1, "", values={"number": 1})


def _followed(link: Any, hosts: tuple[str, ...], turn: Turn, answer: PageAnswer) -> Turn | None:
    if link is None or link is False or (isinstance(link, str) and not link.strip()):
        return None
    if not isinstance(link, str):
        raise PaginationError(
            f"The link to the next page is no text, but {kind_of(link)}", remedy="Fix pagination.path."
        )
    url = _joined(answer.url, link.strip())
    # Not by the address that answered: a redirect may have led to another host, without authentication.
    if not same_origin(answer.origin, url) and not _allowed(url, hosts):
        raise ForeignHost(
            f"The next page is on another host, port or scheme: {redact_url(url)}",
            remedy="Add the host to pagination.hosts, if it may be asked.",
        )
    number = turn.number + 1
    return Turn(number, url, values={"number": number}, url=url, received=turn.received + answer.count)


def _joined(base: str, link: str) -> str:
    try:
        url = urljoin(base, link).partition("#")[0]
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known or parts.username is not None:
        raise PaginationError(
            "The link to the next page is no address that can be asked",
            remedy="Links are relative, or begin with http:// or https:// and have no user and password.",
        )
    origin = urlsplit(base)
    # Servers behind a proxy that ends TLS often take themselves for http.
    downgraded = (origin.scheme, parts.scheme) == ("https", "http") and origin.hostname == parts.hostname
    if downgraded and parts.port in (None, 80, origin.port):
        return parts._replace(scheme="https", netloc=origin.netloc).geturl()
    return url


def _allowed(url: str, hosts: tuple[str, ...]) -> bool:
    parts = urlsplit(url)
    names = {parts.netloc.lower(), *([] if parts.port else [parts.hostname or ""])}
    return bool(names & {host.lower() for host in hosts})
