"""From fields to a request's body or query: how structured parameters are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

from mageferry.http.errors import InvalidRequest
from mageferry.http.json_text import json_bytes
from mageferry.http.message import Request


class Encoder(StrEnum):
    """Where parameters go: a JSON or form body, or the query with blanks as %20 (RFC 3986) or + (RFC 1738)."""

    JSON = "json"
    FORM = "form"
    QUERY = "query"
    QUERY_PLUS = "query_plus"


def with_parameters(request: Request, parameters: Any, encoder: Encoder) -> Request:
    """The request with its parameters. Raises InvalidRequest for what cannot be written this way."""
    if encoder is Encoder.JSON:
        return replace(request.with_header("Content-Type", "application/json"), content=_json(parameters))
    if not isinstance(parameters, Mapping):
        raise InvalidRequest(
            "Parameters of a form or a query are an object", remedy='Write them as {"name": "value"}.'
        )
    pairs = list(flattened(parameters))
    if encoder is Encoder.FORM:
        body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
        typed = request.with_header("Content-Type", "application/x-www-form-urlencoded")
        return replace(typed, content=body.encode())
    return replace(request, url=with_query(request.url, pairs, plus=encoder is Encoder.QUERY_PLUS))


def with_query(url: str, pairs: Sequence[tuple[str, str]], *, plus: bool = False) -> str:
    """The address with these parameters behind those it has; blanks as %20 (RFC 3986), or + (RFC 1738)."""
    address, hash_sign, fragment = url.partition("#")
    encode = quote_plus if plus else quote
    added = "&".join(f"{encode(name, safe='')}={encode(value, safe='')}" for name, value in pairs)
    if not added:
        return url
    joiner = "" if address.endswith(("?", "&")) else "&" if "?" in address else "?"
    return f"{address}{joiner}{added}{hash_sign}{fragment}"


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


def flattened(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Fields as pairs, nested ones in PHP's way: `{"a": {"b": [1]}}` as `a[b][0]=1`. Nulls are left out."""
    for name, value in parameters.items():
        full = f"{prefix}[{name}]" if prefix else str(name)
        if isinstance(value, Mapping):
            yield from flattened(value, full)
        elif isinstance(value, list | tuple):
            yield from flattened({str(index): item for index, item in enumerate(value)}, full)
        elif value is not None:
            yield full, value if isinstance(value, str) else json_bytes(value).decode()


def _json(parameters: Any) -> bytes:
    try:
        return json_bytes(parameters)
    except (TypeError, ValueError):
        raise InvalidRequest(
            "The parameters cannot be written as JSON", remedy="Use texts, numbers, lists and objects."
        ) from None


def quoted(text: str) -> str:
    """A text as one part of an address (RFC 3986)."""
    return quote(text, safe="")
