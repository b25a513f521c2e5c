"""A page of a list, and what a request for one brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mageferry.magento.errors import ConfigurationError, MagentoError, Rejected
from mageferry.magento.types import Json, Row

type Key = int | str

_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """One record that the shop cannot give out, whatever the page around it."""

    id: int
    error: MagentoError


@dataclass(frozen=True, slots=True)
class Page[R]:
    """Rows in the order of their key, `remaining` how many are still to come by the shop's count."""

    items: list[R]
    first_id: Key | None = None
    last_id: Key | None = None
    remaining: int = 0
    failed: tuple[FailedRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a ticket brought: rows, up to which key all is settled, and how many rows lie behind it."""

    rows: list[Row]
    keys: list[Any]
    settled: Any
    remaining: int
    failed: tuple[FailedRecord, ...] = ()


def ignored(what: str) -> ConfigurationError:
    """The error of a shop that does not filter or sort as asked."""
    return ConfigurationError(
        f"The shop does not read lists by key: {what}",
        remedy="A cache, a proxy or an extension changes searchCriteria or answers: let REST calls through.",
    )


def unpack(answer: Json, name: str) -> tuple[list[Row], int]:
    """The rows of a list call's answer, and how many there are in all."""
    rows = answer.get("items", _MISSING) if isinstance(answer, dict) else _MISSING
    # An empty list with a projection comes as null.
    if rows is None:
        rows = []
    if not isinstance(rows, list):
        raise _no_list(name)
    return rows, total_of(answer, name)


def total_of(answer: Json, name: str) -> int:
    """The number of rows that a list call found."""
    total = answer.get("total_count") if isinstance(answer, dict) else None
    if not isinstance(total, int):
        raise _no_list(name)
    return total


def _no_list(name: str) -> Rejected:
    return Rejected(
        f"The shop's answer has no list of {name}",
        remedy="Check the names given to fields(): a mistaken one is answered with an empty list.",
    )
