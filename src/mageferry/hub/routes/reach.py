"""What templates, transformers and requests of a route may reach: global values, storages, HTTP clients."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final, Self

from mageferry.http import HttpClient
from mageferry.http.client import HttpConfig
from mageferry.http.config import ConfigError, Problem
from mageferry.http.flow import Flow, Next, Plugin
from mageferry.http.placeholders import Scope, secrets_in
from mageferry.http.plugins.expect import ExpectStatus, StatusRanges
from mageferry.http.redaction import Secret, mask_secrets
from mageferry.http.transformers import Ports
from mageferry.hub.pipelines.clients import opened
from mageferry.hub.pipelines.descriptions import Described
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.pipelines.template_values import scope
from mageferry.hub.routes.storages import DatabaseStorage
from mageferry.hub.security.outbound import address_policy

# Which statuses are answers is said by the incoming or outgoing; the client's own rule would hide the headers of an
# answer, such as Retry-After.
_ANY_STATUS: Final = ExpectStatus(StatusRanges(((100, 599),)))


def handle_with(client: HttpClient, plugins: Sequence[Plugin] = ()) -> Next:
    """A client's plugins and authentication, and these plugins; any status is an answer."""
    return client.handle_with((*plugins, _ANY_STATUS))


class Reach:
    """Open while one run or attempt lasts; its clients are shared with all others of the process."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._clients: dict[str, tuple[HttpClient, Described]] = {}
        self._driver: HttpClient | None = None
        self._scope: Scope | None = None
        self._secrets: tuple[Secret, ...] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def scope(self) -> Scope:
        """The allowed environment, and `@{globals...}`."""
        if self._scope is None:
            self._scope = scope()
        return self._scope

    @property
    def ports(self) -> Ports:
        """What transformers may reach."""
        return Ports(self.scope, DatabaseStorage(), self._guest)

    def client(self, record: HttpClientRecord) -> HttpClient:
        """A client, open until the end. Raises ConfigError with what is wrong with it, such as being switched off."""
        found = self._clients.get(record.code)
        if found is None:
            if not record.enabled:
                text = f"the HTTP client {record.name} is switched off"
                raise ConfigError([Problem("client", text, "Switch it on.")])
            found = self._clients[record.code] = self._stack.enter_context(opened(record))
            self._secrets = None
        return found[0]

    def masked(self, text: str) -> str:
        """The text without the secrets of the clients that were opened, and of global values."""
        if self._secrets is None:
            own = [secret for _, described in self._clients.values() for secret in described.secrets()]
            self._secrets = (*own, *secrets_in([self.scope.environment, self.scope.context]))
        return mask_secrets(text, self._secrets) if self._secrets else text

    def close(self) -> None:
        """Let go of the clients; what is asked for afterwards is looked up anew."""
        self._stack.close()
        self._clients, self._driver, self._scope, self._secrets = {}, None, None, None

    def run[T](self, flow: Flow[T]) -> T:
        """Drive a flow whose requests go over clients of their own, or that makes none."""
        if self._driver is None:
            self._driver = self._stack.enter_context(HttpClient(HttpConfig(addresses=address_policy())))
        return self._driver.run(flow)

    def _guest(self, name: str) -> Next:
        record = HttpClientRecord.objects.filter(code=name).first()
        if record is None:
            raise LookupError(f"there is no HTTP client {name!r}")
        return self.client(record).config.as_guest()
