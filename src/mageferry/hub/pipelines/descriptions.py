"""From records to a description that clients are built from, and what is wrong with it in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from mageferry.http.config import ConfigError, Problem, Setup, Stores
from mageferry.http.placeholders import Scope, secrets_in
from mageferry.http.redaction import Secret, mask_secrets
from mageferry.hub.pipelines.models import HttpAuthenticationRecord, HttpClientRecord
from mageferry.hub.pipelines.options import AUTHENTICATION_TYPES, CATALOGUE, PLUGIN_TYPES, joined
from mageferry.hub.pipelines.template_values import digest_of_values, scope_for
from mageferry.hub.security.outbound import address_policy

_PATH: Final = re.compile(r"(clients|authentications)\.([\w-]+)(?:\.plugins\[(\d+)\])?\.?(.*)")


@dataclass(frozen=True, slots=True)
class Described:
    """A client with everything it signs in over: the description, and the records by their owner's name.

    `revisions` says for each owner of tokens which state of its sign-in they belong to; `client_pks` which record
    a client's requests are written for; `scope` what its templates are filled from, `values_digest` tells apart whether
    what they name of it has changed.
    """

    code: str
    setup: Setup
    revisions: dict[str, str]
    client_pks: dict[str, int]
    scope: Scope
    values_digest: str = ""

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret that was entered, here or as a value for templates, for masking what is shown."""
        return (*self.setup.secrets(), *secrets_in(self.scope.context))

    def masked(self, text: str) -> str:
        """The text without any of them."""
        return mask_secrets(text, self.secrets())


@dataclass(slots=True)
class _Gathered:
    """What belongs to a description, as data with its secrets: never to be shown."""

    clients: dict[str, Any] = field(default_factory=dict)
    authentications: dict[str, Any] = field(default_factory=dict)
    sign_ins: dict[str, tuple[str, Any]] = field(default_factory=dict)
    client_pks: dict[str, int] = field(default_factory=dict)

    def add_client(self, record: HttpClientRecord) -> None:
        """A client and those it signs in over."""
        if record.code in self.clients:
            return
        own = _own_authentication(record)
        self.clients[record.code] = _client_data(record, own)
        self.client_pks[record.code] = record.pk
        self.sign_ins[record.owner] = (record.own_revision, own)
        if record.authentication is not None:
            self.add_authentication(record.authentication)
        else:
            self._add_named(own)

    def add_authentication(self, record: HttpAuthenticationRecord) -> None:
        """A stored authentication and the client it asks over."""
        if record.code in self.authentications:
            return
        data = self.authentications[record.code] = authentication_data(record)
        self.sign_ins[record.owner] = (record.revision, data)
        self._add_named(data)

    def _add_named(self, authentication: dict[str, Any] | None) -> None:
        for client in _named_client(authentication or {}):
            self.add_client(client)

    def described(self, code: str) -> Described:
        """Raises ConfigError with every problem."""
        setup = Setup.parse({"clients": self.clients, "authentications": self.authentications}, CATALOGUE)
        scope = scope_for(self.clients, self.authentications)
        # A sign-in by other values is another one: tokens of the old values are left behind.
        revisions = {
            owner: f"{revision}{digest_of_values(data, scope)}"
            for owner, (revision, data) in self.sign_ins.items()
        }
        digest = digest_of_values([self.clients, self.authentications], scope)
        return Described(code, setup, revisions, self.client_pks, scope, digest)


def describe_client(record: HttpClientRecord) -> Described:
    """A client and those it signs in over. Raises ConfigError with every problem."""
    gathered = _Gathered()
    gathered.add_client(record)
    return gathered.described(record.code)


def describe_authentication(record: HttpAuthenticationRecord) -> Described:
    """A stored authentication on its own, with the client it asks over. Raises ConfigError."""
    gathered = _Gathered()
    gathered.add_authentication(record)
    return gathered.described(record.code)


def check_client(record: HttpClientRecord) -> list[str]:
    """What keeps a client from being used, in words; nothing when it is ready."""
    try:
        described = describe_client(record)
        described.setup.client(record.code, described.scope, Stores(), address_policy())
    except ConfigError as error:
        return [explain(problem, record) for problem in error.problems]
    return []


def check_authentication(record: HttpAuthenticationRecord) -> list[str]:
    """What keeps an authentication from being used, in words."""
    try:
        described = describe_authentication(record)
        if not described.setup.authentications[record.code].follows_base_uri():
            described.setup.authentication(record.code, described.scope, Stores(), address_policy())
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
