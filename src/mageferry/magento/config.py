"""Magento's own sign-ins as types of authentication, for HTTP clients that are described as data.

Setup.parse(description, Catalogue().plus(*MAGENTO_AUTHENTICATIONS))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mageferry.http.config import AuthenticationDescription, Tools
from mageferry.http.config.fields import NeededSecret, OptionalSecret, Text, needed, option
from mageferry.http.flow import Middleware
from mageferry.http.redaction import Secret
from mageferry.magento.endpoint import Endpoint
from mageferry.magento.errors import ConfigurationError
from mageferry.magento.oauth import OAuth
from mageferry.magento.signature import PathRule, SignatureMethod
from mageferry.magento.token import AdminToken, Authentication
from mageferry.magento.twofactor import Totp

_ENDPOINT_HELP: Final = "Address of the shop; empty: the base URI of the client."


class MagentoIntegration(AuthenticationDescription):
    """The four keys of System > Extensions > Integrations."""

    type_name = "magento_integration"
    title = "Magento 2 integration"
    endpoint: Text = option("", "Endpoint", _ENDPOINT_HELP)
    consumer_key: NeededSecret = needed("Consumer key")
    consumer_secret: NeededSecret = needed("Consumer secret")
    access_token: NeededSecret = needed("Access token")
    access_token_secret: NeededSecret = needed("Access token secret")
    signature_method: SignatureMethod = option(
        SignatureMethod.HMAC_SHA256, "Signature method", "HMAC-SHA1 for Magento before 2.4.4 only."
    )
    path_rule: PathRule = option(
        PathRule.RESERVED, "Path rule", "Which characters of a path Magento decodes; found out by itself."
    )

    def build(self, tools: Tools) -> Middleware:
        names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
        keys = [tools.secret(getattr(self, name), name) for name in names]
        return _bound(
            tools,
            self.endpoint,
            lambda: OAuth(*keys, signature_method=self.signature_method, path_rule=self.path_rule),
        )


class MagentoAdminToken(AuthenticationDescription):
    """An admin user with, where the shop asks for it, an authenticator app."""

    type_name = "magento_admin_token"
    title = "Magento 2 admin token"
    endpoint: Text = option("", "Endpoint", _ENDPOINT_HELP)
    username: Text = needed("Username", min_length=1)
    password: NeededSecret = needed("Password")
    totp_secret: OptionalSecret = option(
        Secret(""), "TOTP secret", "Of the authenticator app, when two-factor authentication is on."
    )

    def follows_base_uri(self) -> bool:
        return not self.endpoint

    def build(self, tools: Tools) -> Middleware:
        username = tools.text(self.username, "username")
        password = tools.secret(self.password, "password")
        totp_secret = tools.secret(self.totp_secret, "totp_secret")
        vault = tools.stores.vault(tools.owner)
        return _bound(
            tools,
            self.endpoint,
            lambda: AdminToken(
                username, password, second_factor=Totp(totp_secret) if totp_secret else None, vault=vault
            ),
        )


def _bound(tools: Tools, endpoint: str, make: Callable[[], Authentication]) -> Middleware:
    try:
        return make().bind(Endpoint.parse(tools.text(endpoint, "endpoint") or tools.base_uri))
    except ConfigurationError as error:
        raise ValueError(f"{error.message}. {error.remedy}") from None


MAGENTO_AUTHENTICATIONS: Final = (MagentoIntegration, MagentoAdminToken)
