"""Changing units in hand: statements with the fence in them, written out once for each set of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models.expressions import BaseExpression

from mageferry.hub.work.clock import Now
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.hub.work.statements import column, field_of, marks, table

type Hold = tuple[str, int]


def change_held(hold: Hold, pks: Sequence[int], changes: Mapping[str, Any]) -> int:
    """Change those of the units that are still held: by this owner, under this token. Returns how many they were.

    Values are as a queryset's `update` takes them.
    """
    assignments, values = _written_out(changes)
    with connection.cursor() as cursor:
        cursor.execute(_update(assignments, len(pks)), [*values, *hold, UnitStatus.PROCESSING.value, *pks])
        return int(cursor.rowcount)


def change_each(hold: Hold, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> int:
    """The same for units with changes of their own, given by their keys. Returns how many were still held."""
    alike: dict[str, list[list[Any]]] = {}
    for pk, changes in rows:
        assignments, values = _written_out(changes)
        alike.setdefault(assignments, []).append([*values, *hold, UnitStatus.PROCESSING.value, pk])
    changed = 0
    with connection.cursor() as cursor:
        for assignments, parameters in alike.items():
            cursor.executemany(_update(assignments, 1), parameters)
            changed += int(cursor.rowcount)
    return changed


@cache
def _update(assignments: str, count: int) -> str:
    owner, token, status, pk = (
        column(WorkUnit, name) for name in ("lease_owner", "lease_token", "status", "pk")
    )
    fence = f"{owner} = %s AND {token} = %s AND {status} = %s AND {pk} IN {marks(count)}"
    return " ".join(("UPDATE", table(WorkUnit), "SET", assignments, "WHERE", fence))


def _written_out(changes: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The assignments, and the values in them."""
    assignments: list[str] = []
    parameters: list[Any] = []
    for name, value in changes.items():
        if isinstance(value, BaseExpression):
            text, values = _expression(value)
            assignments.append(f"{column(WorkUnit, name)} = {text}")
            parameters += values
        else:
            assignments.append(f"{column(WorkUnit, name)} = %s")
            parameters.append(field_of(WorkUnit, name).get_db_prep_save(value, connection))
    return ", ".join(assignments), parameters


_now_texts: dict[str, str] = {}


def _expression(value: BaseExpression) -> tuple[str, tuple[Any, ...]]:
    """An expression such as the database's now as SQL."""
    if isinstance(value, Now) and connection.vendor in _now_texts:
        return _now_texts[connection.vendor], ()
    query = WorkUnit.objects.all().query
    text, values = query.get_compiler(connection=connection).compile(value.resolve_expression(query))
    if isinstance(value, Now):
        _now_texts[connection.vendor] = text
    return text, tuple(values)
