"""Changing many rows by one statement, each with values of its own where they differ.

A statement a row costs more than what it changes: every one is a way to the database and back, and on SQLite a moment
at which another thread may take the turn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models.expressions import BaseExpression

from mageferry.hub.work.statements import Model, column, field_of, marks, table

type Sql = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Each:
    """A value of its own for each row, by primary key."""

    values: Mapping[int, Any]


def merge_changes(several: Sequence[tuple[int, Mapping[str, Any]]]) -> dict[str, Any]:
    """The changes of several rows, given by their keys, as those of all of them: what is the same stays as it is, what
    differs becomes `Each`. They change the same columns."""
    _, first = several[0]
    return {
        name: value
        if all(changes[name] == value for _, changes in several)
        else Each({pk: changes[name] for pk, changes in several})
        for name, value in first.items()
    }


def can_merge(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both change the same columns, and by expressions only in the same way."""
    return one.keys() == other.keys() and all(
        value is other[name]
        or (not isinstance(value, BaseExpression) and not isinstance(other[name], BaseExpression))
        for name, value in one.items()
    )


def value_of(model: Model, name: str, value: Any) -> Sql:
    """A plain value, or one of each row, as SQL with its parameters."""
    prepare = field_of(model, name).get_db_prep_save
    if not isinstance(value, Each):
        return "%s", [prepare(value, connection)]
    parameters: list[Any] = []
    for pk, each in value.values.items():
        parameters += [pk, prepare(each, connection)]
    # The column itself says of which type the values are.
    cases = "WHEN %s THEN %s " * len(value.values)
    return f"CASE {column(model, 'pk')} {cases}ELSE {column(model, name)} END", parameters


def change_rows(
    model: Model, pks: Sequence[int], changes: Mapping[str, Any], fill: Collection[str] = ()
) -> None:
    """Change columns of these rows: to one value for all of them, or to `Each`. Those in `fill` are only written where
    nothing is yet."""
    if not pks:
        return
    assignments: list[str] = []
    parameters: list[Any] = []
    for name, value in changes.items():
        text, values = value_of(model, name, value)
        target = column(model, name)
        assignments.append(f"{target} = " + (f"COALESCE({target}, {text})" if name in fill else text))
        parameters += values
    condition = f"{column(model, 'pk')} IN {marks(len(pks))}"
    statement = " ".join(("UPDATE", table(model), "SET", ", ".join(assignments), "WHERE", condition))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, *pks])
