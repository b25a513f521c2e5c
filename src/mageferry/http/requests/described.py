"""A request as data: what users enter, checked where it enters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import model_validator

from mageferry.http.config import Description, Problem, Unfit
from mageferry.http.config.fields import Structure, Text, Texts, needed, option
from mageferry.http.placeholders import TemplateError
from mageferry.http.requests.bodies import BodyType, CsvOptions
from mageferry.http.requests.template import RequestTemplate, UriEncoder


class RequestDescription(Description):
    """One request as data; all texts may have placeholders."""

    method: str = option("POST", "Method", pattern="^[A-Za-z]{3,10}$")
    path: Text = needed(
        "URI", "Behind the base URI of the client: /orders/&{id}. Values are encoded.", min_length=1
    )
    query: Structure = option(dict, "Query", "An object; nested ones are written a[b]=1, nulls left out.")
    uri_encoder: UriEncoder = option(
        UriEncoder.RFC3986, "URI encoder", "Blanks in the query as %20 (rfc3986) or + (rfc1738)."
    )
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
            raise Unfit([Problem("query", "must be an object of names and values", 'Write {"limit": "10"}.')])
        try:
            self.build()
        except TemplateError as error:
            raise Unfit([Problem(error.path, error.message, error.remedy)]) from None
        return self

    def build(self, place: str = "") -> RequestTemplate:
        """The template itself; `place`: where it is described. Raises TemplateError."""
        return RequestTemplate(**dict(self), place=place)


class ReadingDescription(RequestDescription):
    """A request that reads, for each page; its texts see since, until and page besides the data."""

    method: str = option("GET", "Method", pattern="^[A-Za-z]{3,10}$")
    repeatable: bool | None = option(
        None, "May be repeated", "Empty: as the method says. On for a search by POST."
    )
