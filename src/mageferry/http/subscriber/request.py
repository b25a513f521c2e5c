"""What is asked: a request with placeholders, filled for each page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import quote, unquote_plus

from mageferry.http.encoding import Encoder, flattened, with_parameters, with_query
from mageferry.http.message import Request
from mageferry.http.placeholders import (
    Placeholder,
    Scope,
    Template,
    TemplateError,
    as_text,
    parse_text,
    reveal,
    secrets_in,
)
from mageferry.http.redaction import Secret
from mageferry.http.subscriber.errors import WrongSettings


class UriEncoder(StrEnum):
    """How blanks are written in a query: as %20 (RFC 3986), or as + (RFC 1738)."""

    RFC3986 = "rfc3986"
    RFC1738 = "rfc1738"


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """What is asked. Every field but the method and the encoders may have placeholders.

    In `uri` a value is encoded as one part of the path or query, unless it begins the address. `query` is written
    as PHP reads it (`a[b][0]=1`); nulls are left out. `body` goes as `body_encoder` says: JSON, or FORM.
    `repeatable`: whether it may be asked again; None leaves that to the method, so say True for a search by POST.

    Placeholders see `since` and `until` (texts, `since` null in a first run) and `page` (`number`, and what the
    pagination adds: `size`, `offset`, `cursor`), besides the data, environment and context of the scope.
    """

    uri: str
    method: str = "GET"
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    uri_encoder: UriEncoder = UriEncoder.RFC3986
    body_encoder: Encoder = Encoder.JSON
    repeatable: bool | None = None

    def __post_init__(self) -> None:
        if self.body_encoder not in (Encoder.JSON, Encoder.FORM):
            raise WrongSettings("request.body_encoder", "a body is written as JSON or as a form")
        try:
            self.compiled()
        except TemplateError as error:
            raise WrongSettings("request", str(error), remedy=error.remedy) from None

    def compiled(self) -> Callable[[Scope], Request]:
        """A function that fills it. It raises TemplateError and InvalidRequest (an HttpError)."""
        fill_uri = _uri_filler(self.uri)
        query = Template.parse(dict(self.query), "request.query")
        headers = Template.parse(dict(self.headers), "request.headers")
        body = Template.parse(self.body, "request.body")

        def fill(scope: Scope) -> Request:
            uri, uri_secrets = fill_uri(scope)
            filled = {"query": query.fill(scope), "headers": headers.fill(scope), "body": body.fill(scope)}
            plain = reveal(filled)
            request = Request(
                self.method.upper(),
                with_query(uri, list(flattened(plain["query"])), plus=self.plus),
                {name: as_text(value) for name, value in plain["headers"].items() if value is not None},
                repeatable=self.repeatable,
                secrets=(*uri_secrets, *secrets_in(filled)),
            )
            if self.body is None:
                return request
            return with_parameters(request, plain["body"], self.body_encoder)

        return fill

    @property
    def plus(self) -> bool:
        return self.uri_encoder is UriEncoder.RFC1738


def _uri_filler(uri: str) -> Callable[[Scope], tuple[str, list[Secret]]]:
    path = "request.uri"
    if not uri.strip():
        raise WrongSettings(path, "is empty", remedy="Write a path such as /orders, or a whole address.")
    parts = [
        (part, Template.parse(str(part), path) if isinstance(part, Placeholder) else None)
        for part in parse_text(uri, path)
    ]

    def fill(scope: Scope) -> tuple[str, list[Secret]]:
        texts: list[str] = []
        secrets: list[Secret] = []
        for part, template in parts:
            if template is None:
                texts.append(str(part))
                continue
            value = template.fill(scope)
            secrets += secrets_in(value)
            text = as_text(reveal(value))
            # At the very beginning stands an address, everywhere else a part of one.
            texts.append(quote(text, safe="") if texts else text)
        return "".join(texts), secrets

    return fill


def with_replaced_query(url: str, parameters: Mapping[str, str], *, plus: bool) -> str:
    """The address with these parameters, in place of those of the same names."""
    if not parameters:
        return url
    address, hash_sign, fragment = url.partition("#")
    path, question, query = address.partition("?")
    kept = [
        pair for pair in query.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in parameters
    ]
    base = f"{path}{question}{'&'.join(kept)}" if kept else path
    return with_query(f"{base}{hash_sign}{fragment}", list(parameters.items()), plus=plus)
