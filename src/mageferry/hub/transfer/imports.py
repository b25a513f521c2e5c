"""Imports: what each line would do, then all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from django.db import DatabaseError, transaction
from pydantic import ValidationError

from mageferry.hub.transfer.errors import Unacceptable, problems_of
from mageferry.hub.transfer.kinds import Content, TransferKind, all_kinds
from mageferry.hub.transfer.masks import differences, without_masks

LONGEST_BYTES: Final = 10_000_000
_MOST_DIFFERENCES: Final = 50


@dataclass(frozen=True, slots=True)
class Line:
    """What an import does with one line: `action` is created, changed, unchanged or refused.

    `changed` names the fields, `differences` has a sentence for each place: `settings.request.path: "/a" -> "/b"`.
    """

    number: int
    kind: str
    code: str
    action: str
    changed: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
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

    def count(self, action: str) -> int:
        """How many lines came to this."""
        return sum(line.action == action for line in self.lines)


class _Undo(Exception):
    """Ends the transaction of a dry run."""


@dataclass(frozen=True, slots=True)
class _Document:
    number: int
    kind: TransferKind
    content: Content
    secrets: list[str]

    @property
    def code(self) -> str:
        return self.kind.code_of(self.content)

    def line(self, action: str, **more: Any) -> Line:
        return Line(self.number, self.kind.name, self.code, action, **more)


def import_lines(text: bytes, *, dry_run: bool) -> Import:
    """Store what the lines say, or only tell what that would be. All of it is stored, or nothing.

    Lines may stand in any order: what others refer to is stored first. Secrets that are stored here stay; those that a
    line brings are taken.
    """
    read = [_read(number, line) for number, line in _numbered(text)]
    lines = [each for each in read if isinstance(each, Line)]
    documents = [each for each in read if isinstance(each, _Document)]
    try:
        with transaction.atomic():
            lines += _apply_all(sorted(documents, key=lambda each: each.kind.rank))
            lines.sort(key=lambda line: line.number)
            if dry_run or any(line.action == "refused" for line in lines):
                raise _Undo
    except _Undo:
        return Import(lines, stored=False)
    return Import(lines, stored=True)


def kinds_in(text: bytes) -> set[str]:
    """The kinds of records that lines are about, for looking whether somebody may store them."""
    read = (_read(number, line) for number, line in _numbered(text))
    return {each.kind.name for each in read if isinstance(each, _Document)}


def _numbered(text: bytes) -> Iterable[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())


def _read(number: int, line: bytes) -> _Document | Line:
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Line(number, "", "", "refused", problems=[f"this is no JSON (column {error.colno})"])
    kinds = all_kinds()
    name = content.get("kind") if isinstance(content, dict) else None
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        text = (
            f'a line is an object with a kind: {{"kind": "http_client", ...}}. Kinds are: {", ".join(kinds)}.'
        )
        return Line(number, "", "", "refused", problems=[text])
    content.pop("kind")
    secrets = content.pop("secrets_to_enter", [])
    named = [each for each in secrets if isinstance(each, str)] if isinstance(secrets, list) else []
    return _Document(number, kind, content, named)


def _apply_all(documents: Iterable[_Document]) -> Iterable[Line]:
    seen: dict[tuple[str, str], int] = {}
    for document in documents:
        first = seen.setdefault((document.kind.name, document.code), document.number)
        if first != document.number:
            problem = f"line {first} is about the same record: leave one of them out"
            yield document.line("refused", problems=[problem])
        else:
            yield _apply(document)


def _apply(document: _Document) -> Line:
    try:
        # A savepoint: a refused line leaves the others to be looked at.
        with transaction.atomic():
            return _stored(document)
    except ValidationError as error:
        problems = problems_of(error)
    except Unacceptable as error:
        problems = [str(problem) for problem in error.problems]
    except DatabaseError as error:
        problems = [f"the database doesn't take it: {type(error).__name__}"]
    return document.line("refused", problems=problems)


def _stored(document: _Document) -> Line:
    kind, record = document.kind, document.kind.find(document.content)
    before = kind.document(record) if record is not None else None
    sealed = kind.sealed(record) if record is not None else []
    content = document.content if before is None else kind.keep(document.content, before)
    saved: Any = kind.store(content, record)
    saved = kind.model._default_manager.get(pk=saved.pk)
    after = kind.document(saved)
    to_enter = _to_enter(document, saved, after)
    if before is None:
        return document.line("created", secrets_to_enter=to_enter)
    changed = [name for name in after if after[name] != before.get(name)]
    told = list(differences(before, after))[:_MOST_DIFFERENCES]
    if kind.sealed(saved) != sealed:
        changed.append("secrets")
        told.append("secrets: others are stored")
    action = "changed" if changed else "unchanged"
    return document.line(action, changed=changed, differences=told, secrets_to_enter=to_enter)


def _to_enter(document: _Document, saved: Any, after: Content) -> list[str]:
    """The secrets that the export named, or that are needed, and that are not stored here."""
    hidden: list[str] = []
    without_masks(after, hidden)
    wanted = dict.fromkeys([*document.secrets, *document.kind.missing(saved)])
    return [name for name in wanted if name not in hidden]
