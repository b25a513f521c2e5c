"""Changing units in hand: statements with the fence in them, written out once for each set of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models.expressions import BaseExpression

from mageferry.hub.work.cases import Sql, value_of
from mageferry.hub.work.clock import Now
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.hub.work.statements import column, marks, table

type Hold = tuple[str, int]


def change_held(hold: Hold, pks: Sequence[int], changes: Mapping[str, Any]) -> int:
    """Change those of the units that are still held: by this owner, under this token. Returns how many they were.

    Values are as a queryset's `update` takes them, or `Each`.
    """
    assignments: list[str] = []
    parameters: list[Any] = []
    for name, value in changes.items():
        text, values = (
            _expression(value) if isinstance(value, BaseExpression) else value_of(WorkUnit, name, value)
        )
        assignments.append(f"{column(WorkUnit, name)} = {text}")
        parameters += values
    statement = _update(", ".join(assignments), len(pks))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, *hold, UnitStatus.PROCESSING.value, *pks])
        return int(cursor.rowcount)


@cache
def _fence(count: int) -> str:
    owner, token, status, pk = (
        column(WorkUnit, name) for name in ("lease_owner", "lease_token", "status", "pk")
    )
    return f"{owner} = %s AND {token} = %s AND {status} = %s AND {pk} IN {marks(count)}"


def _update(assignments: str, count: int) -> str:
    return " ".join(("UPDATE", table(WorkUnit), "SET", assignments, "WHERE", _fence(count)))


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
