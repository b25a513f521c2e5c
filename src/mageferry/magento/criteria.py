"""Search criteria: which rows a list call returns, in which order, in which pages and with which fields.

Magento answers a mistaken search with too many rows instead of an error: an unknown condition type counts as
`eq`, a date that is none matches every row. So everything is checked here.
https://developer.adobe.com/commerce/webapi/rest/use-rest/performing-searches/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal
from urllib.parse import quote

type Scalar = str | int | float | Decimal | bool | datetime
type Value = Scalar | Sequence[Scalar] | None
type Condition = tuple[str, str, Value] | tuple[str, str]
type Direction = Literal["ASC", "DESC"]

_COMPARING: Final = frozenset(
    {"eq", "neq", "gt", "gteq", "lt", "lteq", "moreq", "from", "to", "like", "nlike"}
)
_LIST_CONDITIONS: Final = frozenset({"in", "nin"})
_SET_CONDITIONS: Final = frozenset({"finset", "nfinset"})
_VALUELESS_CONDITIONS: Final = frozenset({"null", "notnull"})
CONDITIONS: Final = _COMPARING | _LIST_CONDITIONS | _SET_CONDITIONS | _VALUELESS_CONDITIONS
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?\Z")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[[A-Za-z0-9_,\[\]]+\])?\Z")
# nginx and Apache refuse a request line beyond 8 KB; the rest is room for the address and other filters.
MAX_LIST_BYTES: Final = 6000


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition, its value as it goes over the wire."""

    field: str
    condition: str
    value: str

    @classmethod
    def of(cls, field: str, condition: str, value: Value = None) -> Filter:
        """Check and write out one condition. Raises ValueError saying what is wrong and how to write it."""
        if not _NAME.match(field):
            raise ValueError(f"{field!r} is no field name: write it as Magento does, such as 'updated_at'")
        if condition not in CONDITIONS:
            raise ValueError(
                f"{condition!r} is no condition type for {field}: Magento would take it as 'eq'. "
                f"Use one of {', '.join(sorted(CONDITIONS))} (lower case)"
            )
        return cls(field, condition, _written(field, condition, value))


def _written(field: str, condition: str, value: Value) -> str:
    if condition in _VALUELESS_CONDITIONS:
        if value is not None:
            raise ValueError(f"{field} {condition} takes no value, not {value!r}")
        return "1"
    if value is None:
        raise ValueError(f"{field} {condition} needs a value: for empty fields use 'null' or 'notnull'")
    if condition in _LIST_CONDITIONS:
        return _written_list(field, condition, value)
    if condition in _SET_CONDITIONS and isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str | int | float | Decimal | datetime):
        raise ValueError(
            f"{field} {condition} takes one value, not {type(value).__name__}: "
            "use 'in' for several, or one condition for each in where_any()"
        )
    return _written_scalar(field, value)


def _written_list(field: str, condition: str, value: Value) -> str:
    if isinstance(value, str | int | float | Decimal | datetime) or value is None:
        raise ValueError(f"{field} {condition} takes a list, not {value!r}")
    words = [_written_scalar(field, item) for item in value]
    if not words:
        raise ValueError(
            f"{field} {condition} has an empty list: there is nothing to ask for, leave the call out"
        )
    for word in words:
        if "," in word:
            raise ValueError(
                f"{field} {condition}: {word!r} has a comma, at which Magento would cut it. "
                "Use one 'eq' for each in where_any()"
            )
    return ",".join(words)


def _written_scalar(field: str, value: Scalar) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return utc_text(value, field)
    if isinstance(value, float | Decimal):
        if not Decimal(repr(value) if isinstance(value, float) else value).is_finite():
            raise ValueError(f"{field}: {value!r} is no number to search for")
        return format(Decimal(repr(value)) if isinstance(value, float) else value, "f")
    if not isinstance(value, str | int):
        raise ValueError(f"{field}: cannot search for a {type(value).__name__}")
    return str(value)


def utc_text(moment: datetime, field: str = "moment") -> str:
    """A moment as Magento compares it: UTC, `YYYY-MM-DD HH:MM:SS`. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(
            f"{field}: {moment!r} has no time zone; Magento's times are UTC, so say which is meant"
        )
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True)
class SearchCriteria:
    """An immutable search: every method returns a changed copy.

    `where` conditions must all hold; of the conditions within one `where_any` one must hold.
    """

    groups: tuple[tuple[Filter, ...], ...] = ()
    orders: tuple[tuple[str, Direction], ...] = ()
    size: int | None = None
    page: int | None = None
    item_fields: tuple[str, ...] = ()

    def where(self, field: str, condition: str, value: Value = None) -> SearchCriteria:
        """AND this condition. `in`, `nin` take a list, `null`, `notnull` no value; moments must be aware."""
        return replace(self, groups=(*self.groups, (Filter.of(field, condition, value),)))

    def where_any(self, *conditions: Condition) -> SearchCriteria:
        """AND a group of which one must hold: `where_any(("status", "eq", "new"), ("status", "null"))`."""
        if not conditions:
            raise ValueError("where_any() needs at least one condition")
        return replace(self, groups=(*self.groups, tuple(Filter.of(*condition) for condition in conditions)))

    def sort(self, field: str, direction: Direction = "ASC") -> SearchCriteria:
        """Sort by this field, after those already given."""
        if not _NAME.match(field):
            raise ValueError(f"{field!r} is no field name to sort by")
        if direction not in ("ASC", "DESC"):
            raise ValueError(f"The direction of {field} is ASC or DESC, not {direction!r}")
        return replace(self, orders=(*self.orders, (field, direction)))

    def page_size(self, size: int) -> SearchCriteria:
        """Rows in an answer; Magento knows no default, so without it every row comes at once."""
        return replace(self, size=_positive("page size", size))

    def current_page(self, page: int) -> SearchCriteria:
        """Which page, counted from 1."""
        return replace(self, page=_positive("current page", page))

    def fields(self, *names: str) -> SearchCriteria:
        """Return only these fields of each row, such as `fields("entity_id", "items[sku,qty_ordered]")`."""
        for name in names:
            if not _FIELD.match(name) or name.count("[") != name.count("]"):
                raise ValueError(
                    f"{name!r} is no field: write 'name' or 'name[part,part]' without blanks, "
                    "since Magento answers a mistaken projection with an empty list"
                )
        return replace(self, item_fields=(*self.item_fields, *names))

    def split(self, field: str, condition: str, values: Iterable[Scalar]) -> Iterator[SearchCriteria]:
        """One search for every so many of `values`, each short enough for a URL; none for no values."""
        chunk: list[Scalar] = []
        used = 0
        for value in values:
            length = len(quote(_written_list(field, condition, [value]), safe="")) + len("%2C")
            if chunk and used + length > MAX_LIST_BYTES:
                yield self.where(field, condition, chunk)
                chunk, used = [], 0
            chunk.append(value)
            used += length
        if chunk:
            yield self.where(field, condition, chunk)

    def pairs(self) -> list[tuple[str, str]]:
        """The search as query parameters, not yet encoded."""
        pairs: list[tuple[str, str]] = []
        for group_index, group in enumerate(self.groups):
            for filter_index, condition in enumerate(group):
                prefix = f"searchCriteria[filter_groups][{group_index}][filters][{filter_index}]"
                pairs.append((f"{prefix}[field]", condition.field))
                pairs.append((f"{prefix}[value]", condition.value))
                pairs.append((f"{prefix}[condition_type]", condition.condition))
        for index, (field, direction) in enumerate(self.orders):
            pairs.append((f"searchCriteria[sortOrders][{index}][field]", field))
            pairs.append((f"searchCriteria[sortOrders][{index}][direction]", direction))
        if self.size is not None:
            pairs.append(("searchCriteria[pageSize]", str(self.size)))
        # A list call without any searchCriteria is refused, so the first page is always named.
        pairs.append(("searchCriteria[currentPage]", str(self.page or 1)))
        if self.item_fields:
            pairs.append(("fields", f"items[{','.join(self.item_fields)}],total_count"))
        return pairs

    def query(self) -> str:
        """The search as a query string; blanks are %20, since Magento reads a signed `+` as a plus."""
        return encode_query(self.pairs())


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Query parameters as Magento reads and signs them: everything but unreserved characters encoded, %20."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def _positive(what: str, number: int) -> int:
    # Magento takes 0 and -1 without an error: every row, or one.
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError(f"The {what} is a whole number from 1, not {number!r}")
    return number
