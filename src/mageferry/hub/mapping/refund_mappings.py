"""Field mappings of refunds: from the hub's refund into what makes a credit memo."""

from __future__ import annotations

from typing import Any, Final

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.mapping.bodies import RETRY_REMEDY, map_body
from mageferry.hub.mapping.field_mappings import FieldMappings
from mageferry.hub.mapping.order_document import refund_document
from mageferry.hub.mapping.refund_out import UnrefundableOrder
from mageferry.hub.trade.models import OrderPayment

RECORD: Final = "refund"


def map_refund_body(
    body: dict[str, Any], refund: OrderPayment, row: Magento2Seller, mappings: FieldMappings
) -> dict[str, Any]:
    """What makes a credit memo, with the connector's mappings. Raises UnrefundableOrder naming every row that doesn't
    fit."""
    filled, problems = map_body(RECORD, body, lambda: refund_document(refund, row), mappings)
    if problems:
        raise UnrefundableOrder(f"The refund can't be made in Magento: {'; '.join(problems)}.", RETRY_REMEDY)
    return filled
