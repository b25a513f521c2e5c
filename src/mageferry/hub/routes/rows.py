"""Writing rows of tasks by statements that are made once, for several tasks at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from django.db import connection

from mageferry.hub.routes.models import Processed, RouteTask, TaskExchange
from mageferry.hub.work.bulk import Row, Table
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.hub.work.statements import column, insert_into, marks, prepared, table, update_of

_EXCHANGES: Final = Table(
    TaskExchange,
    *("task", "attempt", "step", "sent_at", "method"),
    *("url", "status", "elapsed_ms", "error", "request", "answer"),
)
_TASKS: Final = Table(
    RouteTask,
    *("unit", "route", "run", "parent", "stage", "identifier", "entity_key", "fingerprint", "version"),
    *("source", "entity", "transformed", "is_transformed", "is_partly_done", "chain_state", "result"),
    "created_at",
)
_LOOK: Final = ("route", "entity_key", "identifier", "fingerprint", "version", "processed_at")


def insert_tasks(rows: Sequence[Row]) -> dict[int, int]:
    """Write tasks, with their values in the order of the table's columns. Returns their keys by those of their units;
    a unit has one task only."""
    return {unit_pk: pk for pk, unit_pk in _TASKS.insert_new(rows, "pk", "unit")}


def change_tasks(changes: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Give tasks, by their keys, other values each."""
    alike: dict[tuple[str, ...], list[list[Any]]] = {}
    for pk, each in changes:
        alike.setdefault(tuple(each), []).append([*prepared(RouteTask, each), pk])
    with connection.cursor() as cursor:
        for names, rows in alike.items():
            statement = f"{update_of(RouteTask, names)} {column(RouteTask, 'pk')} = %s"
            cursor.executemany(statement, rows)


def add_exchanges(rows: Sequence[Row]) -> None:
    """Requests and answers of tasks, with their values in the order of the table's columns."""
    _EXCHANGES.insert_rows(rows)


def put_looks(tasks: Sequence[RouteTask], now: dt.datetime) -> None:
    """How entities looked when they were last processed, in the order of their tasks."""
    (moment,) = prepared(Processed, {"processed_at": now})
    rows = [
        (
            *(task.route_id, task.entity_key, task.identifier, task.fingerprint),
            *(prepared(Processed, {"version": task.version}) if task.version is not None else (None,)),
            moment,
        )
        for task in tasks
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_upsert(), rows)


def free_dedup_keys(tasks: Sequence[RouteTask]) -> None:
    """What looked like these tasks may come back and is a task then; so may what was skipped before them."""
    pks = [task.pk for task in tasks]
    with connection.cursor() as cursor:
        cursor.execute(_free_own(len(pks)), [task.unit_id for task in tasks])
        statuses = (UnitStatus.SKIPPED.value, UnitStatus.REJECTED.value)
        cursor.execute(_free_left(len(pks)), [*statuses, *pks])


@cache
def _upsert() -> str:
    columns = [column(Processed, name) for name in _LOOK]
    renewed = ", ".join(f"{name} = excluded.{name}" for name in columns[2:])
    conflict = f"ON CONFLICT ({', '.join(columns[:2])}) DO UPDATE SET {renewed}"
    return f"{insert_into(Processed, _LOOK)} {marks(len(_LOOK))} {conflict}"


@cache
def _free_own(count: int) -> str:
    return f"{_freeing()} {column(WorkUnit, 'pk')} IN {marks(count)}"


@cache
def _free_left(count: int) -> str:
    """Units of older looks of the same entities: by their versions, else of those that came before (`earlier_than`)."""
    pk, version = column(RouteTask, "pk"), column(RouteTask, "version")
    same_entity = " AND ".join(
        f"older.{column(RouteTask, name)} = task.{column(RouteTask, name)}"
        for name in ("route", "entity_key")
    )
    before = (
        f"(task.{version} IS NULL OR older.{version} IS NULL OR older.{version} = task.{version}) "
        f"AND older.{pk} < task.{pk} OR older.{version} < task.{version} AND older.{pk} <> task.{pk}"
    )
    tasks = table(RouteTask)
    # All parts are names of our own tables.
    read = " ".join(
        ("SELECT", f"older.{column(RouteTask, 'unit')}", "FROM", tasks, "task JOIN", tasks, "older")
    )
    older = f"{read} ON {same_entity} AND ({before}) WHERE task.{pk} IN {marks(count)}"
    status = column(WorkUnit, "status")
    return f"{_freeing()} {status} IN {marks(2)} AND {column(WorkUnit, 'pk')} IN ({older})"


@cache
def _freeing() -> str:
    key = column(WorkUnit, "dedup_key")
    return " ".join(("UPDATE", table(WorkUnit), "SET", f"{key} = NULL WHERE {key} IS NOT NULL AND"))
