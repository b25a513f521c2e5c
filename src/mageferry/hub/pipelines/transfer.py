"""Clients and authentications as lines of an export."""

from __future__ import annotations

from typing import Any

from mageferry.http.redaction import MASK, Secret
from mageferry.hub.pipelines.documents import (
    AUTHENTICATION,
    CLIENT,
    AuthenticationDocument,
    ClientDocument,
    authentication_document,
    client_document,
    missing_of,
    store_authentication,
    store_client,
)
from mageferry.hub.pipelines.models import HttpAuthenticationRecord, HttpClientRecord
from mageferry.hub.transfer import TransferKind, register


def _store_authentication(
    content: dict[str, Any], record: HttpAuthenticationRecord | None
) -> HttpAuthenticationRecord:
    return store_authentication(AuthenticationDocument.model_validate(content), record, whole=False)


def _store_client(content: dict[str, Any], record: HttpClientRecord | None) -> HttpClientRecord:
    return store_client(ClientDocument.model_validate(content), record, whole=False)


def _client_secrets(record: HttpClientRecord) -> list[Secret]:
    return [record.own_secrets, record.proxy, *(row.secrets for row in record.plugins.all())]


def _with_kept_names(content: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The document with the named secrets that are stored here, which an export leaves out, as masks."""
    found = dict(content)
    for place in ("options", "own_authentication"):
        if isinstance(found.get(place), dict) and isinstance(before.get(place), dict):
            found[place] = _merged(found[place], before[place])
    plugins = found.get("plugins")
    if isinstance(plugins, list):
        rest = list(before.get("plugins") or [])
        found["plugins"] = [_merged(each, _pop_same(rest, each)) for each in plugins]
    return found


def _pop_same(rest: list[dict[str, Any]], plugin: Any) -> dict[str, Any]:
    type_name = plugin.get("type") if isinstance(plugin, dict) else None
    index = next((at for at, each in enumerate(rest) if each["type"] == type_name), None)
    return rest.pop(index) if index is not None else {}


def _merged(given: Any, before: dict[str, Any]) -> Any:
    if not isinstance(given, dict):
        return given
    found = dict(given)
    for name, value in before.items():
        if isinstance(value, dict) and value and set(value.values()) == {MASK}:
            own = found.get(name, {})
            found[name] = {**value, **own} if isinstance(own, dict) else own
    return found


register(
    TransferKind(
        AUTHENTICATION,
        HttpAuthenticationRecord,
        30,
        authentication_document,
        _store_authentication,
        missing=missing_of,
        keep=_with_kept_names,
    ),
    TransferKind(
        CLIENT,
        HttpClientRecord,
        40,
        client_document,
        _store_client,
        missing=missing_of,
        keep=_with_kept_names,
        secrets=_client_secrets,
    ),
)
