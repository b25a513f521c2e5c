"""Exports and imports as NDJSON: one client or authentication a line, so that one installation's go to another.

Secrets are left out; `secrets_to_enter` names them. An import keeps the secrets that are stored already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from django.db import transaction
from pydantic import ValidationError

from mageferry.http.redaction import MASK
from mageferry.hub.pipelines.documents import (
    AUTHENTICATION,
    CLIENT,
    AuthenticationDocument,
    ClientDocument,
    Unacceptable,
    authentication_document,
    client_document,
    missing_of,
    store_authentication,
    store_client,
)
from mageferry.hub.pipelines.models import HttpAuthenticationRecord, HttpClientRecord

LONGEST_BYTES: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """What an import does with one line: `action` is created, changed, unchanged or refused."""

    number: int
    kind: str
    code: str
    action: str
    changed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    secrets_to_enter: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Import:
    """What an import did, or would do. With a refused line nothing at all is stored."""

    lines: list[Line]
    stored: bool

    @property
    def refused(self) -> bool:
        return any(line.action == "refused" for line in self.lines)


class _Undo(Exception):
    """Ends the transaction of a dry run."""


def export_lines(
    clients: Iterable[HttpClientRecord] | None = None,
    authentications: Iterable[HttpAuthenticationRecord] | None = None,
) -> Iterator[bytes]:
    """One line for each record; without any named, all of them."""
    if clients is None and authentications is None:
        clients = HttpClientRecord.objects.all()
        authentications = HttpAuthenticationRecord.objects.all()
    for authentication in authentications or ():
        yield _line(AUTHENTICATION, authentication_document(authentication))
    for client in clients or ():
        yield _line(CLIENT, client_document(client))


def _line(kind: str, document: dict[str, Any]) -> bytes:
    hidden: list[str] = []
    shown = _without_masks(document, "", hidden)
    return orjson.dumps({"kind": kind, **shown, "secrets_to_enter": hidden}) + b"\n"


def _without_masks(value: Any, path: str, hidden: list[str]) -> Any:
    if isinstance(value, dict):
        found = {}
        for name, item in value.items():
            below = f"{path}.{name}".lstrip(".")
            if item == MASK:
                hidden.append(below)
            else:
                found[name] = _without_masks(item, below, hidden)
        return found
    if isinstance(value, list):
        return [_without_masks(item, f"{path}[{index}]", hidden) for index, item in enumerate(value)]
    return value


def import_lines(text: bytes, *, dry_run: bool) -> Import:
    """Store what the lines say, or only tell what that would be. All of it is stored, or nothing."""
    lines: list[Line] = []
    try:
        with transaction.atomic():
            # Authentications first: clients name them.
            numbered = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
            read = [_read(number, line) for number, line in numbered]
            for each in sorted(read, key=lambda one: isinstance(one, _Document) and one.kind == CLIENT):
                lines.append(_apply(each) if isinstance(each, _Document) else each)
            if dry_run or any(line.action == "refused" for line in lines):
                raise _Undo
    except _Undo:
        return Import(sorted(lines, key=lambda line: line.number), stored=False)
    return Import(sorted(lines, key=lambda line: line.number), stored=True)


@dataclass(frozen=True, slots=True)
class _Document:
    number: int
    kind: str
    code: str
    content: dict[str, Any]
    secrets: list[str]


def _read(number: int, line: bytes) -> _Document | Line:
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Line(number, "", "", "refused", problems=[f"this is no JSON (column {error.colno})"])
    if not isinstance(content, dict) or content.get("kind") not in (AUTHENTICATION, CLIENT):
        text = f'a line is an object with a kind: {{"kind": "{AUTHENTICATION}", ...}} or "{CLIENT}"'
        return Line(number, "", "", "refused", problems=[text])
    kind = content.pop("kind")
    secrets = content.pop("secrets_to_enter", [])
    named = [each for each in secrets if isinstance(each, str)] if isinstance(secrets, list) else []
    return _Document(number, kind, str(content.get("code", "")), content, named)


def _apply(document: _Document) -> Line:
    try:
        # A savepoint: a refused line leaves the others to be looked at.
        with transaction.atomic():
            return _stored(document)
    except ValidationError as error:
        problems = problems_of(error)
    except Unacceptable as error:
        problems = [str(problem) for problem in error.problems]
    return Line(document.number, document.kind, document.code, "refused", problems=problems)


def _stored(document: _Document) -> Line:
    model: Any = HttpClientRecord if document.kind == CLIENT else HttpAuthenticationRecord
    shown = client_document if document.kind == CLIENT else authentication_document
    record = model.objects.filter(code=document.code).first()
    before = shown(record) if record is not None else None
    content = _with_kept_names(document.content, before)
    saved: HttpClientRecord | HttpAuthenticationRecord
    if document.kind == CLIENT:
        saved = store_client(ClientDocument.model_validate(content), record, whole=False)
    else:
        saved = store_authentication(AuthenticationDocument.model_validate(content), record, whole=False)
    saved = model.objects.get(pk=saved.pk)
    after = shown(saved)  # type: ignore[arg-type]
    changed = [] if before is None else [name for name in after if after[name] != before[name]]
    action = "created" if before is None else "changed" if changed else "unchanged"
    return Line(
        document.number, document.kind, document.code, action, changed, [], _to_enter(document, saved, after)
    )


def _with_kept_names(content: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """The document with the named secrets that are stored here, which an export leaves out, as masks."""
    if before is None:
        return content
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


def _to_enter(
    document: _Document, saved: HttpClientRecord | HttpAuthenticationRecord, after: dict[str, Any]
) -> list[str]:
    """The secrets that the export named, or that are needed, and that are not stored here."""
    hidden: list[str] = []
    _without_masks(after, "", hidden)
    wanted = dict.fromkeys([*document.secrets, *missing_of(saved)])
    return [name for name in wanted if name not in hidden]


def problems_of(error: ValidationError) -> list[str]:
    """A document's own problems, without the values that were given."""
    return [
        f"{'.'.join(map(str, found['loc']))}: {found['msg'][:1].lower()}{found['msg'][1:]}"
        for found in error.errors(include_input=False, include_url=False, include_context=False)
    ]
