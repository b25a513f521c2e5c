"""What an admin does with integrations in the shop: add, activate, reauthorize, revoke.

Activating starts the handshake: the shop posts the credentials to the integration's endpoint, which comes
back for a request token and exchanges it for an access token.
"""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from mageferry.sandbox.access import EVERYTHING
from mageferry.sandbox.integrations import Integration, Status, TokenKind
from mageferry.sandbox.shop import Shop

POST_TIMEOUT_SECONDS = 5.0
NOT_POSTED = "Unable to post data to consumer due to an unexpected error"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the owner of an integration is shown; no access token before one was made."""

    name: str
    consumer_key: str
    consumer_secret: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    access_token_secret: str = field(default="", repr=False)

    def describe(self) -> dict[str, str]:
        return {
            "name": self.name,
            "consumer_key": self.consumer_key,
            "consumer_secret": self.consumer_secret,
            "access_token": self.access_token,
            "access_token_secret": self.access_token_secret,
        }


class IntegrationDesk:
    """Every method is safe to call from any thread while the server runs."""

    def __init__(self, shop: Shop, lock: threading.RLock, base_url: str) -> None:
        self._shop = shop
        self._lock = lock
        self._base_url = base_url

    def add(
        self,
        name: str,
        *,
        endpoint: str = "",
        resources: tuple[str, ...] = (EVERYTHING,),
        consumer_key: str = "",
        consumer_secret: str = "",
    ) -> Credentials:
        """A new, inactive integration. Raises ValueError for a name that is taken."""
        with self._lock:
            if self._shop.integrations.find(name) is not None:
                raise ValueError(f"there is an integration {name!r} already")
            entry = self._shop.integrations.add(
                name,
                resources=resources,
                endpoint=endpoint,
                consumer_key=consumer_key,
                consumer_secret=consumer_secret,
            )
            return Credentials(entry.name, entry.consumer_key, entry.consumer_secret)

    def authorize(self, name: str, *, token: str = "", secret: str = "") -> Credentials:
        """Activate without a handshake, as for an integration without an endpoint: the keys are shown."""
        with self._lock:
            entry = self._find(name)
            self._shop.integrations.delete_tokens(entry)
            made = self._shop.integrations.add_token(entry, TokenKind.ACCESS, token=token, secret=secret)
            self._set_status(entry, Status.ACTIVE)
            return Credentials(entry.name, entry.consumer_key, entry.consumer_secret, made.token, made.secret)

    def activate(self, name: str, endpoint: str = "") -> str:
        """Post the credentials to the endpoint; what it answers is not looked at. The verifier sent.

        Raises ValueError for an unknown integration or one without an endpoint, ConnectionError when the
        endpoint cannot be reached.
        """
        with self._lock:
            entry = self._find(name)
            target = endpoint or entry.endpoint
            if not target:
                raise ValueError(f"integration {name!r} has no endpoint to post its credentials to")
            verifier = self._shop.integrations.offer(entry).verifier
        form = {
            "oauth_consumer_key": entry.consumer_key,
            "oauth_consumer_secret": entry.consumer_secret,
            "store_base_url": f"{self._base_url}/",
            "oauth_verifier": verifier,
        }
        _post_form(target, urlencode(form))
        return verifier

    def reauthorize(self, name: str, endpoint: str = "") -> str:
        """Delete the tokens, then activate again: the only way to a new access token."""
        with self._lock:
            self._shop.integrations.delete_tokens(self._find(name))
        return self.activate(name, endpoint)

    def set_status(self, name: str, status: str) -> None:
        """``active``, ``inactive`` or ``recreated``. Raises ValueError."""
        try:
            wanted = Status[status.upper()]
        except KeyError:
            known = ", ".join(entry.name.lower() for entry in Status)
            raise ValueError(f"unknown status {status!r} of an integration; known are {known}") from None
        with self._lock:
            self._set_status(self._find(name), wanted)

    def revoke(self, name: str) -> None:
        """The integration's first token stops working."""
        with self._lock:
            token = self._shop.integrations.first_token(self._find(name))
            if token is not None:
                token.revoked = True
                self._shop.integrations.save_token(token)

    def _set_status(self, entry: Integration, status: Status) -> None:
        entry.status = status
        self._shop.integrations.save(entry)

    def _find(self, name: str) -> Integration:
        entry = self._shop.integrations.find(name)
        if entry is None:
            raise ValueError(f"unknown integration {name!r}")
        return entry


def _post_form(url: str, form: str) -> None:
    """Raises ValueError for what is no HTTP URL, ConnectionError when nothing answers there."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is no endpoint: it must start with http:// or https://")
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connect(parts.hostname, parts.port, timeout=POST_TIMEOUT_SECONDS)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Laminas\\Http\\Client"}
    try:
        connection.request("POST", target, form, headers)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException) as error:
        raise ConnectionError(f"{NOT_POSTED}: {error}") from None
    finally:
        connection.close()
