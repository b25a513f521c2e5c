"""The authentications as data. A type's name, its options and their help are declared here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import Field, field_validator

from mageferry.http.authentication.basic import Basic
from mageferry.http.authentication.bearer import Bearer
from mageferry.http.authentication.digest import Digest
from mageferry.http.authentication.json_web_token import ALGORITHMS, JsonWebToken, TokenSigner
from mageferry.http.authentication.oauth1 import OAuth1, OAuth1Method
from mageferry.http.authentication.query_param import QueryParam
from mageferry.http.authentication.request import RequestAuthentication, SignInRequest, Source
from mageferry.http.authentication.sigv4 import SigV4
from mageferry.http.config.described import AuthenticationDescription
from mageferry.http.config.fields import (
    NeededSecret,
    OptionalSecret,
    Secrets,
    Structure,
    Text,
    Texts,
    needed,
    option,
)
from mageferry.http.config.oauth2 import (
    AuthorizationCodeAuthentication,
    ClientCredentialsAuthentication,
    PasswordAuthentication,
    RefreshTokenAuthentication,
)
from mageferry.http.config.tools import Tools
from mageferry.http.encoding import Encoder
from mageferry.http.flow import Middleware
from mageferry.http.plugins.expect import StatusRanges
from mageferry.http.redaction import Secret

_NOTHING: Final = Secret("")


class BearerAuthentication(AuthenticationDescription):
    type_name = "bearer"
    title = "Bearer token"
    token: NeededSecret = needed("Token")

    def build(self, tools: Tools) -> Middleware:
        return Bearer(tools.secret(self.token, "token"))


class BasicAuthentication(AuthenticationDescription):
    type_name = "basic"
    title = "Basic"
    username: Text = needed("Username")
    password: OptionalSecret = option(_NOTHING, "Password")

    def build(self, tools: Tools) -> Middleware:
        return Basic(tools.text(self.username, "username"), tools.secret(self.password, "password"))


class QueryParamAuthentication(AuthenticationDescription):
    type_name = "query_param"
    title = "Query param"
    name: Text = needed("Name", min_length=1)
    value: NeededSecret = needed("Value")

    def build(self, tools: Tools) -> Middleware:
        return QueryParam(tools.text(self.name, "name"), tools.secret(self.value, "value"))


class DigestAuthentication(AuthenticationDescription):
    type_name = "digest"
    title = "Digest"
    username: Text = needed("Username")
    password: OptionalSecret = option(_NOTHING, "Password")

    def build(self, tools: Tools) -> Middleware:
        return Digest(tools.text(self.username, "username"), tools.secret(self.password, "password"))


class RequestAuthenticationDescription(AuthenticationDescription):
    type_name = "request"
    title = "Request authentication"
    uri: Text = needed("Request URI", "Complete, or behind the base URI of the client.")
    method: str = option("POST", "Request method", pattern="^[A-Za-z]{3,10}$")
    encoder: Encoder = option(Encoder.JSON, "Request encoder", "How the parameters are written.")
    parameters: Structure = option(None, "Request parameters", "An object; its texts may have placeholders.")
    secrets: Secrets = option(
        dict, "Secret parameters", "More parameters, kept from view, such as the password."
    )
    headers: Texts = option(dict, "Request headers")
    secret_headers: Secrets = option(dict, "Secret request headers", "Such as X-Api-Key.")
    client: str = option(
        "", "HTTP client", "Another one to ask over, which may authenticate itself; empty: this one."
    )
    header: str = option("Authorization", "Header name", "Where requests carry what came back.", min_length=1)
    source: Source = option(Source.BODY, "Source", "Which part of the answer the template is filled from.")
    template: Text = option(
        "Bearer &{@[0]}", "Template", "The header's value; a bare answer is a list of one."
    )
    cache: bool = option(True, "Cache the token", "Until it runs out or is refused.")
    expires_in: Text = option(
        "", "Expires in", "Template of the seconds a token holds, such as &{expires_in}."
    )
    lifetime_seconds: float | None = option(None, "Lifetime (seconds)", "When the answer does not say.", gt=0)
    failed: str = option(
        "", "Failed when", "JMESPath that is true for an answer of 200 that is none, such as error."
    )
    refused: str = option(
        "", "Refused when", "JMESPath over status and body that is true when a token is refused."
    )
    refused_statuses: str = option("401", "Refused statuses", "Ranges such as 401, 403.")

    @field_validator("refused_statuses")
    @classmethod
    def _ranges(cls, statuses: str) -> str:
        StatusRanges.parse(statuses)
        return statuses

    @field_validator("secrets")
    @classmethod
    def _object(cls, secrets: dict[str, Secret], info: Any) -> dict[str, Secret]:
        if secrets and not isinstance(info.data.get("parameters", {}) or {}, dict):
            raise ValueError("secret parameters can only be added to an object of parameters")
        return secrets

    def refers_to(self) -> list[tuple[str, str]]:
        return [("client", self.client)] if self.client else []

    def follows_base_uri(self) -> bool:
        return not self.uri.lower().startswith(("http://", "https://"))

    def build(self, tools: Tools) -> Middleware:
        return RequestAuthentication(
            self._sign_in(tools),
            header=self.header,
            source=self.source,
            template=self.template,
            keep=self.cache,
            expires_in=self.expires_in,
            lifetime_seconds=self.lifetime_seconds,
            refused_statuses=frozenset(StatusRanges.parse(self.refused_statuses)),
            refused=self.refused,
            vault=tools.stores.vault(tools.owner),
        )

    def _sign_in(self, tools: Tools) -> SignInRequest:
        # Secrets are filled already, so nothing in them is taken for a placeholder again.
        hidden = {
            "secrets": tools.secrets(self.secrets, "secrets"),
            "headers": tools.secrets(self.secret_headers, "secret_headers"),
        }
        parameters = self.parameters
        if self.secrets:
            parameters = {**(self.parameters or {}), **_references("secrets", self.secrets)}
        return SignInRequest(
            _complete(tools.text(self.uri, "uri"), tools.base_uri),
            self.method,
            self.encoder,
            parameters,
            {**self.headers, **_references("headers", self.secret_headers)},
            tools.client(self.client, f"{tools.path}.client") if self.client else None,
            self.failed,
            tools.scope.with_data(hidden),
        )


def _references(place: str, names: Iterable[str]) -> dict[str, str]:
    return {name: f"&{{{place}.{_quoted(name)}}}" for name in names}


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _complete(uri: str, base_uri: str) -> str:
    if uri.lower().startswith(("http://", "https://")):
        return uri
    if not base_uri:
        raise ValueError("the request URI is not complete, and the client has no base URI")
    return f"{base_uri.rstrip('/')}/{uri.lstrip('/')}"


class OAuth1Authentication(AuthenticationDescription):
    type_name = "oauth1"
    title = "OAuth 1.0a"
    consumer_key: Text = needed("Consumer key", min_length=1)
    consumer_secret: OptionalSecret = option(_NOTHING, "Consumer secret")
    access_token: OptionalSecret = option(_NOTHING, "Access token")
    access_token_secret: OptionalSecret = option(_NOTHING, "Access token secret")
    signature_method: OAuth1Method = option(OAuth1Method.HMAC_SHA256, "Signature method")
    private_key: OptionalSecret = option(_NOTHING, "Private key", "PEM text, for RSA-SHA1.")
    realm: Text = option("", "Realm")

    def build(self, tools: Tools) -> Middleware:
        return OAuth1(
            tools.text(self.consumer_key, "consumer_key"),
            tools.secret(self.consumer_secret, "consumer_secret"),
            tools.secret(self.access_token, "access_token"),
            tools.secret(self.access_token_secret, "access_token_secret"),
            self.signature_method,
            tools.secret(self.private_key, "private_key"),
            tools.text(self.realm, "realm"),
        )


class JwtAuthentication(AuthenticationDescription):
    type_name = "jwt"
    title = "JWT"
    algorithm: str = option("HS256", "Algorithm", ", ".join(ALGORITHMS))
    key: NeededSecret = needed("Key", "Shared secret (HS...), or private key as PEM text.")
    claims: Structure = option(dict, "Claims", "iat, exp and jti are added.")
    headers: Texts = option(dict, "Token headers", "Such as kid.")
    lifetime_seconds: float = option(300.0, "Lifetime (seconds)", gt=0)
    header: str = option("Authorization", "Header name", min_length=1)
    prefix: str = Field(default="Bearer ", title="Prefix", description="Stands before the token.")

    @field_validator("claims")
    @classmethod
    def _claims(cls, claims: Any) -> Any:
        if not isinstance(claims, dict):
            raise ValueError("claims are an object")
        return claims

    def build(self, tools: Tools) -> Middleware:
        signer = TokenSigner(
            self.algorithm,
            tools.secret(self.key, "key"),
            tools.filled(self.claims, "claims"),
            {name: Secret(value).reveal() for name, value in tools.texts(self.headers, "headers").items()},
            self.lifetime_seconds,
        )
        return JsonWebToken(signer, self.header, self.prefix)


class SigV4Authentication(AuthenticationDescription):
    type_name = "aws_sigv4"
    title = "AWS Signature Version 4"
    region: Text = needed("Region", "Such as eu-west-1.", min_length=1)
    service: Text = needed("Service", "Such as execute-api or s3.", min_length=1)
    access_key_id: Text = needed("Access key id", min_length=1)
    secret_access_key: NeededSecret = needed("Secret access key")
    session_token: OptionalSecret = option(_NOTHING, "Session token", "Of temporary credentials.")

    def build(self, tools: Tools) -> Middleware:
        return SigV4(
            tools.text(self.region, "region"),
            tools.text(self.service, "service"),
            tools.text(self.access_key_id, "access_key_id"),
            tools.secret(self.secret_access_key, "secret_access_key"),
            tools.secret(self.session_token, "session_token"),
        )


AUTHENTICATIONS: Final[tuple[type[AuthenticationDescription], ...]] = (
    BearerAuthentication,
    BasicAuthentication,
    QueryParamAuthentication,
    RequestAuthenticationDescription,
    OAuth1Authentication,
    ClientCredentialsAuthentication,
    PasswordAuthentication,
    AuthorizationCodeAuthentication,
    RefreshTokenAuthentication,
    JwtAuthentication,
    SigV4Authentication,
    DigestAuthentication,
)
