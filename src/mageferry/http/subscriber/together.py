"""Rows that belong together become one item: the lines of an order in a table that has a row for each line.

Rows of a key stand one after another, over batches and pages too: the last key of a page waits for the next page.
Within what is in hand their order doesn't matter. What can't be told to be whole fails, rather than going on as a part.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mageferry.http.placeholders import Expression, TemplateError
from mageferry.http.subscriber.entities import canonical
from mageferry.http.subscriber.errors import EntityError
from mageferry.http.subscriber.expressions import kind_of, search

type Placed = tuple[int, Any]
"""An item, or the error that stands for it, with its place in the page from 1."""


@dataclass(slots=True)
class _Rows:
    """`index` and `page`: where its first row stood. `page_of_last`: the page of its last rows."""

    key: Any
    index: int
    page: int
    page_of_last: int
    rows: list[Any] = field(default_factory=list)
    looks: set[bytes] = field(default_factory=set)
    earlier_looks: frozenset[bytes] = frozenset()
    reason: str = ""

    def data(self) -> dict[str, Any]:
        return {"key": self.key, "rows": self.rows}

    def spoil(self, reason: str) -> None:
        self.reason = self.reason or reason


_BESIDE = "A row next to it can't be used, and may be one of it"
_APART = "Rows of it came before and were taken: they don't stand together"
_MEND = {
    _BESIDE: "Mend that row at its source.",
    _APART: "Have the answer sorted by what tells which rows belong together; look at what was made of the first ones.",
}


class Together:
    """The rows of a run. `by`: JMESPath of what rows that belong together have the same; None: each row is an item.

    `recent_keys`: over how many keys rows that come late are recognised.
    """

    def __init__(self, by: Expression | None, recent_keys: int = 100_000) -> None:
        self._by = by
        self._recent_keys = recent_keys
        # The group that waits for further rows, whether a row that can't be used came last, and the keys that are
        # through, with the looks of their rows.
        self._waiting: _Rows | None = None
        self._spoils = False
        self._through: OrderedDict[bytes, frozenset[bytes]] = OrderedDict()
        self._next: tuple[_Rows | None, bool, list[_Rows]] = (None, False, [])

    def take(self, rows: Sequence[Placed], page: int, *, last: bool) -> list[Placed]:
        """The items that are whole. `last`: nothing comes behind these rows. It holds once `keep` is called."""
        if self._by is None:
            return list(rows)
        groups, broken, spoils = self._sorted(rows, page)
        waiting: _Rows | None = None
        if groups and not last:
            waiting = groups.pop(next(reversed(groups)))
        self._next = waiting, spoils, list(groups.values())
        begun_before = [_placed(each) for each in groups.values() if each.page != page]
        here = [*broken, *(_placed(each) for each in groups.values() if each.page == page)]
        return [*begun_before, *sorted(here, key=lambda placed: placed[0])]

    def keep(self) -> None:
        """What was taken is through."""
        self._waiting, self._spoils, through = self._next
        for group in through:
            mark = canonical(group.key)
            self._through[mark] = self._through.pop(mark, frozenset()) | group.looks
        while len(self._through) > self._recent_keys:
            self._through.popitem(last=False)

    def _sorted(self, rows: Iterable[Placed], page: int) -> tuple[dict[bytes, _Rows], list[Placed], bool]:
        """The groups by their keys, the latest at the end; the rows that can't be used; whether one came last."""
        groups: dict[bytes, _Rows] = {}
        if self._waiting is not None:
            groups[canonical(self._waiting.key)] = _continued(self._waiting, page)
        broken: list[Placed] = []
        spoils = self._spoils
        for index, row in rows:
            try:
                key = self._key(row)
            except EntityError as error:
                broken.append((index, error))
                if groups:
                    groups[next(reversed(groups))].spoil(_BESIDE)
                spoils = True
                continue
            mark = canonical(key)
            group = groups.pop(mark, None) or _Rows(key, index, page, page)
            self._add(group, mark, row)
            if group.rows or group.reason:
                groups[mark] = group
                if spoils:
                    group.spoil(_BESIDE)
            spoils = False
        return groups, broken, spoils

    def _add(self, group: _Rows, mark: bytes, row: Any) -> None:
        look = hashlib.blake2b(canonical(row), digest_size=8).digest()
        through = self._through.get(mark)
        if look in group.earlier_looks or (through is not None and look in through):
            return  # A page that has moved on brings its last rows again.
        if through is not None:
            group.spoil(_APART)
        group.rows.append(row)
        group.looks.add(look)

    def _key(self, row: Any) -> Any:
        if isinstance(row, EntityError):
            raise row
        assert self._by is not None
        try:
            key = search(self._by, row)
        except TemplateError as error:
            raise _unkeyed(f"What it belongs to: {error.message}", row) from None
        if key is None or key == "":
            raise _unkeyed(f"Nothing at {self._by.text} tells what it belongs to", row)
        if isinstance(key, dict):
            raise _unkeyed(f"At {self._by.text} is {kind_of(key)}, which tells nothing", row)
        return key


def together_at_once(rows: Iterable[Any], by: Expression | None) -> list[Any]:
    """The items of an answer that is all there is. Errors stand among them."""
    return [item for _, item in Together(by).take(list(enumerate(rows, 1)), 1, last=True)]


def _continued(group: _Rows, page: int) -> _Rows:
    earlier = frozenset(group.looks) if page != group.page_of_last else group.earlier_looks
    return replace(
        group, page_of_last=page, rows=list(group.rows), looks=set(group.looks), earlier_looks=earlier
    )


def _placed(group: _Rows) -> Placed:
    if not group.reason:
        return group.index, group.data()
    error = EntityError(f"{group.reason}: {_named(group.key)}", remedy=_MEND[group.reason])
    error.data = group.data()
    return group.index, error.at(page=group.page)


def _named(key: Any) -> str:
    parts = key if isinstance(key, list) else [key]
    return ", ".join(str(part) for part in parts)[:80]


def _unkeyed(reason: str, row: Any) -> EntityError:
    error = EntityError(reason, remedy="Fix items.together, or mend the row at its source.")
    error.data = row
    return error
