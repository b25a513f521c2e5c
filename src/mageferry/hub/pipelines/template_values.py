"""What templates of clients and authentications are filled from: the environment, and what other rooms offer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from mageferry.http.json_text import json_bytes
from mageferry.http.placeholders import Kind, Scope, Template, TemplateError, reveal
from mageferry.http.placeholders.filling import search
from mageferry.http.redaction import Secret
from mageferry.hub.configuration import configuration

type Values = Mapping[str, Any]

_offers: dict[str, Callable[[], Values]] = {}


def offer(name: str, read: Callable[[], Values]) -> None:
    """Let templates see these values as `@{name.VALUE}`; they are read anew whenever a client is asked for."""
    _offers[name] = read


def environment() -> Scope:
    """The environment variables that are allowed."""
    names = configuration().template_variables
    return Scope(environment={name: Secret(os.environ[name]) for name in names if name in os.environ})


def scope() -> Scope:
    """All that templates may see."""
    return Scope(
        environment=environment().environment, context={name: read() for name, read in _offers.items()}
    )


def scope_for(*described: Any) -> Scope:
    """The same for these descriptions: what is offered is read only where one of them names some of it."""
    named = any(True for each in described for _ in _named_in(each))
    return scope() if named else environment()


def digest_of_values(described: Any, scope: Scope) -> str:
    """A digest of the offered values that a description names, "" when it names none: another one, another client."""
    found = []
    for placeholder in _named_in(described):
        try:
            found.append(reveal(search(placeholder, dict(scope.context), "")))
        except TemplateError:
            found.append(None)
    return sha256(json_bytes(found)).hexdigest() if found else ""


def _named_in(described: Any) -> Iterator[Any]:
    """The placeholders of the context in a description, at any depth."""
    if isinstance(described, Secret):
        yield from _named_in(described.reveal())
    elif isinstance(described, Mapping):
        for name, item in described.items():
            yield from _named_in(name)
            yield from _named_in(item)
    elif isinstance(described, list | tuple):
        for item in described:
            yield from _named_in(item)
    elif isinstance(described, str) and "@{" in described:
        try:
            placeholders = Template.parse(described).placeholders
        except TemplateError:
            # It is no template, such as a pattern: what should be one was checked when it was stored.
            return
        yield from (each for each in placeholders if each.kind is Kind.CONTEXT)
