"""What is sent for a shipment or a refund, with a connector's field mappings. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mageferry.hub.mapping.field_mappings import REMEDY, FieldMappings
from mageferry.hub.mapping.order_out import prune
from mageferry.hub.mapping.rules import TO_MAGENTO

RETRY_REMEDY: Final = f"{REMEDY} Then retry the unit of work."


def map_body(
    record: str,
    body: dict[str, Any],
    document: Callable[[], Mapping[str, Any]],
    mappings: FieldMappings,
) -> tuple[dict[str, Any], list[str]]:
    """The body filled, without what is empty; every problem in words. `document` makes what the rows read, when there
    are any."""
    if not mappings.concern(TO_MAGENTO, record):
        return body, []
    filled, problems = mappings.apply_to_magento(record, document(), body)
    pruned: dict[str, Any] = prune(filled)
    return pruned, problems
