"""How a connector signs in to its shop: an admin user's token, with a second factor or without, or OAuth."""

from __future__ import annotations

from mageferry.hub.connectors.models import Authentication, Magento2Connector
from mageferry.hub.connectors.vault import ConnectorCodeLog, ConnectorVault
from mageferry.magento import AdminToken, ConfigurationError
from mageferry.magento.oauth import OAuth
from mageferry.magento.signature import PathRule, SignatureMethod
from mageferry.magento.token import Authentication as ShopAuthentication
from mageferry.magento.twofactor import Totp

# A change of any of these means another sign-in.
SIGN_IN_FIELDS = (
    "authentication", "username", "password", "totp_secret", "consumer_key", "consumer_secret", "access_token",
    "access_token_secret", "signature_method",
)  # fmt: skip
OAUTH_KEYS = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")


def authentication_of(connector: Magento2Connector) -> ShopAuthentication:
    """The connector's way in. Raises ConfigurationError naming what its row lacks."""
    if connector.authentication == Authentication.OAUTH:
        missing = [name.replace("_", " ") for name in OAUTH_KEYS if not getattr(connector, name)]
        if missing:
            raise ConfigurationError(
                f"The connector {connector.name} is OAuth Based and has no {', '.join(missing)}.",
                remedy="Activate the integration in the shop (System > Extensions > Integrations), or copy the keys "
                "from there.",
            )
        return OAuth(
            connector.consumer_key,
            connector.consumer_secret,
            connector.access_token,
            connector.access_token_secret,
            signature_method=SignatureMethod(connector.signature_method),
            path_rule=PathRule(connector.path_rule),
        )
    if not connector.username or not connector.password:
        raise ConfigurationError(
            f"The connector {connector.name} has no username or no password.",
            remedy="Enter the admin user's name and password on the connector.",
        )
    return AdminToken(
        connector.username,
        connector.password,
        vault=ConnectorVault(connector.pk),
        second_factor=Totp(connector.totp_secret, log=ConnectorCodeLog(connector.pk))
        if connector.totp_secret
        else None,
    )


def remember_path_rule(connector: Magento2Connector, authentication: ShopAuthentication) -> None:
    """Save the way of signing paths that the shop turned out to want."""
    if isinstance(authentication, OAuth) and authentication.path_rule != connector.path_rule:
        connector.path_rule = authentication.path_rule.value
        Magento2Connector.objects.filter(pk=connector.pk).update(path_rule=connector.path_rule)
