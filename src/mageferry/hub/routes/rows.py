"""Writing rows of tasks by statements that are made once.

Each task passes here several times; what Django's query compiler takes for that is more than the database does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from django.db import connection, models

from mageferry.hub.routes.models import Processed, RouteTask, TaskExchange
from mageferry.hub.trade.bulk import Change, Row, Table
from mageferry.hub.work.models import WorkUnit

_EXCHANGES: Final = Table(
    TaskExchange,
    *(
        "task",
        "attempt",
        "step",
        "sent_at",
        "method",
        "url",
        "status",
        "elapsed_ms",
        "error",
        "request",
        "answer",
    ),
)
_DEDUP_KEYS: Final = Change(WorkUnit, "dedup_key")
_LOOK: Final = ("route", "entity_key", "identifier", "fingerprint", "version", "processed_at")


def change_task(pk: int, changes: Mapping[str, Any]) -> None:
    """Give a task other values."""
    fields = [_field(RouteTask, name) for name in changes]
    values = [
        field.get_db_prep_save(value, connection)
        for field, value in zip(fields, changes.values(), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_update(tuple(changes)), [*values, pk])


def add_exchanges(rows: Sequence[Row]) -> None:
    """Requests and answers of tasks, with their values in the order of the table's columns."""
    _EXCHANGES.insert_rows(rows)


def put_look(*look: Any) -> None:
    """How an entity looked when it was last processed: route, entity key, identifier, fingerprint,
    version, moment."""
    fields = [_field(Processed, name) for name in _LOOK]
    values = [field.get_db_prep_save(value, connection) for field, value in zip(fields, look, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_upsert(), values)


def free_dedup_key(unit_pk: int) -> None:
    """The same may become a unit again."""
    _DEDUP_KEYS.make([unit_pk], None)


@cache
def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


@cache
def _update(names: tuple[str, ...]) -> str:
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(str(_field(RouteTask, name).column))} = %s" for name in names)
    # Table and columns are our own models', the values go apart.
    return " ".join(
        ("UPDATE", quote(RouteTask._meta.db_table), "SET", assignments, "WHERE", quote("id"), "= %s")
    )


@cache
def _upsert() -> str:
    quote = connection.ops.quote_name
    columns = [quote(str(_field(Processed, name).column)) for name in _LOOK]
    marks = ", ".join(["%s"] * len(columns))
    renewed = ", ".join(f"{column} = excluded.{column}" for column in columns[2:])
    head = " ".join(("INSERT INTO", quote(Processed._meta.db_table), f"({', '.join(columns)})"))
    return f"{head} VALUES ({marks}) ON CONFLICT ({', '.join(columns[:2])}) DO UPDATE SET {renewed}"
