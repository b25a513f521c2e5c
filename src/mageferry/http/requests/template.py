"""From a template to a request: filled for each entity that is written, or each page that is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from xml.sax.saxutils import escape

from mageferry.http.encoding import flattened, quoted, with_query
from mageferry.http.errors import InvalidRequest
from mageferry.http.message import Request
from mageferry.http.placeholders import (
    EncodedText,
    Kind,
    Scope,
    Template,
    TemplateError,
    as_text,
    reveal,
    secrets_in,
)
from mageferry.http.redaction import Secret
from mageferry.http.requests.bodies import BodyType, CsvOptions, encode, pruned, xml_checked


class UriEncoder(StrEnum):
    """How blanks are written in a query: as %20 (RFC 3986), or as + (RFC 1738)."""

    RFC3986 = "rfc3986"
    RFC1738 = "rfc1738"


_STANDARD_CSV: Final = CsvOptions()


@dataclass(frozen=True, slots=True, repr=False)
class RequestTemplate:
    """A request whose texts may have placeholders. Raises TemplateError for those that do not parse.

    In `path` (or a whole address) each value is encoded as one part of it; parts of the address itself come from the
    environment or the context, never from data. `query` is written as PHP reads it (`a[b][0]=1`); nulls are left out.
    `body` goes as `body_type` says, without empty nodes when `prune` is on. `repeatable`: whether it may be sent
    again; None leaves that to the method, so say True for a search by POST. `place`: what errors name it by.
    """

    path: str
    method: str = "GET"
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    uri_encoder: UriEncoder = UriEncoder.RFC3986
    body_type: BodyType = BodyType.JSON
    prune: bool = False
    content_type: str = ""
    csv: CsvOptions = _STANDARD_CSV
    repeatable: bool | None = None
    place: str = field(default="request", compare=False, kw_only=True)
    _parts: _Parts = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_parts", _Parts.of(self, f"{self.place}.".removeprefix(".")))

    def __repr__(self) -> str:
        # Addresses, headers and bodies may have a key in them.
        return f"<RequestTemplate {self.method.upper()}>"

    @property
    def plus(self) -> bool:
        """Whether blanks in the query are written as +."""
        return self.uri_encoder is UriEncoder.RFC1738

    def fill(self, scope: Scope) -> Request:
        """The request. Raises TemplateError for what is missing, InvalidRequest for what cannot be written."""
        parts = self._parts
        query = parts.query.fill(scope)
        headers = parts.headers.fill(scope)
        body = parts.body.fill(scope) if parts.body is not None else None
        url = parts.path.fill(scope)
        address = self._address(reveal(url), reveal(query))
        content, kind = self._content(reveal(body)) if parts.body is not None else (b"", "")
        request = Request(
            self.method.upper(),
            address,
            {"Content-Type": kind} if kind else {},
            content,
            repeatable=self.repeatable,
            secrets=tuple(secrets_in([url, query, body])),
        )
        for name, value in headers.items():
            if value is not None:
                request = request.with_header(name, value if isinstance(value, Secret) else as_text(value))
        return request

    def _address(self, url: str, query: Any) -> str:
        if any(segment in (".", "..") for segment in url.partition("?")[0].split("/")):
            raise InvalidRequest(
                "The path has a segment that leads elsewhere (. or ..)",
                remedy="Correct the value that it is filled with.",
            )
        try:
            return with_query(url, list(flattened(query)), plus=self.plus)
        except (TypeError, ValueError, RecursionError):
            raise InvalidRequest(
                "The query holds a value that cannot be written",
                remedy="Use texts, numbers, lists and objects.",
            ) from None

    def _content(self, body: Any) -> tuple[bytes, str]:
        content, kind = encode(pruned(body) if self.prune else body, self.body_type, self.csv)
        return content, self.content_type or kind


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parsed templates of a request."""

    path: EncodedText
    query: Template
    headers: Template
    body: Template | EncodedText | None

    @classmethod
    def of(cls, source: RequestTemplate, at: str) -> _Parts:
        if not source.path.strip():
            remedy = "Write a path such as /orders, or a whole address."
            raise TemplateError("The path is empty", path=f"{at}path", remedy=remedy)
        return cls(
            EncodedText.parse(source.path, _path_value, f"{at}path"),
            Template.parse(dict(source.query), f"{at}query"),
            Template.parse(dict(source.headers), f"{at}headers"),
            _body_template(source, f"{at}body"),
        )


def _body_template(source: RequestTemplate, path: str) -> Template | EncodedText | None:
    if source.body is None:
        return None
    if isinstance(source.body, str) and source.body_type is BodyType.XML:
        try:
            return EncodedText.parse(xml_checked(source.body), _xml_value, path)
        except ValueError as error:
            raise TemplateError(f"The body is no XML: {error}", path=path, remedy="Take it out.") from None
    return Template.parse(source.body, path)


def _xml_value(value: str, kind: Kind) -> str:
    return escape(xml_checked(value), {'"': "&quot;", "'": "&apos;"})


def _path_value(value: str, kind: Kind) -> str:
    """A value as one segment. Addresses and their parts are taken from the configuration alone, as they are:
    data could lead the client, and its authentication, to another place."""
    if kind in (Kind.CONTEXT, Kind.ENVIRONMENT):
        return value
    if kind is Kind.DATA and not value:
        raise ValueError("it is empty, and the path without it leads elsewhere")
    return quoted(value)
