"""The grants of OAuth 2.0 as data."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

from mageferry.http.authentication.json_web_token import ALGORITHMS, TokenSigner
from mageferry.http.authentication.oauth2 import (
    Authorization,
    ClientAssertion,
    ClientCredentials,
    ClientIdentity,
    ClientSecret,
    Grant,
    OAuth2,
    Password,
    RefreshToken,
    SecretIn,
    TokenEndpoint,
    begin_authorization,
)
from mageferry.http.config.described import AuthenticationDescription
from mageferry.http.config.fields import NeededSecret, OptionalSecret, Secrets, Text, Texts, needed, option
from mageferry.http.config.tools import Tools
from mageferry.http.flow import Middleware
from mageferry.http.redaction import Secret

_NOTHING: Final = Secret("")


class _OAuth2Authentication(AuthenticationDescription):
    """What the grants of OAuth 2.0 have in common."""

    token_url: Text = needed("Token URL", min_length=1)
    client_id: Text = needed("Client id", min_length=1)
    client_secret: OptionalSecret = option(_NOTHING, "Client secret")
    secret_in: SecretIn = option(
        SecretIn.HEADER, "Secret in", "Where the token endpoint wants id and secret."
    )
    assertion_algorithm: str = option(
        "", "Assertion algorithm", f"Instead of a secret: {', '.join(ALGORITHMS)}."
    )
    assertion_key: OptionalSecret = option(
        _NOTHING, "Assertion key", "Shared secret, or private key as PEM text."
    )
    scope: Text = option("", "Scope", "As the server wants it, mostly separated by blanks.")
    extra: Texts = option(dict, "More fields", "Such as audience or resource.")
    secret_extra: Secrets = option(dict, "More secret fields")
    client: str = option("", "HTTP client", "Another client to ask over; empty: this one.")

    def refers_to(self) -> list[tuple[str, str]]:
        return [("client", self.client)] if self.client else []

    @abstractmethod
    def grant(self, tools: Tools) -> Grant:
        """What entitles to a token."""

    def build(self, tools: Tools) -> Middleware:
        return OAuth2(self.endpoint(tools), self.grant(tools), vault=tools.stores.vault(tools.owner))

    def endpoint(self, tools: Tools) -> TokenEndpoint:
        """Where its tokens come from."""
        given = {**tools.texts(self.extra, "extra"), **tools.secrets(self.secret_extra, "secret_extra")}
        return TokenEndpoint(
            tools.text(self.token_url, "token_url"),
            self._identity(tools),
            tools.text(self.scope, "scope"),
            {name: Secret(value).reveal() for name, value in given.items()},
            tools.client(self.client, f"{tools.path}.client") if self.client else None,
        )

    def _identity(self, tools: Tools) -> ClientIdentity:
        client_id = tools.text(self.client_id, "client_id")
        if self.assertion_algorithm:
            key = tools.secret(self.assertion_key, "assertion_key")
            return ClientAssertion(client_id, TokenSigner(self.assertion_algorithm, key))
        return ClientSecret(client_id, tools.secret(self.client_secret, "client_secret"), self.secret_in)


class ClientCredentialsAuthentication(_OAuth2Authentication):
    type_name = "oauth2_client_credentials"
    title = "OAuth 2.0 client credentials"

    def grant(self, tools: Tools) -> Grant:
        return ClientCredentials()


class PasswordAuthentication(_OAuth2Authentication):
    type_name = "oauth2_password"
    title = "OAuth 2.0 password"
    username: Text = needed("Username")
    password: NeededSecret = needed("Password")

    def grant(self, tools: Tools) -> Grant:
        return Password(tools.text(self.username, "username"), tools.secret(self.password, "password"))


class AuthorizationCodeAuthentication(_OAuth2Authentication):
    """A person authorises once (begin_authorization, exchange_code); what is kept is the refresh token."""

    type_name = "oauth2_authorization_code"
    title = "OAuth 2.0 authorization code"
    authorize_url: Text = needed("Authorization URL", "Where a person is sent to authorise.", min_length=1)
    redirect_uri: Text = option("", "Redirect URI", "Where the person comes back to.")
    refresh_token: OptionalSecret = option(_NOTHING, "Refresh token", "From the authorization.")

    def grant(self, tools: Tools) -> Grant:
        return RefreshToken(tools.secret(self.refresh_token, "refresh_token"))

    def begin(self, tools: Tools, redirect_uri: str) -> Authorization:
        """Where to send the person, who comes back to `redirect_uri`. Raises ConfigError and HttpError."""
        return begin_authorization(
            tools.text(self.authorize_url, "authorize_url"),
            tools.text(self.client_id, "client_id"),
            redirect_uri,
            scope=tools.text(self.scope, "scope"),
        )


class RefreshTokenAuthentication(_OAuth2Authentication):
    type_name = "oauth2_refresh"
    title = "OAuth 2.0 refresh token"
    refresh_token: NeededSecret = needed("Refresh token")

    def grant(self, tools: Tools) -> Grant:
        return RefreshToken(tools.secret(self.refresh_token, "refresh_token"))
