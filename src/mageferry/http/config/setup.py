"""Clients and authentications described as data, and built from it.

    setup = Setup.parse({
        "clients": {
            "erp": {
                "plugins": [{"type": "base_uri", "uri": "https://erp.example/api"}, {"type": "retry"}],
                "authentication": "erp-login",
            },
        },
        "authentications": {"erp-login": {"type": "bearer", "token": "${ERP_TOKEN}"}},
    })
    HttpClient(setup.client("erp", Scope(environment={"ERP_TOKEN": Secret("...")})))

An authentication stands within its client, or under a name of its own to be shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Self

from mageferry.http.addresses import AddressPolicy
from mageferry.http.client import HttpConfig
from mageferry.http.config.building import Builder
from mageferry.http.config.described import AuthenticationDescription
from mageferry.http.config.errors import ConfigError, Problem
from mageferry.http.config.reading import Catalogue, ClientDescription, Reader
from mageferry.http.config.tools import Stores, Tools
from mageferry.http.flow import Middleware
from mageferry.http.placeholders import Scope
from mageferry.http.redaction import Secret

_TOP: Final = ("clients", "authentications")


class Setup:
    """All clients and authentications of a description, checked."""

    def __init__(
        self,
        clients: Mapping[str, ClientDescription],
        authentications: Mapping[str, AuthenticationDescription],
    ) -> None:
        self.clients = dict(clients)
        self.authentications = dict(authentications)
        problems = [*self._unknown(), *self._circles()]
        if problems:
            raise ConfigError(problems)

    @classmethod
    def parse(cls, description: Any, catalogue: Catalogue | None = None) -> Self:
        """Read a description, as decoded JSON or as its bytes. Raises ConfigError with every problem."""
        reader = Reader(catalogue or Catalogue())
        decoded = reader.decoded(description)
        reader.forbid_others(decoded, _TOP, "")
        clients = {
            name: reader.client(value, f"clients.{name}") for name, value in reader.named(decoded, "clients")
        }
        authentications = {
            name: found
            for name, value in reader.named(decoded, "authentications")
            if (found := reader.authentication(value, f"authentications.{name}")) is not None
        }
        if reader.problems:
            raise ConfigError(reader.problems)
        return cls(clients, authentications)

    def client(
        self,
        name: str,
        scope: Scope | None = None,
        stores: Stores | None = None,
        addresses: AddressPolicy | None = None,
    ) -> HttpConfig:
        """One client, ready for HttpClient or AsyncHttpClient. Raises ConfigError."""
        return self._builder(scope, stores, addresses).client(name, f"clients.{name}")

    def tools(
        self,
        authentication: str,
        scope: Scope | None = None,
        stores: Stores | None = None,
        addresses: AddressPolicy | None = None,
    ) -> Tools:
        """What an authentication with a name is built with outside of a client, such as for its connection."""
        return self._builder(scope, stores, addresses).tools(authentication)

    def authentication(
        self,
        name: str,
        scope: Scope | None = None,
        stores: Stores | None = None,
        addresses: AddressPolicy | None = None,
    ) -> Middleware:
        """An authentication with a name, outside of a client; it must not need a base URI. Raises ConfigError."""
        return self._builder(scope, stores, addresses).authentication(name)

    def data(self, *, reveal: bool = False) -> dict[str, Any]:
        """The description as it is read; secrets masked, or in plain for a place that keeps them safe."""
        return {
            "clients": {name: each.data(reveal=reveal) for name, each in self.clients.items()},
            "authentications": {
                name: each.data(reveal=reveal) for name, each in self.authentications.items()
            },
        }

    def secrets(self) -> Iterator[Secret]:
        """Every secret of all clients and authentications, for masking what is shown."""
        for authentication in self.authentications.values():
            yield from authentication.secrets_within()
        for client in self.clients.values():
            yield from client.secrets_within()

    def _builder(
        self, scope: Scope | None, stores: Stores | None, addresses: AddressPolicy | None
    ) -> Builder:
        return Builder(self.clients, self.authentications, scope or Scope(), stores or Stores(), addresses)

    def _unknown(self) -> Iterator[Problem]:
        for path, name in self._stored():
            if name not in self.authentications:
                yield Problem(
                    path, f"there is no authentication {name!r}", f"There are: {_list(self.authentications)}."
                )
        for path, name in self._references():
            if name not in self.clients:
                yield Problem(path, f"there is no client {name!r}", f"There are: {_list(self.clients)}.")

    def _stored(self) -> Iterator[tuple[str, str]]:
        """Where an authentication is named, and its name."""
        for client, description in self.clients.items():
            if isinstance(description.authentication, str):
                yield f"clients.{client}.authentication", description.authentication

    def _references(self) -> Iterator[tuple[str, str]]:
        """Where a client is named, and its name."""
        placed = [(f"authentications.{name}", found) for name, found in self.authentications.items()]
        for name, client in self.clients.items():
            if isinstance(client.authentication, AuthenticationDescription):
                placed.append((f"clients.{name}.authentication", client.authentication))
        for path, authentication in placed:
            for option_name, target in authentication.refers_to():
                yield f"{path}.{option_name}", target

    def _circles(self) -> Iterator[Problem]:
        """Clients that would need themselves to sign in."""
        for start in self.clients:
            trail = [start]
            while (following := self._needs(trail[-1])) is not None and following not in trail:
                trail.append(following)
            if following == start:
                yield Problem(
                    f"clients.{start}.authentication",
                    f"signing in goes in a circle: {' needs '.join([*trail, start])}",
                    "Let one of them sign in over a client that needs no other.",
                )

    def _needs(self, name: str) -> str | None:
        """The client that another one signs in over."""
        authentication = self.clients[name].authentication if name in self.clients else None
        if isinstance(authentication, str):
            authentication = self.authentications.get(authentication)
        targets = authentication.refers_to() if authentication is not None else []
        return targets[0][1] if targets else None


def _list(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names)) or "none"
