"""OAuth 1.0a (RFC 5849). Magento verifies differently: for a shop take mageferry.magento.OAuth."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from oauthlib.oauth1 import Client
from oauthlib.oauth1.rfc5849 import signature

from mageferry.http.errors import InvalidRequest
from mageferry.http.flow import Flow, Next
from mageferry.http.message import Request, Response
from mageferry.http.redaction import Secret
from mageferry.http.transport import sent_url

# Its published types say less than its functions take.
_rfc5849: Any = signature
_FORM: Final = "application/x-www-form-urlencoded"


class OAuth1Method(StrEnum):
    """How the base string is signed (RFC 5849, 3.4; HMAC-SHA256 is a later custom)."""

    HMAC_SHA256 = "HMAC-SHA256"
    HMAC_SHA1 = "HMAC-SHA1"
    RSA_SHA1 = "RSA-SHA1"
    PLAINTEXT = "PLAINTEXT"


_SIGNERS: Final[dict[OAuth1Method, Callable[[str, Client], object]]] = {
    OAuth1Method.HMAC_SHA256: _rfc5849.sign_hmac_sha256_with_client,
    OAuth1Method.HMAC_SHA1: _rfc5849.sign_hmac_sha1_with_client,
    OAuth1Method.PLAINTEXT: _rfc5849.sign_plaintext_with_client,
}


@dataclass(frozen=True, slots=True)
class OAuth1:
    """Signs every attempt anew. For RSA-SHA1 `private_key` is a PEM text and the secrets are not needed."""

    consumer_key: str
    consumer_secret: Secret = field(default_factory=lambda: Secret(""))
    access_token: Secret = field(default_factory=lambda: Secret(""))
    access_token_secret: Secret = field(default_factory=lambda: Secret(""))
    method: OAuth1Method = OAuth1Method.HMAC_SHA256
    private_key: Secret = field(default_factory=lambda: Secret(""))
    realm: str = ""
    clock: Callable[[], float] = time.time
    nonce: Callable[[], str] = lambda: secrets.token_hex(16)

    def __post_init__(self) -> None:
        if self.method is OAuth1Method.RSA_SHA1 and not self.private_key:
            raise InvalidRequest("RSA-SHA1 signs with a private key", remedy="Give the key as PEM text.")

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        oauth = {
            "oauth_consumer_key": self.consumer_key,
            "oauth_nonce": self.nonce(),
            "oauth_signature_method": self.method.value,
            "oauth_timestamp": str(int(self.clock())),
            "oauth_version": "1.0",
        }
        if self.access_token:
            oauth["oauth_token"] = self.access_token.reveal()
        form = request.content if (request.header("content-type") or "").startswith(_FORM) else b""
        oauth["oauth_signature"] = self._sign(base_string(request.method, request.url, oauth, form))
        return (yield from next(request.with_header("Authorization", self._header(oauth))))

    def _sign(self, base: str) -> str:
        # The library's own classes log what they sign; these functions do not.
        keys = Client(
            self.consumer_key,
            client_secret=self.consumer_secret.reveal(),
            resource_owner_secret=self.access_token_secret.reveal(),
            rsa_key=self.private_key.reveal() or None,
        )
        if self.method is OAuth1Method.RSA_SHA1:
            return _sign_with_key(base, keys)
        return str(_SIGNERS[self.method](base, keys))

    def _header(self, oauth: Mapping[str, str]) -> str:
        realm = f'realm="{self.realm}", ' if self.realm else ""
        return f"OAuth {realm}" + ", ".join(
            f'{name}="{quote(value, safe="~")}"' for name, value in oauth.items()
        )


def base_string(method: str, url: str, oauth: Mapping[str, str], form: bytes = b"") -> str:
    """What is signed (RFC 5849, 3.4.1): query, form fields and the protocol's own parameters in byte order."""
    address, _, query = sent_url(url).partition("#")[0].partition("?")
    parameters = _rfc5849.collect_parameters(_readable(query), _readable(form.decode("utf-8", "replace")))
    normalised = _rfc5849.normalize_parameters([*parameters, *oauth.items()])
    base: str = _rfc5849.signature_base_string(method.upper(), _rfc5849.base_string_uri(address), normalised)
    return base


def _readable(pairs: str) -> str:
    """The pairs in the strict encoding that oauthlib reads, which refuses brackets and the like as they are."""
    return quote(pairs, safe="%&=+~")


def _sign_with_key(base: str, keys: Client) -> str:
    try:
        return str(_rfc5849.sign_rsa_sha1_with_client(base, keys))
    except ImportError:
        raise InvalidRequest(
            "Signing with a private key needs a library that is not installed",
            remedy="pip install 'mageferry[keys]'",
        ) from None
    except Exception:
        # Whatever the cryptography says may quote the key.
        raise InvalidRequest(
            "The private key cannot be used", remedy="Give an RSA key as PEM text, without a password."
        ) from None
