"""Templated requests: what users enter, and the request it becomes for one entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self
from xml.sax.saxutils import escape

from pydantic import model_validator

from mageferry.http.config import Description
from mageferry.http.config.fields import Structure, Text, Texts, needed, option
from mageferry.http.encoding import flattened, quoted, with_query
from mageferry.http.errors import InvalidRequest
from mageferry.http.message import Request
from mageferry.http.placeholders import EncodedText, Kind, Scope, Template, as_text, reveal, secrets_in
from mageferry.http.publisher.bodies import BodyType, CsvOptions, encode, pruned, xml_checked
from mageferry.http.redaction import Secret


class RequestDescription(Description):
    """One request as data; all texts may have placeholders."""

    method: str = option("POST", "Method", pattern="^[A-Za-z]{3,10}$")
    path: Text = needed(
        "Path", "Behind the base URI of the client: /orders/&{id}. Values are encoded.", min_length=1
    )
    query: Structure = option(dict, "Query", "An object; nested ones are written a[b]=1, nulls left out.")
    query_plus: bool = option(False, "Blanks as +", "In the query, instead of %20.")
    headers: Texts = option(dict, "Headers", "One that becomes null is left out.")
    body_type: BodyType = option(BodyType.JSON, "Body type")
    body: Structure = option(None, "Body", "A structure, or for XML and raw a text; none: no body.")
    prune: bool = option(
        False, "Leave out empty nodes", 'null, "", [] and {} at any depth; 0 and false stay.'
    )
    content_type: str = option("", "Content type", "Instead of the one of the body type.")
    csv: CsvOptions = option(CsvOptions, "CSV")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not isinstance(self.query, Mapping):
            raise ValueError("the query is an object of names and values")
        if isinstance(self.body, str) and self.body_type is BodyType.XML:
            xml_checked(self.body)
        return self

    def build(self, path: str = "") -> RequestTemplate:
        return RequestTemplate(self, path)


class RequestTemplate:
    """Makes a request for each scope."""

    def __init__(self, description: RequestDescription, path: str = "") -> None:
        self._how = description
        at = f"{path}." if path else ""
        self._path = EncodedText.parse(description.path, _path_value, f"{at}path")
        self._query = Template.parse(description.query, f"{at}query")
        self._headers = Template.parse(dict(description.headers), f"{at}headers")
        self._body = _body_template(description, f"{at}body")

    def __repr__(self) -> str:
        return f"<RequestTemplate {self._how.method.upper()}>"

    def fill(self, scope: Scope) -> Request:
        """The request. Raises TemplateError for what is missing, InvalidRequest for what cannot be written."""
        query = self._query.fill(scope)
        headers = self._headers.fill(scope)
        body = self._body.fill(scope) if self._body is not None else None
        url = self._path.fill(scope)
        address = self._address(reveal(url), reveal(query))
        content, kind = self._content(reveal(body)) if self._body is not None else (b"", "")
        request = Request(
            self._how.method.upper(),
            address,
            {"Content-Type": kind} if kind else {},
            content,
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
            return with_query(url, list(flattened(query)), plus=self._how.query_plus)
        except (TypeError, ValueError, RecursionError):
            raise InvalidRequest(
                "The query holds a value that cannot be written",
                remedy="Use texts, numbers, lists and objects.",
            ) from None

    def _content(self, body: Any) -> tuple[bytes, str]:
        content, kind = encode(pruned(body) if self._how.prune else body, self._how.body_type, self._how.csv)
        return content, self._how.content_type or kind


def _body_template(how: RequestDescription, path: str) -> Template | EncodedText | None:
    if how.body is None:
        return None
    if isinstance(how.body, str) and how.body_type is BodyType.XML:
        return EncodedText.parse(how.body, _xml_value, path)
    return Template.parse(how.body, path)


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
