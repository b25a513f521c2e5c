"""From records to a description that clients are built from, and what is wrong with it in words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from mageferry.http.config import ConfigError, Problem, Setup, Stores
from mageferry.http.placeholders import Scope
from mageferry.http.redaction import Secret, mask_secrets
from mageferry.hub.configuration import configuration
from mageferry.hub.pipelines.models import HttpAuthenticationRecord, HttpClientRecord
from mageferry.hub.pipelines.options import AUTHENTICATION_TYPES, CATALOGUE, PLUGIN_TYPES, joined
from mageferry.hub.security.outbound import address_policy

_PATH: Final = re.compile(r"(clients|authentications)\.([\w-]+)(?:\.plugins\[(\d+)\])?\.?(.*)")


@dataclass(frozen=True, slots=True)
class Described:
    """A client with everything it signs in over: the description, and the records by their owner's name.

    `revisions` says for each owner of tokens which state of its sign-in they belong to; `client_pks` which record
    a client's requests are written for.
    """

    code: str
    setup: Setup
    revisions: dict[str, str]
    client_pks: dict[str, int]

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret that was entered, for masking what is shown."""
        return tuple(self.setup.secrets())

    def masked(self, text: str) -> str:
        """The text without any of them."""
        return mask_secrets(text, self.secrets())


def describe_client(record: HttpClientRecord) -> Described:
    """A client and those it signs in over. Raises ConfigError with every problem."""
    clients: dict[str, Any] = {}
    authentications: dict[str, Any] = {}
    revisions: dict[str, str] = {}
    pks: dict[str, int] = {}
    waiting = [record]
    while waiting:
        each = waiting.pop()
        if each.code in clients:
            continue
        own = _own_authentication(each)
        stored = each.authentication
        clients[each.code] = _client_data(each, own)
        pks[each.code] = each.pk
        revisions[each.owner] = each.own_revision
        if stored is not None:
            authentications[stored.code] = authentication_data(stored)
            revisions[stored.owner] = stored.revision
        found = authentications[stored.code] if stored is not None else own or {}
        waiting += _named_client(found)
    setup = Setup.parse({"clients": clients, "authentications": authentications}, CATALOGUE)
    return Described(record.code, setup, revisions, pks)


def describe_authentication(record: HttpAuthenticationRecord) -> Described:
    """A stored authentication on its own, with the client it asks over. Raises ConfigError."""
    data = authentication_data(record)
    revisions, pks = {record.owner: record.revision}, dict[str, int]()
    clients: dict[str, Any] = {}
    authentications = {record.code: data}
    for client in _named_client(data):
        other = describe_client(client)
        raw = other.setup.data(reveal=True)
        clients.update(raw["clients"])
        authentications = {**raw["authentications"], **authentications}
        revisions, pks = {**other.revisions, **revisions}, {**other.client_pks, **pks}
    setup = Setup.parse({"clients": clients, "authentications": authentications}, CATALOGUE)
    return Described(record.code, setup, revisions, pks)


def scope() -> Scope:
    """What placeholders are filled from: the environment variables that are allowed."""
    names = configuration().template_variables
    return Scope(environment={name: Secret(os.environ[name]) for name in names if name in os.environ})


def check_client(record: HttpClientRecord) -> list[str]:
    """What keeps a client from being used, in words; nothing when it is ready."""
    try:
        described = describe_client(record)
        described.setup.client(record.code, scope(), Stores(), address_policy())
    except ConfigError as error:
        return [explain(problem, record) for problem in error.problems]
    return []


def check_authentication(record: HttpAuthenticationRecord) -> list[str]:
    """What keeps an authentication from being used, in words."""
    try:
        described = describe_authentication(record)
        if not described.setup.authentications[record.code].follows_base_uri():
            described.setup.authentication(record.code, scope(), Stores(), address_policy())
    except ConfigError as error:
        return [explain(problem, None) for problem in error.problems]
    return []


def explain(problem: Problem, record: HttpClientRecord | None) -> str:
    """A problem with the names that a person sees on the pages."""
    found = _PATH.fullmatch(problem.path)
    text = f"{problem.message}. {problem.remedy}".rstrip(" .") + "."
    if found is None:
        return text
    group, code, index, option = found.groups()
    parts = ["Authentication" if group == "authentications" else "Client", code]
    if record is not None and code == record.code and group == "clients":
        parts = []
    if index is not None:
        parts.append(_place(record if record and code == record.code else None, int(index)))
    if option:
        parts.append(option.replace("_", " "))
    return f"{', '.join(parts)}: {text}" if parts else text


def _place(record: HttpClientRecord | None, index: int) -> str:
    if record is None:
        return f"plugin {index + 1}"
    names = [*(["base URI"] if record.base_uri else []), "log"]
    names += [
        PLUGIN_TYPES[each.type].title if each.type in PLUGIN_TYPES else each.type for each in _rows(record)
    ]
    return [*names, "expected statuses"][index]


def _rows(record: HttpClientRecord) -> Any:
    return record.plugins.all() if record.pk else []


def _client_data(record: HttpClientRecord, own: dict[str, Any] | None) -> dict[str, Any]:
    plugins: list[dict[str, Any]] = []
    if record.base_uri:
        plugins.append({"type": "base_uri", "uri": record.base_uri})
    plugins.append({"type": "log", "formatter": record.log_formatter})
    plugins += [{"type": each.type, **joined(each.settings, each.secrets)} for each in _rows(record)]
    if record.abort_on_errors:
        plugins.append({"type": "expect", "statuses": record.expected_statuses})
    stored = record.authentication
    return {
        "plugins": plugins,
        "authentication": stored.code if stored is not None else own,
        "wire": {
            "verify_tls": record.verify_tls,
            "certificates": record.certificates,
            "proxy": record.proxy,
            "connect_seconds": record.connect_seconds,
            "read_seconds": record.read_seconds,
            "total_seconds": record.total_seconds,
            "max_connections": record.max_connections,
            "user_agent": record.user_agent,
        },
    }


def _own_authentication(record: HttpClientRecord) -> dict[str, Any] | None:
    if not record.own_type:
        return None
    return {"type": record.own_type, **joined(record.own_settings, record.own_secrets)}


def authentication_data(record: HttpAuthenticationRecord) -> dict[str, Any]:
    """A stored authentication as data, secrets in plain: never to be shown. Raises ConfigError."""
    return {"type": record.type, **joined(record.settings, record.secrets)}


def _named_client(authentication: dict[str, Any]) -> Iterator[HttpClientRecord]:
    code = authentication.get("client")
    if isinstance(code, str) and code and authentication["type"] in AUTHENTICATION_TYPES:
        yield from HttpClientRecord.objects.select_related("authentication").filter(code=code)
