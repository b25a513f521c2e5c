"""Changing records: a sign-in that changes starts anew, and copies of clients and authentications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models, transaction

from mageferry.http.config.described import Typed
from mageferry.http.redaction import Secret
from mageferry.hub.pipelines.models import (
    HttpAuthenticationRecord,
    HttpClientPlugin,
    HttpClientRecord,
    new_revision,
)
from mageferry.hub.pipelines.options import separate
from mageferry.hub.pipelines.vault import drop_tokens


def put_authentication(
    record: HttpAuthenticationRecord, kind: type[Typed], options: Mapping[str, Any]
) -> None:
    """Give a record its type and options. When they are others, the tokens of the old ones are dropped."""
    settings, secrets = separate(kind, options)
    if (record.type, record.settings, record.secrets) == (kind.type_name, settings, secrets):
        return
    record.type, record.settings, record.secrets = kind.type_name, settings, secrets
    record.revision = new_revision()
    drop_tokens(record.owner)


def put_own_authentication(
    record: HttpClientRecord, kind: type[Typed] | None, options: Mapping[str, Any]
) -> None:
    """The same for the authentication that a client has of its own; None for none."""
    settings, secrets = separate(kind, options) if kind is not None else ({}, Secret(""))
    type_name = kind.type_name if kind is not None else ""
    if (record.own_type, record.own_settings, record.own_secrets) == (type_name, settings, secrets):
        return
    record.own_type, record.own_settings, record.own_secrets = type_name, settings, secrets
    record.own_revision = new_revision()
    drop_tokens(record.owner)


def put_plugin(row: HttpClientPlugin, kind: type[Typed], options: Mapping[str, Any]) -> None:
    """Give a plugin its type and options."""
    row.type = kind.type_name
    row.settings, row.secrets = separate(kind, options)


@transaction.atomic
def duplicate_authentication(record: HttpAuthenticationRecord) -> HttpAuthenticationRecord:
    """A copy under another name, with its secrets; it signs in for itself."""
    name, code = _free_names(HttpAuthenticationRecord, record.name, record.code)
    return HttpAuthenticationRecord.objects.create(
        name=name, code=code, type=record.type, settings=record.settings, secrets=record.secrets
    )


@transaction.atomic
def duplicate_client(record: HttpClientRecord) -> HttpClientRecord:
    """A copy under another name, with plugins and secrets, without its requests."""
    rows = list(record.plugins.all())
    name, code = _free_names(HttpClientRecord, record.name, record.code)
    copy = HttpClientRecord.objects.get(pk=record.pk)
    copy.pk, copy.name, copy.code, copy.own_revision = None, name, code, new_revision()
    copy.save(force_insert=True)
    for row in rows:
        HttpClientPlugin.objects.create(
            client=copy, position=row.position, type=row.type, settings=row.settings, secrets=row.secrets
        )
    return copy


def _free_names(model: type[models.Model], name: str, code: str) -> tuple[str, str]:
    taken = model._default_manager
    for number in range(1, 1000):
        suffix = "" if number == 1 else f" {number}"
        new_name, new_code = f"{name[:80]} (copy{suffix})", f"{code[:50]}-copy{suffix.replace(' ', '-')}"
        if not taken.filter(models.Q(name=new_name) | models.Q(code=new_code)).exists():
            return new_name, new_code
    raise ValueError("There are too many copies: rename some of them.")
