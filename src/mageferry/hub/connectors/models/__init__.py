"""The connector's tables: magento2_connector with its seller rows, and what a Magento knows of our orders."""

from mageferry.hub.connectors.models.activations import ActivationStatus, Magento2Activation
from mageferry.hub.connectors.models.choices import (
    Authentication,
    InvoiceRule,
    NumberRule,
    default_exporting_statuses,
    default_reading_statuses,
    default_status_map,
    new_callback_key,
)
from mageferry.hub.connectors.models.connector import Magento2Connector
from mageferry.hub.connectors.models.products import ProductMagento
from mageferry.hub.connectors.models.remote import (
    Direction,
    OrderItemMagento,
    OrderPartMagento,
    OrderPaymentMagento2,
    OrderShipmentMagento,
    OrdersMagento,
)
from mageferry.hub.connectors.models.sellers import AccountMagento, Magento2Seller

__all__ = [
    "AccountMagento",
    "ActivationStatus",
    "Authentication",
    "Direction",
    "InvoiceRule",
    "Magento2Activation",
    "Magento2Connector",
    "Magento2Seller",
    "NumberRule",
    "OrderItemMagento",
    "OrderPartMagento",
    "OrderPaymentMagento2",
    "OrderShipmentMagento",
    "OrdersMagento",
    "ProductMagento",
    "default_exporting_statuses",
    "default_reading_statuses",
    "default_status_map",
    "new_callback_key",
]
