"""Options of a plugin or an authentication, apart: what may be seen, and what is stored encrypted.

A secret that is stored is shown as the mask; the mask given back means: keep what is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mageferry.http.config import Catalogue, ConfigError, FieldKind, Problem, Setup, form_fields
from mageferry.http.config.described import Typed
from mageferry.http.redaction import MASK, Secret, is_secret_name, redact_url
from mageferry.hub.pipelines.models import packed, unpacked
from mageferry.hub.security.encryption import UnreadableSecret
from mageferry.magento.config import MAGENTO_AUTHENTICATIONS

CATALOGUE: Final = Catalogue().plus(*MAGENTO_AUTHENTICATIONS)
# These have fields of their own on a client.
_ON_THE_CLIENT: Final = ("base_uri", "log", "expect")
PLUGIN_TYPES: Final[Mapping[str, type[Typed]]] = {
    kind.type_name: kind for kind in CATALOGUE.plugins if kind.type_name not in _ON_THE_CLIENT
}
AUTHENTICATION_TYPES: Final[Mapping[str, type[Typed]]] = {
    kind.type_name: kind for kind in CATALOGUE.authentications
}
_SECRET_KINDS: Final = (FieldKind.SECRET, FieldKind.SECRETS)
# Where a text of a secret name belongs instead of these options.
_SECRET_SIBLINGS: Final = {
    "headers": ("secret_headers", "secrets"),
    "parameters": ("secrets",),
    "extra": ("secret_extra",),
}


def separate(kind: type[Typed], options: Mapping[str, Any]) -> tuple[dict[str, Any], Secret]:
    """The options that may be seen, and the others packed for an encrypted field."""
    names = secret_names(kind)
    seen = {name: value for name, value in options.items() if name not in names}
    return seen, packed({name: value for name, value in options.items() if name in names and value})


def joined(settings: Mapping[str, Any], secrets: Secret) -> dict[str, Any]:
    """All options, secrets in plain: for building a client, never to be shown. Raises ConfigError."""
    try:
        return {**settings, **unpacked(secrets)}
    except UnreadableSecret as error:
        raise ConfigError([Problem("secrets", str(error))]) from None


def masked(settings: Mapping[str, Any], secrets: Secret) -> dict[str, Any]:
    """All options with stored secrets as the mask. Secrets that nobody here can decrypt are left out."""
    try:
        stored = unpacked(secrets)
    except UnreadableSecret:
        return dict(settings)
    return {**settings, **{name: _masked(value) for name, value in stored.items()}}


def _masked(value: Any) -> Any:
    return dict.fromkeys(value, MASK) if isinstance(value, dict) else MASK


def kept(options: Mapping[str, Any], stored: Secret) -> dict[str, Any]:
    """The options with what is stored in place of every mask. A mask without anything stored stays."""
    try:
        before = unpacked(stored)
    except UnreadableSecret:
        before = {}
    return {name: _kept(value, before.get(name)) for name, value in options.items()}


def _kept(value: Any, before: Any) -> Any:
    if value == MASK and isinstance(before, str):
        return before
    if isinstance(value, dict) and isinstance(before, dict):
        return {name: _kept(each, before.get(name)) for name, each in value.items()}
    return value


def secret_names(kind: type[Typed]) -> list[str]:
    """The options that are secrets."""
    return [field.name for field in form_fields(kind) if field.kind in _SECRET_KINDS]


def missing_secrets(kind: type[Typed], secrets: Secret) -> list[str]:
    """The secrets that are needed and not stored."""
    try:
        stored = unpacked(secrets)
    except UnreadableSecret:
        stored = {}
    return [
        field.name
        for field in form_fields(kind)
        if field.kind is FieldKind.SECRET and field.required and not stored.get(field.name)
    ]


def find_problems(kind: type[Typed], options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with options on their own: each problem with its option, "" for the whole.

    That clients they name exist is looked at when they are stored.
    """
    description: dict[str, Any] = {"type": kind.type_name, **options}
    is_plugin = kind.type_name in PLUGIN_TYPES
    client = str(options.get("client") or "")
    others: dict[str, Any] = {client: {}} if client and not is_plugin else {}
    whole = {"clients": {"x": {"plugins": [description]}}} if is_plugin else {"clients": others}
    try:
        Setup.parse(whole if is_plugin else {**whole, "authentications": {"x": description}}, CATALOGUE)
    except ConfigError as error:
        start = "clients.x.plugins[0]" if is_plugin else "authentications.x"
        for problem in error.problems:
            text = ". ".join(part.rstrip(".") for part in (problem.message, problem.remedy) if part)
            yield problem.path.removeprefix(start).lstrip("."), text
    yield from _plain_secrets(kind, options)


def _plain_secrets(kind: type[Typed], options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Secrets that were entered where everybody sees them."""
    titles = {field.name: field.title for field in form_fields(kind)}
    for name, value in options.items():
        if isinstance(value, str) and name not in secret_names(kind) and redact_url(value) != value:
            yield (
                name,
                "the address has a secret in it: enter that as an authentication or a secret parameter",
            )
        sibling = next((each for each in _SECRET_SIBLINGS.get(name, ()) if each in titles), None)
        if sibling is None or not isinstance(value, dict):
            continue
        for inner, text in value.items():
            if is_secret_name(str(inner)) and text and not _is_placeholder(text):
                yield name, f"{inner} names a secret: enter it under {titles[sibling]}"


def _is_placeholder(text: Any) -> bool:
    return (
        isinstance(text, str)
        and text.startswith(("${", "@{"))
        and text.endswith("}")
        and text.count("{") == 1
    )
