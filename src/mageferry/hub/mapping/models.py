"""magento2_field_mapping: rows of a connector that fill fields from a Magento's records, or of what is sent to it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import prefetch_related_objects

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.connectors.product_values import read_all_again
from mageferry.hub.mapping.expressions import LIMIT
from mageferry.hub.mapping.field_mappings import FieldMappings, compile_rows
from mageferry.hub.mapping.rules import (
    DIRECTIONS,
    FROM_MAGENTO,
    MODES,
    OVERWRITE,
    RECORDS,
    MappingProblem,
    MappingRow,
    compile_row,
)


class FieldMapping(models.Model):
    """One field that is filled beyond the standard mapping, or instead of it."""

    connector = models.ForeignKey(Magento2Connector, on_delete=models.CASCADE, related_name="field_mappings")
    record = models.CharField(max_length=16, choices=RECORDS, default="order")
    direction = models.CharField(max_length=12, choices=DIRECTIONS, default=FROM_MAGENTO)
    source = models.CharField(
        max_length=LIMIT,
        help_text="JMESPath over the record that is read, such as extension_attributes.channel, or a constant such "
        'as `"web"`.',
    )
    target = models.CharField(
        max_length=255,
        help_text="From Magento: a field of the hub, such as customer_email. To Magento: a place in what is sent, "
        "such as extension_attributes.channel.",
    )
    mode = models.CharField(max_length=9, choices=MODES, default=OVERWRITE)
    position = models.PositiveSmallIntegerField(default=0, help_text="Rows are applied from the lowest on.")
    active = models.BooleanField(default=True)
    note = models.CharField(max_length=255, blank=True)

    class Meta:
        db_table = "magento2_field_mapping"
        verbose_name = "field mapping"
        ordering = ("connector", "position", "id")

    def __str__(self) -> str:
        return str(self.row)

    @property
    def row(self) -> MappingRow:
        """The row as the mapping reads it."""
        return MappingRow(self.record, self.direction, self.source, self.target.strip(), self.mode)

    def save(self, *args: Any, **options: Any) -> None:
        super().save(*args, **options)
        self._note_change()

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        gone = super().delete(*args, **options)
        self._note_change()
        return gone

    def _note_change(self) -> None:
        """Products that don't change in the shop would keep what the rows before made of them."""
        if self.record == "product":
            read_all_again(self.connector)

    def clean(self) -> None:
        try:
            compile_row(self.row)
        except MappingProblem as problem:
            raise ValidationError(problem.problems) from None


def mappings_of(connector: Magento2Connector) -> FieldMappings:
    """The connector's mappings, compiled. Its rows are read once for as long as `connector` is in use."""
    prefetch_related_objects([connector], "field_mappings")
    rows = connector.field_mappings.all()
    return compile_rows([each.row for each in rows if each.active])
