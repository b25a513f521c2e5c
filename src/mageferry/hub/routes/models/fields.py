"""JSON that keeps the order of its names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
from django import forms
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    _TextField = models.Field[Any, Any]
else:
    _TextField = models.TextField


def _text(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # Whole numbers beyond 64 bits, and half characters.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class OrderedJSONField(_TextField):
    """JSON as text. PostgreSQL's own JSON sorts the names of an object: XML elements and columns of a table would
    go out in another order than they were entered in. It can't be searched by what is within."""

    description = "JSON"

    def from_db_value(self, value: str | None, expression: object, connection: BaseDatabaseWrapper) -> Any:
        return None if value is None else json.loads(value)

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> Any:
        if value is None and self.null:
            return None
        return _text(value)

    def value_to_string(self, obj: models.Model) -> str:
        return json.dumps(self.value_from_object(obj), ensure_ascii=False)

    def formfield(self, **changes: Any) -> Any:
        return super().formfield(**{"form_class": forms.JSONField, **changes})
