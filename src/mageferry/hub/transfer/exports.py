"""Exports: a line for each record, what others refer to first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import orjson

from mageferry.hub.transfer.kinds import TransferKind, all_kinds
from mageferry.hub.transfer.masks import without_masks


def export_lines(
    chosen: Mapping[str, Iterable[Any]] | None = None, on_demand: Collection[str] = ()
) -> Iterator[bytes]:
    """One line for each record: of the chosen ones by their kinds, or of all.

    `on_demand`: kinds to add that are left out otherwise, such as entries of storages. Secrets are left out;
    `secrets_to_enter` of each line names them, and those that are needed and not stored.
    """
    for kind in all_kinds().values():
        if chosen is not None:
            records = chosen.get(kind.name, ())
        elif kind.on_demand and kind.name not in on_demand:
            continue
        else:
            records = kind.records()
        for record in records:
            yield _line(kind, record)


def _line(kind: TransferKind, record: Any) -> bytes:
    hidden: list[str] = []
    shown = without_masks(kind.document(record), hidden)
    to_enter = list(dict.fromkeys([*hidden, *kind.missing(record)]))
    return orjson.dumps({"kind": kind.name, **shown, "secrets_to_enter": to_enter}) + b"\n"
