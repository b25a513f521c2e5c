"""Parts of statements, written out once for each set of columns.

Units, tasks and orders pass such statements thousands of times; what Django's query compiler takes for one is more than
the database does. Tables and columns are our own models'; values always go apart from the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.db import connection, models

type Model = type[models.Model]


@cache
def field_of(model: Model, name: str) -> models.Field[Any, Any]:
    """The field of this name; "pk" is the primary key."""
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    assert isinstance(field, models.Field), f"{name} is no column"
    return field


@cache
def column(model: Model, name: str) -> str:
    """The column of a field, quoted."""
    return str(connection.ops.quote_name(str(field_of(model, name).column)))


@cache
def table(model: Model) -> str:
    """The table of a model, quoted."""
    return str(connection.ops.quote_name(model._meta.db_table))


def marks(count: int, mark: str = "%s") -> str:
    """So many places for values, in brackets."""
    return f"({', '.join([mark] * count)})"


def prepared(model: Model, changes: Mapping[str, Any]) -> list[Any]:
    """The values of fields as the database takes them."""
    return [field_of(model, name).get_db_prep_save(value, connection) for name, value in changes.items()]


@cache
def insert_into(model: Model, names: tuple[str, ...]) -> str:
    """`INSERT INTO ... (...) VALUES`, to be followed by the rows."""
    columns = ", ".join(column(model, name) for name in names)
    return " ".join(("INSERT INTO", table(model), f"({columns})", "VALUES"))


@cache
def update_of(model: Model, names: tuple[str, ...]) -> str:
    """`UPDATE ... SET ... WHERE`, to be followed by the condition."""
    assignments = ", ".join(f"{column(model, name)} = %s" for name in names)
    return " ".join(("UPDATE", table(model), "SET", assignments, "WHERE"))
