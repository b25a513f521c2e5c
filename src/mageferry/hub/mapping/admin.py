"""Rows of field mappings on the connector's page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from mageferry.hub import adminsite
from mageferry.hub.connectors.admin import ConnectorAdmin
from mageferry.hub.mapping.models import FieldMapping

_WIDTHS = {"source": "min-width: 22rem", "target": "min-width: 16rem", "note": "min-width: 12rem"}


class FieldMappingInline(adminsite.TabularInline):
    model = FieldMapping
    fields = ("record", "direction", "source", "target", "mode", "position", "active", "note")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and db_field.name != "active":
            field.widget.attrs["style"] = _WIDTHS.get(db_field.name, "min-width: 9rem")
        return field


ConnectorAdmin.add_inline(FieldMappingInline)
