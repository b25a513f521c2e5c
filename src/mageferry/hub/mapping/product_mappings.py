"""Field mappings of products: from a Magento's product into the hub's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mageferry.hub.mapping.field_mappings import REMEDY, Assignment, FieldMappings, put_value
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.product_in import DISABLED, ENABLED, ProductRecord, read_product
from mageferry.hub.mapping.rules import FROM_MAGENTO, IF_NEW

RECORD: Final = "product"
_AS_IT_IS: Final = ("name", "product_type", "price", "weight", "attributes")


def read_mapped_product(raw: Any, attribute_codes: Sequence[str], mappings: FieldMappings) -> ProductRecord:
    """A row of GET /V1/products with the connector's mappings. Raises UnusableRecord."""
    record = read_product(raw, attribute_codes)
    if not mappings.concern(FROM_MAGENTO, RECORD):
        return record
    mapped, problems = map_product(raw, record, mappings)
    if problems:
        raise UnusableRecord(f"Product {record.sku}: {'; '.join(problems)}.", REMEDY)
    return mapped


def map_product(
    raw: Mapping[str, Any], record: ProductRecord, mappings: FieldMappings
) -> tuple[ProductRecord, list[str]]:
    """A record filled as for a new product, with the fields that stay as they are on one that the hub has; every
    problem."""
    problems: list[str] = []
    values: dict[str, Any] = {name: getattr(record, name) for name in _AS_IT_IS}
    values["active"] = record.status == ENABLED
    found = mappings.assignments(FROM_MAGENTO, RECORD, raw, problems)
    for assignment in found:
        put_value(values, assignment, problems)
    status = ENABLED if values.pop("active") else DISABLED
    return replace(record, status=status, only_new=_only_new(found), **values), problems


def _only_new(found: Sequence[Assignment]) -> frozenset[str]:
    """Fields that only rows for new records fill."""
    lasting = {str(each.field) for each in found if each.rule.row.mode != IF_NEW}
    return frozenset({str(each.field) for each in found} - lasting)
