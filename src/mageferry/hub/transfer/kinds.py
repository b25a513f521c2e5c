"""The kinds of records that are lines of an export; each room declares its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Model

from mageferry.http.redaction import Secret
from mageferry.hub.security.encryption import UnreadableSecret
from mageferry.hub.security.fields import SecretField, UnreadableStored
from mageferry.hub.transfer.errors import FieldProblem, Unacceptable
from mageferry.hub.transfer.masks import with_masks

type Content = dict[str, Any]
_CODE: Final = {"code": "code"}


def _nothing(record: Any) -> list[str]:
    return []


def _own_secrets(record: Any) -> list[Secret]:
    return [
        getattr(record, each.name) for each in record._meta.concrete_fields if isinstance(each, SecretField)
    ]


@dataclass(frozen=True, slots=True)
class TransferKind:
    """How records of one kind become lines, and lines records.

    `rank`: lower ones come first, since others refer to them. `document` shows a record, stored secrets as the mask.
    `store` makes or changes one, in a transaction of the caller's; what it raises is Unacceptable or pydantic's
    ValidationError. `missing` names the secrets that are needed and aren't stored. `keep` gives a line the masks of
    what is stored already. `key`: the fields that tell records apart, with their lookups. `on_demand`: only when asked
    for.
    """

    name: str
    model: type[Model]
    rank: int
    document: Callable[[Any], Content]
    store: Callable[[Content, Any], Model]
    missing: Callable[[Any], list[str]] = _nothing
    keep: Callable[[Content, Content], Content] = with_masks
    secrets: Callable[[Any], list[Secret]] = _own_secrets
    key: Mapping[str, str] = field(default_factory=lambda: _CODE)
    on_demand: bool = False

    def find(self, content: Content) -> Any:
        """The record that a line is about, None when there is none."""
        lookup = {path: content.get(name) for name, path in self.key.items()}
        if not all(isinstance(value, str) for value in lookup.values()):
            return None
        return self.model._default_manager.filter(**lookup).first()

    def code_of(self, content: Content) -> str:
        """What a line is called: the values of its key."""
        return " ".join(str(content.get(name, "")) for name in self.key)

    def records(self) -> Iterable[Any]:
        """All there are, one chunk in memory at a time."""
        return self.model._default_manager.order_by(*self.key.values()).iterator(chunk_size=500)

    def permission(self, right: str) -> str:
        """The permission for view, add or change."""
        meta = self.model._meta
        return f"{meta.app_label}.{right}_{meta.model_name}"

    def sealed(self, record: Any) -> list[str]:
        """What tells whether a secret has changed: never to be shown."""
        return [_sealed(each) for each in self.secrets(record)]


_kinds: Final[dict[str, TransferKind]] = {}


def register(*kinds: TransferKind) -> None:
    """Let records of these kinds be exported and imported."""
    for kind in kinds:
        _kinds[kind.name] = kind


def all_kinds() -> Mapping[str, TransferKind]:
    """By their names, those that others refer to first."""
    return {kind.name: kind for kind in sorted(_kinds.values(), key=lambda each: each.rank)}


def find_by_code[M: Model](model: type[M], code: str | None, field: str) -> M | None:
    """The record that a document refers to; None for no code. Raises Unacceptable naming those there are."""
    if not code:
        return None
    found = model._default_manager.filter(code=code).first()
    if found is None:
        codes = model._default_manager.order_by("code").values_list("code", flat=True)
        known = ", ".join(codes[:20]) or "none yet"
        name = model._meta.verbose_name
        raise Unacceptable([FieldProblem(field, f"there is no {name} {code!r}. There are: {known}.")])
    return found


def save_checked[M: Model](record: M) -> M:
    """Save what its model takes; gives the record back. Raises Unacceptable."""
    try:
        record.full_clean()
    except ValidationError as error:
        found = error.message_dict.items()
        raise Unacceptable(
            [FieldProblem("" if name == "__all__" else name, " ".join(texts)) for name, texts in found]
        ) from None
    record.save()
    return record


def _sealed(secret: Secret | str) -> str:
    if isinstance(secret, UnreadableStored):
        return secret.stored
    try:
        return secret.reveal() if isinstance(secret, Secret) else secret
    except UnreadableSecret:
        return ""
