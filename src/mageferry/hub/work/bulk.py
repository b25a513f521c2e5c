"""Writing rows by prepared statements, without model instances: many at once, or few very often.

An import of thousands of orders spends its time here, so values come column by column and not as objects.
Same meaning on SQLite and PostgreSQL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from itertools import chain
from typing import Any

import orjson
from django.db import connection, models

from mageferry.hub.work.statements import column, field_of, insert_into, marks, table

# Parameters in one statement, well below what any SQLite takes.
_VALUES_AT_ONCE = 1000
# Below this a statement of several rows isn't faster than one a row.
_FEWEST_ROWS = 3

type Row = tuple[Any, ...]
type Column = Sequence[Any]


class Table:
    """Some columns of a model's table, to insert rows of exactly these columns.

    Values are what the columns hold: Decimal, aware datetime, `json_text(...)` for JSON; of an enumeration its value.
    """

    def __init__(self, model: type[models.Model], *names: str) -> None:
        self._model, self._names = model, names
        self._adapters = [_adapter_for(field_of(model, name)) for name in names]

    @cached_property
    def _statement(self) -> str:
        return self.insert_of(1)

    @cached_property
    def _long_statements(self) -> list[tuple[int, str]]:
        """Statements of several rows as SQLite takes them, and how many they are: the longest first, each half."""
        counts = [_VALUES_AT_ONCE // len(self._names)]
        while counts[-1] > _FEWEST_ROWS:
            counts.append(counts[-1] // 2)
        return [(count, self.insert_of(count, "?")) for count in counts]

    def insert_of(self, count: int, mark: str = "%s") -> str:
        """The statement that inserts so many rows."""
        rows = ", ".join([marks(len(self._names), mark)] * count)
        return f"{insert_into(self._model, self._names)} {rows}"

    def insert(self, *columns: Column) -> None:
        """Insert rows given as their columns, in the declared order, all of the same length. In a transaction."""
        if connection.vendor == "sqlite":
            self._insert_in_sqlite(self._adapted(columns))
        else:
            self._insert_one_by_one(list(zip(*columns, strict=True)))

    def _insert_in_sqlite(self, rows: Sequence[Row]) -> None:
        """Many rows a statement: a fifth faster than row by row. Past Django's cursor, which would translate the
        long statement anew each time."""
        connection.ensure_connection()
        done = 0
        with connection.wrap_database_errors:
            for count, statement in self._long_statements:
                while len(rows) - done >= count:
                    several = chain.from_iterable(rows[done : done + count])
                    connection.connection.execute(statement, list(several))
                    done += count
        if done < len(rows):
            self._insert_one_by_one(rows[done:])

    def _insert_one_by_one(self, rows: Sequence[Row]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(self._statement, rows)

    def insert_rows(self, rows: Iterable[Row]) -> None:
        """Insert rows, if there are any."""
        if connection.vendor == "sqlite" and not any(self._adapters):
            self._insert_in_sqlite(list(rows))
        elif columns := columns_of(rows):
            self.insert(*columns)

    def insert_new(self, rows: Sequence[Row], *returned: str) -> list[Row]:
        """Insert the rows that nothing unique stands against; returns these fields of those that were written."""
        if connection.vendor == "sqlite":
            rows = self._adapted(columns_of(rows))
        told = ", ".join(column(self._model, name) for name in returned)
        at_once = _VALUES_AT_ONCE // len(self._names)
        written: list[Row] = []
        with connection.cursor() as cursor:
            for start in range(0, len(rows), at_once):
                part = rows[start : start + at_once]
                statement = f"{self.insert_of(len(part))} ON CONFLICT DO NOTHING RETURNING {told}"
                cursor.execute(statement, list(chain.from_iterable(part)))
                written += cursor.fetchall()
        return written

    def _adapted(self, columns: Sequence[Column]) -> list[Row]:
        """The columns as rows of what SQLite takes."""
        if not columns:
            return []
        ready = [adapt(each) if adapt else each for adapt, each in zip(self._adapters, columns, strict=True)]
        return list(zip(*ready, strict=True))

    def ids_where(self, *conditions: tuple[str, Sequence[Any]]) -> list[int]:
        """Primary keys of the rows whose columns (by field name) have one of the values each."""
        if not all(values for _, values in conditions):
            return []
        tests = " AND ".join(
            f"{column(self._model, name)} IN {marks(len(values))}" for name, values in conditions
        )
        sql = " ".join(("SELECT", column(self._model, "pk"), "FROM", table(self._model), "WHERE", tests))
        with connection.cursor() as cursor:
            cursor.execute(sql, [value for _, values in conditions for value in values])
            return [pk for (pk,) in cursor.fetchall()]

    def reserve_ids(self, count: int) -> list[int]:
        """Primary keys for `count` new rows, nobody else's. Inside a transaction."""
        if not count:
            return []
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                    [self._model._meta.db_table, str(field_of(self._model, "pk").column), count],
                )
                return [row[0] for row in cursor.fetchall()]
            # SQLite has one writer, and this transaction is it (IMMEDIATE): nobody else can take these numbers.
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [self._model._meta.db_table])
            row = cursor.fetchone()
            last = row[0] if row else 0
            return list(range(last + 1, last + 1 + count))


def columns_of(rows: Iterable[Row]) -> list[Column]:
    """The columns of the rows; none when there are no rows."""
    return list(zip(*rows, strict=True))


def _adapter_for(field: Any) -> Callable[[Column], Iterable[Any]] | None:
    """How a column's values become what SQLite takes: a whole column at a time is faster than value by value."""
    if isinstance(field, models.DateTimeField):
        return _moment_texts
    if isinstance(field, models.DecimalField) and not field.null:
        return partial(map, str)
    if isinstance(field, models.BooleanField) and not field.null:
        return partial(map, int)
    return None


def _moment_texts(column: Column) -> Iterable[str | None]:
    texts = {moment: _moment_text(moment) for moment in set(column)}
    return map(texts.__getitem__, column)


def _moment_text(moment: dt.datetime | None) -> str | None:
    """A moment as Django keeps it in SQLite: in UTC, without a zone."""
    if moment is None:
        return None
    # "+00:00" ends what is in UTC already, as nearly all is.
    return str(moment if moment.tzinfo is dt.UTC else moment.astimezone(dt.UTC))[:-6]


def json_text(value: dict[str, Any] | list[Any]) -> str:
    """A value for a JSON column."""
    return orjson.dumps(value).decode() if value else "{}" if isinstance(value, dict) else "[]"
