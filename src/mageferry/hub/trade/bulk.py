"""Writing many rows at once: prepared statements, no model instances.

An import of thousands of orders spends its time here, so rows are plain tuples in the order of the declared columns.
Same meaning on SQLite and PostgreSQL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import orjson
from django.db import connection, models

Row = tuple[Any, ...]


class Table:
    """Some columns of a model's table, to insert rows of exactly these columns.

    Values are what the columns hold: Decimal, aware datetime, `json_text(...)` for JSON.
    """

    def __init__(self, model: type[models.Model], *names: str) -> None:
        fields = [model._meta.get_field(name) for name in names]
        self._columns = [
            str(getattr(field, "column", name)) for field, name in zip(fields, names, strict=True)
        ]
        self._pk_column = model._meta.pk.column
        self._table = model._meta.db_table
        self._moments = [
            place for place, field in enumerate(fields) if isinstance(field, models.DateTimeField)
        ]
        self._decimals = [
            place
            for place, field in enumerate(fields)
            if isinstance(field, models.DecimalField) and not field.null
        ]

    @cached_property
    def _statement(self) -> str:
        quote = connection.ops.quote_name
        names = ", ".join(quote(column) for column in self._columns)
        marks = ", ".join(["%s"] * len(self._columns))
        # Table and columns are our own models', the values go apart.
        return " ".join(("INSERT INTO", quote(self._table), f"({names}) VALUES ({marks})"))

    def insert(self, rows: Sequence[Row]) -> None:
        """Insert the rows."""
        if rows:
            with connection.cursor() as cursor:
                cursor.executemany(
                    self._statement, self._adapt(rows) if connection.vendor == "sqlite" else rows
                )

    def _adapt(self, rows: Sequence[Row]) -> list[Row]:
        """SQLite wants texts for moments and decimals; a column at a time is much faster than value by value."""
        columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for place in self._moments:
            texts = {moment: _moment_text(moment) for moment in set(columns[place])}
            columns[place] = map(texts.__getitem__, columns[place])
        for place in self._decimals:
            columns[place] = map(str, columns[place])
        return list(zip(*columns, strict=True))

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


def _moment_text(moment: dt.datetime | None) -> str | None:
    """A moment as Django keeps it in SQLite: in UTC, without a zone."""
    return None if moment is None else str(moment.astimezone(dt.UTC).replace(tzinfo=None))


def json_text(value: dict[str, Any] | list[Any]) -> str:
    """A value for a JSON column."""
    return orjson.dumps(value).decode() if value else "{}" if isinstance(value, dict) else "[]"
