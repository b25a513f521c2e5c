"""Writing many rows at once: prepared statements, no model instances.

An import of thousands of orders spends its time here, so rows are plain tuples in the order of the declared columns.
Same meaning on SQLite and PostgreSQL.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connection, models

Row = tuple[Any, ...]


class Table:
    """Some columns of a model's table, to insert rows of exactly these columns."""

    def __init__(self, model: type[models.Model], *names: str) -> None:
        fields = [model._meta.get_field(name) for name in names]
        self._columns = [str(getattr(field, "column", name)) for field, name in zip(fields, names, strict=True)]
        self._pk_column = model._meta.pk.column
        self._table = model._meta.db_table
        self._datetimes = tuple(
            i for i, field in enumerate(fields) if isinstance(field, models.DateTimeField)
        )
        self._jsons = tuple(i for i, field in enumerate(fields) if isinstance(field, models.JSONField))

    def insert(self, rows: Iterable[Row]) -> int:
        """Insert the rows; returns how many."""
        ready = self._adapt(rows)
        if ready:
            quote = connection.ops.quote_name
            names = ", ".join(quote(column) for column in self._columns)
            marks = ", ".join(["%s"] * len(self._columns))
            # Table and columns are our own models', the values go apart.
            statement = " ".join(("INSERT INTO", quote(self._table), f"({names}) VALUES ({marks})"))
            with connection.cursor() as cursor:
                cursor.executemany(statement, ready)
        return len(ready)

    def _adapt(self, rows: Iterable[Row]) -> Sequence[Sequence[Any]]:
        moment: Callable[[dt.datetime | None], Any] = connection.ops.adapt_datetimefield_value
        if connection.vendor == "postgresql":
            moment = _as_is
        ready: list[list[Any]] = []
        for row in rows:
            values = list(row)
            for i in self._datetimes:
                values[i] = moment(values[i])
            for i in self._jsons:
                values[i] = json.dumps(values[i])
            ready.append(values)
        return ready

    def reserve_ids(self, count: int) -> list[int]:
        """Primary keys for `count` new rows, nobody else's. Inside a transaction."""
        if not count:
            return []
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                    [self._table, self._pk_column, count],
                )
                return [row[0] for row in cursor.fetchall()]
            # SQLite has one writer, and this transaction is it (IMMEDIATE): nobody else can take these numbers.
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [self._table])
            row = cursor.fetchone()
            last = row[0] if row else 0
            return list(range(last + 1, last + 1 + count))


def _as_is(value: dt.datetime | None) -> dt.datetime | None:
    return value
