"""From a checked description to a client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from mageferry.http.addresses import AddressPolicy
from mageferry.http.client import HttpConfig
from mageferry.http.config.described import AuthenticationDescription
from mageferry.http.config.errors import ConfigError, Problem
from mageferry.http.config.plugins import BaseUriPlugin
from mageferry.http.config.reading import ClientDescription
from mageferry.http.config.tools import Stores, Tools
from mageferry.http.errors import HttpError
from mageferry.http.flow import Middleware, Next, Plugin
from mageferry.http.message import Timeouts
from mageferry.http.placeholders import Scope, TemplateError


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds a client and those it signs in over."""

    clients: Mapping[str, ClientDescription]
    authentications: Mapping[str, AuthenticationDescription]
    scope: Scope
    stores: Stores
    addresses: AddressPolicy | None

    def client(self, name: str, path: str) -> HttpConfig:
        description = self.clients.get(name)
        if description is None:
            raise ConfigError([Problem(path, f"there is no client {name!r}")])
        base = Tools(f"clients.{name}", name, self.scope, self.stores, "", self._chain)
        uris = [plugin for plugin in description.plugins if isinstance(plugin, BaseUriPlugin)]
        base = replace(base, base_uri=base.text(uris[-1].uri, "uri") if uris else "")
        plugins: list[Plugin] = []
        for index, plugin in enumerate(description.plugins):
            plugins.append(_built(plugin.build, replace(base, path=f"{base.path}.plugins[{index}]")))
        wire = description.wire
        proxy = base.secret(wire.proxy, "wire.proxy")
        return HttpConfig(
            tuple(plugins),
            self._authentication(description, base),
            Timeouts(wire.connect_seconds, wire.read_seconds, total_seconds=wire.total_seconds),
            (wire.certificates or True) if wire.verify_tls else False,
            proxy if proxy else None,
            wire.user_agent,
            wire.max_connections,
            addresses=self.addresses,
        )

    def _authentication(self, description: ClientDescription, base: Tools) -> Middleware | None:
        found = description.authentication
        if found is None:
            return None
        if isinstance(found, str):
            return _built(self.authentications[found].build, self.tools(found, base))
        return _built(
            found.build, replace(base, path=f"{base.path}.authentication", owner=f"client:{base.owner}")
        )

    def authentication(self, name: str) -> Middleware:
        """An authentication on its own."""
        return _built(self.authentications[name].build, self.tools(name))

    def tools(self, authentication: str, base: Tools | None = None) -> Tools:
        """What an authentication with a name of its own is built with, for the client that `base` is of."""
        path, owner = f"authentications.{authentication}", f"authentication:{authentication}"
        if base is None:
            return Tools(path, owner, self.scope, self.stores, "", self._chain)
        if self.authentications[authentication].follows_base_uri():
            # Another base URI is another place to sign in at: it must not be given this one's token.
            owner = f"{owner}@{base.base_uri}"
        return replace(base, path=path, owner=owner)

    def _chain(self, name: str, path: str) -> Next:
        return self.client(name, path).as_guest()


def _built[T](build: Callable[[Tools], T], tools: Tools) -> T:
    """A plugin or authentication; values that do not fit are a problem at its path."""
    try:
        return build(tools)
    except HttpError as error:
        raise ConfigError([Problem(tools.path, error.message, error.remedy)]) from None
    except TemplateError as error:
        raise ConfigError([Problem(f"{tools.path}.{error.path}", error.message, error.remedy)]) from None
    except ValueError as error:
        raise ConfigError([Problem(tools.path, str(error))]) from None
