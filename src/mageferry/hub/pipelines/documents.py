"""Clients and authentications as JSON documents: what the API takes and gives, and what exports are made of.

A stored secret is shown as the mask, or left out of an export and named as to be entered. A secret that a document
leaves out, or has as the mask, stays as it is stored; an empty text takes it away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from mageferry.http.config.described import Typed
from mageferry.http.redaction import MASK, Secret
from mageferry.hub.pipelines.models import (
    HttpAuthenticationRecord,
    HttpClientPlugin,
    HttpClientRecord,
    unpacked,
)
from mageferry.hub.pipelines.options import (
    AUTHENTICATION_TYPES,
    PLUGIN_TYPES,
    find_problems,
    masked,
    missing_secrets,
    secret_names,
)
from mageferry.hub.pipelines.records import put_authentication, put_own_authentication, put_plugin
from mageferry.hub.security.encryption import UnreadableSecret
from mageferry.hub.transfer import FieldProblem, Unacceptable, find_by_code, save_checked

AUTHENTICATION: Final = "http_authentication"
CLIENT: Final = "http_client"
_PLAIN: Final = (
    *("name", "description", "enabled", "base_uri", "abort_on_errors", "expected_statuses", "log_formatter"),
    *("log_keep_days", "log_keep_count", "verify_tls", "certificates", "connect_seconds", "read_seconds"),
    *("total_seconds", "max_connections", "user_agent"),
)


class AuthenticationDocument(BaseModel):
    """A stored authentication. `options`: those of its type; secrets are among them."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: str = Field(max_length=60)
    name: str = Field(max_length=100)
    type: str
    options: dict[str, Any] = Field(default_factory=dict)


class ClientDocument(BaseModel):
    """A client. `own_authentication` and each of `plugins`: a type with its options."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: str = Field(max_length=60)
    name: str = Field(max_length=100)
    description: str = ""
    enabled: bool = True
    base_uri: str = ""
    authentication: str | None = Field(None, description="Code of a stored authentication.")
    own_authentication: dict[str, Any] | None = None
    plugins: list[dict[str, Any]] = Field(default_factory=list)
    abort_on_errors: bool = True
    expected_statuses: str = "200-299"
    log_formatter: Literal["simple", "long", "full", "curl"] = "simple"
    log_keep_days: int = 30
    log_keep_count: int = 10_000
    verify_tls: bool = True
    certificates: str = ""
    proxy: str | None = None
    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    total_seconds: float = 300.0
    max_connections: int = 20
    user_agent: str = "Mageferry"


def authentication_document(record: HttpAuthenticationRecord) -> dict[str, Any]:
    """The document of a record, stored secrets as the mask."""
    options = masked(record.settings, record.secrets)
    return {"code": record.code, "name": record.name, "type": record.type, "options": options}


def client_document(record: HttpClientRecord) -> dict[str, Any]:
    """The document of a record, stored secrets as the mask."""
    own = {"type": record.own_type, **masked(record.own_settings, record.own_secrets)}
    return {
        "code": record.code,
        **{name: getattr(record, name) for name in _PLAIN},
        "authentication": record.authentication.code if record.authentication is not None else None,
        "own_authentication": own if record.own_type else None,
        "plugins": [{"type": row.type, **masked(row.settings, row.secrets)} for row in record.plugins.all()],
        "proxy": MASK if record.proxy else None,
    }


def missing_of(record: HttpAuthenticationRecord | HttpClientRecord) -> list[str]:
    """The needed secrets that are still to be entered, by their fields."""
    if isinstance(record, HttpAuthenticationRecord):
        return [
            f"options.{name}" for name in missing_secrets(AUTHENTICATION_TYPES[record.type], record.secrets)
        ]
    if not record.own_type:
        return []
    kind = AUTHENTICATION_TYPES[record.own_type]
    return [f"own_authentication.{name}" for name in missing_secrets(kind, record.own_secrets)]


def store_authentication(
    document: AuthenticationDocument, record: HttpAuthenticationRecord | None, *, whole: bool = True
) -> HttpAuthenticationRecord:
    """Make or change a record; in a transaction of the caller's. Raises Unacceptable.

    `whole=False`: needed secrets may still be missing, as after an import.
    """
    record = record or HttpAuthenticationRecord()
    kind = _kind(AUTHENTICATION_TYPES, document.type, "type")
    stored = record.secrets if record.type == document.type else Secret("")
    options = _options(kind, document.options, stored, "options", whole=whole)
    record.code, record.name = document.code, document.name
    put_authentication(record, kind, options)
    save_checked(record)
    return record


def store_client(
    document: ClientDocument, record: HttpClientRecord | None, *, whole: bool = True
) -> HttpClientRecord:
    """Make or change a record with its plugins; in a transaction of the caller's. Raises Unacceptable."""
    record = record or HttpClientRecord()
    plugins = list(_plugins(document, record, whole=whole))
    for name in ("code", *_PLAIN):
        setattr(record, name, getattr(document, name))
    record.authentication = find_by_code(HttpAuthenticationRecord, document.authentication, "authentication")
    _put_own(document, record, whole=whole)
    if document.proxy not in (None, MASK):
        record.proxy = Secret(document.proxy or "")
    save_checked(record)
    record.plugins.all().delete()
    for position, (kind, options) in enumerate(plugins):
        row = HttpClientPlugin(client=record, position=position)
        put_plugin(row, kind, options)
        row.save()
    return record


def _put_own(document: ClientDocument, record: HttpClientRecord, *, whole: bool) -> None:
    own = document.own_authentication
    if own is None:
        put_own_authentication(record, None, {})
        return
    type_name = str(own.get("type", ""))
    kind = _kind(AUTHENTICATION_TYPES, type_name, "own_authentication.type")
    stored = record.own_secrets if record.own_type == type_name else Secret("")
    given = {name: value for name, value in own.items() if name != "type"}
    put_own_authentication(record, kind, _options(kind, given, stored, "own_authentication", whole=whole))


def _plugins(
    document: ClientDocument, record: HttpClientRecord, *, whole: bool
) -> Iterator[tuple[type[Typed], dict[str, Any]]]:
    """The plugins' types and options; secrets are kept by type, the first from the first and so on."""
    stored: dict[str, list[Secret]] = {}
    for row in record.plugins.all() if record.pk else []:
        stored.setdefault(row.type, []).append(row.secrets)
    for index, plugin in enumerate(document.plugins):
        type_name, path = str(plugin.get("type", "")), f"plugins[{index}]"
        kind = _kind(PLUGIN_TYPES, type_name, f"{path}.type")
        before = stored.get(type_name) or [Secret("")]
        given = {name: value for name, value in plugin.items() if name != "type"}
        yield kind, _options(kind, given, before.pop(0), path, whole=whole)


def _kind(kinds: Mapping[str, type[Typed]], name: str, field: str) -> type[Typed]:
    kind = kinds.get(name)
    if kind is None:
        text = f"there is no such type. There are: {', '.join(sorted(kinds))}."
        raise Unacceptable([FieldProblem(field, text if name else f"is missing. {text}")])
    return kind


def _options(
    kind: type[Typed], given: Mapping[str, Any], stored: Secret, path: str, *, whole: bool
) -> dict[str, Any]:
    """The options with the secrets that stay. Raises Unacceptable."""
    options = _with_stored(kind, given, stored)
    missing = [] if whole else [name for name in secret_names(kind) if not options.get(name)]
    stand_in: dict[str, Any] = {
        name: "to be entered" if options.get(name) is None else {"to-be-entered": "to be entered"}
        for name in missing
        if name in options or kind.model_fields[name].is_required()
    }
    problems = [
        FieldProblem(f"{path}.{name}".rstrip("."), text)
        for name, text in find_problems(kind, {**options, **stand_in})
    ]
    if problems:
        raise Unacceptable(problems)
    return options


def _with_stored(kind: type[Typed], given: Mapping[str, Any], stored: Secret) -> dict[str, Any]:
    try:
        before = unpacked(stored)
    except UnreadableSecret:
        before = {}
    options = dict(given)
    for name in secret_names(kind):
        value = options.get(name)
        if isinstance(value, dict):
            kept = before.get(name)
            old: dict[str, Any] = kept if isinstance(kept, dict) else {}
            options[name] = {
                each: old.get(each, text) if text == MASK else text for each, text in value.items()
            }
        elif value in (None, MASK):
            options.pop(name, None)
            if name in before:
                options[name] = before[name]
    return {
        name: value for name, value in options.items() if not (name in secret_names(kind) and value == "")
    }
