"""A connector's shop, ready to be called: endpoint, sign-in, time-outs, all from its row."""

from __future__ import annotations

from mageferry.hub.connectors.models import Authentication, Magento2Connector
from mageferry.hub.connectors.vault import ConnectorVault
from mageferry.magento.client import Magento
from mageferry.magento.errors import ConfigurationError
from mageferry.magento.token import AdminToken


def open_shop(connector: Magento2Connector) -> Magento:
    """A client for the connector's shop; use it in a `with` block.

    Raises ConfigurationError when the row lacks what its authentication needs.
    """
    if connector.authentication == Authentication.OAUTH:
        raise ConfigurationError(
            "OAuth Based isn't available in this version.", remedy="Choose Token Based with an admin user of the shop."
        )
    if not connector.username or not connector.password:
        raise ConfigurationError(
            f"The connector {connector.name} has no username or no password.",
            remedy="Enter the admin user's name and password on the connector.",
        )
    return Magento(
        connector.endpoint,
        AdminToken(connector.username, connector.password, vault=ConnectorVault(connector.pk)),
        verify=connector.verify_tls,
    )
