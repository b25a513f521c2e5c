"""Changing units in hand: one statement with the fence in it, written out once for each set of columns.

Every unit passes here two or three times; what Django's query compiler takes for that is more than the database does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models.expressions import BaseExpression

from mageferry.hub.work.cases import Sql, value_of
from mageferry.hub.work.clock import Now
from mageferry.hub.work.models import UnitStatus, WorkUnit

type Hold = tuple[str, int]


def change_held(hold: Hold, pks: Sequence[int], changes: Mapping[str, Any]) -> int:
    """Change those of the units that are still held: by this owner, under this token. Returns how many they were.

    Values are as a queryset's `update` takes them, or `Each`.
    """
    assignments: list[str] = []
    parameters: list[Any] = []
    for name, value in changes.items():
        field = _field(name)
        text, values = (
            _expression(value) if isinstance(value, BaseExpression) else value_of(WorkUnit, name, value)
        )
        assignments.append(f"{_quoted(field)} = {text}")
        parameters += values
    # Columns are the model's own, the values go apart.
    statement = " ".join(("UPDATE", _table(), "SET", ", ".join(assignments), "WHERE", _fence(len(pks))))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, *hold, UnitStatus.PROCESSING.value, *pks])
        return int(cursor.rowcount)


@cache
def _field(name: str) -> models.Field[Any, Any]:
    field = WorkUnit._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


@cache
def _quoted(field: models.Field[Any, Any]) -> str:
    return str(connection.ops.quote_name(str(field.column)))


@cache
def _table() -> str:
    return str(connection.ops.quote_name(WorkUnit._meta.db_table))


@cache
def _fence(count: int) -> str:
    owner, token, status, pk = (
        _quoted(_field(name)) for name in ("lease_owner", "lease_token", "status", "id")
    )
    return f"{owner} = %s AND {token} = %s AND {status} = %s AND {pk} IN ({', '.join(['%s'] * count)})"


_now_texts: dict[str, str] = {}


def _expression(value: BaseExpression) -> Sql:
    """An expression such as the database's now as SQL."""
    if isinstance(value, Now) and connection.vendor in _now_texts:
        return _now_texts[connection.vendor], []
    query = WorkUnit.objects.all().query
    text, values = query.get_compiler(connection=connection).compile(value.resolve_expression(query))
    if isinstance(value, Now):
        _now_texts[connection.vendor] = text
    return text, list(values)
