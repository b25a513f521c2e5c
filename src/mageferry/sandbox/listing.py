"""Lists: searchCriteria to SQL, comparing values the way MariaDB does under Magento.

Column names reach the SQL only after they were looked up in a table's own columns; values are always bound.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mageferry.sandbox.criteria import Criteria, Filter
from mageferry.sandbox.database import ColumnKind, Database, Table
from mageferry.sandbox.php import Value
from mageferry.sandbox.refusals import Refusal, masked

_DATE = re.compile(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?")
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_COMPARISONS = {
    "eq": "=",
    "neq": "!=",
    "gt": ">",
    "lt": "<",
    "gteq": ">=",
    "lteq": "<=",
    "from": ">=",
    "to": "<=",
}
# How far a condition moves its number, and whether it bounds from above.
_KEY_BOUNDS = {
    "gt": (0, False),
    "gteq": (-1, False),
    "from": (-1, False),
    "lt": (-1, True),
    "lteq": (0, True),
    "to": (0, True),
}
_LARGEST_KEY = 2**53
ZERO_DATE = "0000-00-00 00:00:00"
_RANGES = frozenset({"neq", "gt", "lt", "gteq", "lteq", "from", "to", "in", "nin", "notnull", "like"})

type Bound = tuple[str, list[Value]]


def any_of_json(column: str, values: list[Value]) -> Bound:
    """Whether a column that holds a JSON list has one of the values."""
    marks = ", ".join("?" * len(values))
    return f'EXISTS (SELECT 1 FROM json_each("{column}") WHERE value IN ({marks}))', values


@dataclass(frozen=True, slots=True)
class Operand:
    """What a filter field stands for in SQL."""

    sql: str
    kind: ColumnKind
    indexed: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: bodies as stored JSON, and how many rows match in all."""

    bodies: list[str]
    total: int
    criteria: Criteria


@dataclass(frozen=True, slots=True)
class Listing:
    """How a table is listed. The defaults fit Magento's flat tables: an unknown column is a failed SQL
    statement.
    """

    table: Table
    extra: Mapping[str, Operand] = field(default_factory=dict)
    unknown_filter: Callable[[str], Refusal] = lambda _: masked()
    unknown_sort: Callable[[str], Refusal | None] = lambda _: masked()
    special: Mapping[str, Callable[[Filter], Bound]] = field(default_factory=dict)
    index_share: float = 0.35
    """Up to this share of the rows a range filter on an indexed column lets MariaDB read in that index's
    order.
    """

    def operand(self, name: str | None) -> Operand | None:
        bare = (name or "").removeprefix("main_table.")
        if bare in self.extra:
            return self.extra[bare]
        column = self.table.columns.get(bare)
        return (
            Operand(f'"{column.name}"', column.kind, column.indexed) if column and not column.hidden else None
        )

    def page(
        self, database: Database, criteria: Criteria, where: Bound = ("", []), *, shuffle_ties: bool = False
    ) -> Page:
        """The page that the criteria ask for. ``where`` narrows the rows first, as a sub-resource does."""
        condition, values = self._conditions(criteria, where)
        order = self._order(criteria)
        clause = f" WHERE {condition}" if condition else ""
        total = self._total(database, criteria, where, f"{self.table.name}{clause}", values)
        order = order or self._index_order(database, criteria, total)
        limit, offset = _window(criteria)
        if shuffle_ties:
            order = _shuffled(order, f'"{self.table.key}"', offset)
        if offset >= total:
            return Page([], total, criteria)
        rows = database.rows(
            f"SELECT body FROM {self.table.name}{clause} ORDER BY {order} LIMIT ? OFFSET ?",
            [*values, limit, offset],
        )
        return Page([database.whole(str(row[0])) for row in rows], total, criteria)

    def _total(
        self, database: Database, criteria: Criteria, where: Bound, source: str, values: list[Value]
    ) -> int:
        bounds = None if where[0] else self._key_bounds(criteria)
        if bounds is None:
            return database.counts.of(f"SELECT COUNT(*) FROM {source}", values)
        return database.counts.between(self.table.name, self.table.key, *bounds)

    def _key_bounds(self, criteria: Criteria) -> tuple[int | None, int | None] | None:
        """The range of keys that the criteria ask for, when they ask for nothing else: above, up to."""
        above: int | None = None
        upto: int | None = None
        for group in criteria.groups:
            entry = group[0]
            if len(group) > 1 or entry.field != self.table.key or entry.condition not in _KEY_BOUNDS:
                return None
            number = bind(ColumnKind.NUMBER, entry.value or "")
            if not isinstance(number, int | float) or number != int(number) or abs(number) > _LARGEST_KEY:
                return None
            shift, upper = _KEY_BOUNDS[entry.condition]
            bound = int(number) + shift
            if upper:
                upto = bound if upto is None else min(upto, bound)
            else:
                above = bound if above is None else max(above, bound)
        return above, upto

    def _conditions(self, criteria: Criteria, where: Bound) -> Bound:
        clauses = [f"({where[0]})"] if where[0] else []
        values = list(where[1])
        for group in criteria.groups:
            parts = [self._condition(entry) for entry in group]
            joined = " OR ".join(f"({clause})" for clause, _ in parts)
            clauses.append(f"({joined})")
            values += [value for _, bound in parts for value in bound]
        return " AND ".join(clauses), values

    def _condition(self, entry: Filter) -> Bound:
        special = self.special.get(entry.field or "")
        if special is not None:
            return special(entry)
        operand = self.operand(entry.field)
        if operand is None:
            raise self.unknown_filter(entry.field or "")
        return compare(operand, entry.condition, entry.value or "")

    def _order(self, criteria: Criteria) -> str:
        parts: dict[str, str] = {}
        for sort in criteria.sorts:
            operand = self.operand(sort.field)
            if operand is None:
                refusal = self.unknown_sort(sort.field)
                if refusal is not None:
                    raise refusal
                continue
            parts[operand.sql] = f"{operand.sql} {'ASC' if sort.ascending else 'DESC'}"
        return ", ".join([*parts.values(), f'"{self.table.key}"']) if parts else ""

    def _index_order(self, database: Database, criteria: Criteria, total: int) -> str:
        """Without a sort MariaDB gives rows in the order of the index it chose, else by primary key."""
        key = f'"{self.table.key}"'
        filters = [entry for group in criteria.groups for entry in group]
        if len(filters) != 1 or filters[0].condition not in _RANGES:
            return key
        operand = self.operand(filters[0].field)
        if operand is None or not operand.indexed or (filters[0].value or "").startswith("%"):
            return key
        rows = database.counts.of(f"SELECT COUNT(*) FROM {self.table.name}")
        return f"{operand.sql}, {key}" if total <= rows * self.index_share else key


def _shuffled(order: str, key: str, offset: int) -> str:
    """The same order with equal rows permuted, differently for every page."""
    shuffle = f"({key} * 2654435761 + {offset} * 40503) % 65521"
    return f"{order.removesuffix(key)}{shuffle}" if order.endswith(key) else order


def _window(criteria: Criteria) -> tuple[int, int]:
    """LIMIT and OFFSET; 0 or no page size is every row, a negative one a single row."""
    size = criteria.page_size or 0
    if size == 0:
        return -1, 0
    size = max(size, 1)
    return size, (max(criteria.current_page or 1, 1) - 1) * size


def compare(operand: Operand, condition: str, value: str) -> Bound:
    """One condition as SQL. Raises Refusal (500) for what is a syntax error in MariaDB."""
    if condition in ("seq", "sneq"):
        empty = {"seq": "null", "sneq": "notnull"}
        condition = empty[condition] if value == "" else {"seq": "eq", "sneq": "neq"}[condition]
    if condition in ("null", "notnull"):
        return f"{operand.sql} IS {'NOT ' if condition == 'notnull' else ''}NULL", []
    if condition == "is":
        # Magento quotes the value, and `IS 'x'` is no SQL.
        raise masked()
    if condition in ("in", "nin"):
        values = [bind(operand.kind, part) for part in value.split(",")]
        marks = ", ".join("?" * len(values))
        return f"{operand.sql} {'NOT ' if condition == 'nin' else ''}IN ({marks})", values
    return _compare_text(operand, condition, value) or (
        f"{operand.sql} {_COMPARISONS.get(condition, '=')} ?",
        [bind(operand.kind, value)],
    )


def _compare_text(operand: Operand, condition: str, value: str) -> Bound | None:
    text = f"CAST({operand.sql} AS TEXT)" if operand.kind is ColumnKind.NUMBER else operand.sql
    if condition == "fulltext":
        condition, value = "like", f"%{value}%"
    if condition in ("like", "nlike"):
        return f"{text} {'NOT ' if condition == 'nlike' else ''}LIKE ? ESCAPE '\\'", [value]
    if condition in ("finset", "nfinset"):
        found = f"instr(',' || lower({text}) || ',', ',' || lower(?) || ',') > 0"
        return f"NOT ({found})" if condition == "nfinset" else found, [value]
    if condition == "regexp":
        return f"{text} REGEXP ?", [value]
    return None


def bind(kind: ColumnKind, value: str) -> Value:
    """The value as MariaDB converts it to compare with a column of that kind."""
    if kind is ColumnKind.NUMBER:
        match = _NUMBER.match(value)
        return float(match[0]) if match else 0
    if kind is ColumnKind.TIME:
        return read_time(value)
    return value.rstrip(" ")


def read_time(value: str) -> str:
    """A date or time, what follows it ignored; the zero date for garbage, which is before every row."""
    match = _DATE.match(value)
    if match is None:
        return ZERO_DATE
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return ZERO_DATE
    return moment.strftime("%Y-%m-%d %H:%M:%S")
