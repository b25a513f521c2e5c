"""Changing one field of a record by its place in the record's document."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson
from django.db import transaction
from pydantic import ValidationError

from mageferry.hub.transfer.errors import FieldProblem, Unacceptable, problems_of
from mageferry.hub.transfer.kinds import TransferKind, all_kinds

_PART: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def read_value(text: str) -> Any:
    """A typed value: JSON where it is some, else the text itself."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def change_field(kind: str, code: str, field: str, value: Any) -> None:
    """Put a value at a place of a record's document: `base_uri`, `options.password`, `plugins[0].secrets.X-Key`.

    Raises LookupError for a kind, record or place that there isn't, and Unacceptable.
    """
    found = all_kinds().get(kind)
    if found is None:
        raise LookupError(f"There is no kind {kind!r}. There are: {', '.join(all_kinds())}.")
    with transaction.atomic():
        record = _record(found, code)
        document = found.document(record)
        content = orjson.loads(orjson.dumps(document))
        _put(content, field, value)
        try:
            found.store(found.keep(content, document), record)
        except ValidationError as error:
            raise Unacceptable([FieldProblem("", text) for text in problems_of(error)]) from None


def _record(kind: TransferKind, code: str) -> Any:
    name = next(iter(kind.key))
    values = code.split(" ", 1) if len(kind.key) > 1 else [code]
    record = kind.find(dict(zip(kind.key, values, strict=False)))
    if record is None:
        raise LookupError(f"There is no {kind.name} with the {name} {code!r}.")
    return record


def _put(content: Any, field: str, value: Any) -> None:
    parts: list[str | int] = [int(index) if index else name for index, name in _PART.findall(field)]
    if not parts:
        raise LookupError("Name the field, such as base_uri or options.password.")
    *way, last = parts
    owner = content
    for part in way:
        owner = _below(owner, part)
    is_there = isinstance(last, str) if isinstance(owner, dict) else _is_index(owner, last)
    if not is_there:
        raise LookupError(f"There is no place {field!r} in it.")
    owner[last] = value


def _below(owner: Any, part: str | int) -> Any:
    """What stands there; an object that isn't there yet is made."""
    if isinstance(owner, dict) and isinstance(part, str):
        if owner.get(part) is None:
            owner[part] = {}
        return owner[part]
    return owner[part] if _is_index(owner, part) else None


def _is_index(owner: Any, part: str | int) -> bool:
    return isinstance(owner, list) and isinstance(part, int) and part < len(owner)
