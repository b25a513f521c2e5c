"""A record by the standard mapping alone and with a connector's rows, field by field. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


class NoPreview(Exception):
    """There is no record to show; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field by the standard mapping alone, and with the connector's rows. Values as texts; empty: nothing."""

    place: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Preview:
    """Every field of a record before and after, and what keeps it from being taken over or sent."""

    title: str
    changes: tuple[Change, ...]
    problems: tuple[str, ...]

    @property
    def changed(self) -> tuple[Change, ...]:
        """The fields that the connector's rows change."""
        return tuple(each for each in self.changes if each.changed)


def compare(title: str, before: Any, after: Any, problems: Sequence[str]) -> Preview:
    """What became of a record, given as plain maps and lists."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    changes = tuple(
        Change(place, old.get(place, ""), new.get(place, "")) for place in sorted({*old, *new}, key=_in_order)
    )
    return Preview(title, changes, tuple(problems))


def _in_order(place: str) -> tuple[bool, bool, str]:
    return "[" in place, "." in place, place


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every place with a value, as `items[0].sku`."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{place}[{index}]")
    elif value is not None and value != "":
        yield place, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
    return str(value)
