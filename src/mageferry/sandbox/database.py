"""The shop's SQLite file: tables, columns as MariaDB compares them, ids, and small settings."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import InvalidOperation
from enum import Enum
from pathlib import Path

from mageferry.sandbox.counts import Counts
from mageferry.sandbox.php import Value

SCHEMA_VERSION = "3"
CACHE_KIB = 32_768
FAILED_STATEMENT = (sqlite3.DatabaseError, InvalidOperation, OverflowError)
"""What MariaDB would have refused: a broken pattern, or a number that no column of the shop can hold."""


class ColumnKind(Enum):
    NUMBER = "NUMERIC"
    # Magento's tables collate case-insensitively.
    TEXT = "TEXT COLLATE NOCASE"
    TIME = "TEXT"


@dataclass(frozen=True, slots=True)
class Column:
    """A column a list can filter by. ``indexed`` ones also give rows their order when MariaDB would use
    them.
    """

    name: str
    kind: ColumnKind
    indexed: bool = False
    hidden: bool = False
    """Whether it is the sandbox's own: no filter and no sort can name it."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind of record: filterable columns, and ``body``, the record as JSON."""

    name: str
    key: str
    columns: Mapping[str, Column]
    unique: tuple[tuple[str, ...], ...] = ()
    kept: bool = False
    """Whether its rows outlive the shop's content."""

    def create_statements(self) -> Iterator[str]:
        lines = [f'"{self.key}" INTEGER PRIMARY KEY']
        lines += [f'"{c.name}" {c.kind.value}' for c in self.columns.values() if c.name != self.key]
        lines.append("body TEXT NOT NULL")
        yield f"CREATE TABLE IF NOT EXISTS {self.name} ({', '.join(lines)})"
        for column in self.columns.values():
            if column.indexed and column.name != self.key:
                yield f'CREATE INDEX IF NOT EXISTS {self.name}_{column.name} ON {self.name} ("{column.name}")'
        for names in self.unique:
            joined = ", ".join(f'"{name}"' for name in names)
            yield f"CREATE UNIQUE INDEX IF NOT EXISTS {self.name}_{names[0]}_u ON {self.name} ({joined})"


class StateError(Exception):
    """The state file cannot be used; the text says why and what to do."""


class Database:
    """One connection, used by the server's thread only. WAL, so a file survives a kill."""

    def __init__(self, path: Path | None, tables: Iterable[Table], *, on_disk: bool = False) -> None:
        self._tables = tuple(tables)
        self.path = path
        self.unfold: Callable[[str], str] = str
        """Makes the body of a row that holds only a mark (it starts with a tilde) in its place."""
        self.counts = Counts(self)
        # The server starts in one thread and answers in another; they never overlap.
        # SQLite takes an empty name for a file of its own, which it deletes in the end.
        self._connection = _connect(path or ("" if on_disk else ":memory:"))
        try:
            self._prepare()
        except StateError:
            self.close()
            raise

    def _prepare(self) -> None:
        self.execute("CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT)")
        found = self.setting("schema_version")
        if found not in (None, SCHEMA_VERSION):
            raise StateError(f"{self.path} was written by another version; delete it to start anew")
        self.set_setting("schema_version", SCHEMA_VERSION)
        self.execute("CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
        for table in self._tables:
            for statement in table.create_statements():
                self.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction within one joins it."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def execute(self, statement: str, values: Iterable[Value] = ()) -> None:
        self._connection.execute(statement, tuple(values))

    def rows(self, statement: str, values: Iterable[Value] = ()) -> list[tuple[Value, ...]]:
        return self._connection.execute(statement, tuple(values)).fetchall()

    def value(self, statement: str, values: Iterable[Value] = ()) -> Value:
        row = self._connection.execute(statement, tuple(values)).fetchone()
        found: Value = row[0] if row else None
        return found

    def save(self, table: Table, values: Mapping[str, Value], body: str) -> None:
        self.save_many(table, [(values, body)])

    def save_many(self, table: Table, records: Iterable[tuple[Mapping[str, Value], str]]) -> None:
        """Insert or replace rows by key. sqlite3.IntegrityError when a unique index objects."""
        names = [table.key, *(name for name in table.columns if name != table.key)]
        listed = ", ".join(f'"{name}"' for name in (*names, "body"))
        marks = ", ".join("?" * (len(names) + 1))
        updates = ", ".join(f'"{name}" = excluded."{name}"' for name in (*names[1:], "body"))
        statement = (
            f"INSERT INTO {table.name} ({listed}) VALUES ({marks}) "
            f'ON CONFLICT ("{table.key}") DO UPDATE SET {updates}'
        )
        rows = ((*map(values.get, names), body) for values, body in records)
        self._connection.executemany(statement, rows)

    def body(self, table: Table, key: Value) -> str | None:
        found = self.value(f'SELECT body FROM {table.name} WHERE "{table.key}" = ?', (key,))
        return self.whole(found) if isinstance(found, str) else None

    def whole(self, body: str) -> str:
        """A stored body, made now if only its mark is stored."""
        return self.unfold(body) if body.startswith("~") else body

    @property
    def changes(self) -> int:
        """Grows with every row that is written."""
        return self._connection.total_changes

    def next_id(self, name: str) -> int:
        """The next number of a sequence, starting with 1."""
        found = self.value(
            "INSERT INTO sequence (name, value) VALUES (?, 1) "
            "ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (name,),
        )
        return int(str(found))

    def raise_id(self, name: str, value: int) -> None:
        """Let a sequence go on after ``value`` if it is not there yet."""
        self.execute(
            "INSERT INTO sequence (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
            (name, value),
        )

    def setting(self, name: str) -> str | None:
        found = self.value("SELECT value FROM setting WHERE name = ?", (name,))
        return found if isinstance(found, str) else None

    def set_setting(self, name: str, value: str) -> None:
        self.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))

    def clear(self) -> None:
        """Empty the tables, sequences included; settings stay, and tables that are kept."""
        with self.transaction():
            for name in (*(table.name for table in self._tables if not table.kept), "sequence"):
                self.execute(f"DELETE FROM {name}")

    def close(self) -> None:
        self._connection.close()


def _connect(path: Path | str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    except sqlite3.Error as error:
        raise StateError(f"{path} cannot be opened ({error}); choose another --state") from None
    connection.create_function("REGEXP", 2, _matches, deterministic=True)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StateError(f"{path} is not a sandbox state file ({error}); choose another --state") from None
    return connection


def _matches(pattern: str, value: Value) -> bool | None:
    if value is None:
        return None
    return re.search(pattern, str(value), re.IGNORECASE) is not None
