"""What descriptions need to become plugins and authentications: values for placeholders, and places to keep things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mageferry.http.config.errors import ConfigError, Problem
from mageferry.http.flow import Next
from mageferry.http.placeholders import Scope, Template, TemplateError, reveal
from mageferry.http.plugins.cache import CacheStore, MemoryCache
from mageferry.http.plugins.log import Exchange, LogFormat
from mageferry.http.plugins.rate_limit import LimitStore, MemoryLimits
from mageferry.http.redaction import Secret
from mageferry.http.vault import MemoryVault, TokenVault


@dataclass(frozen=True, slots=True)
class Stores:
    """Where things are kept, by the name of the client or authentication they belong to.

    Over processes give stores of your own; these keep everything in this process. `on_exchange` is told every
    request of a client that logs, with the client's name and its format.
    """

    vault: Callable[[str], TokenVault] = lambda name: MemoryVault()
    cache: Callable[[str], CacheStore] = lambda name: MemoryCache()
    limits: LimitStore = field(default_factory=MemoryLimits)
    on_exchange: Callable[[str, Exchange, LogFormat], object] = lambda client, exchange, style: None


@dataclass(frozen=True, slots=True)
class Tools:
    """What one plugin or authentication is built with. `path` is where it is described, `owner` whose it is.

    `base_uri` is the client's, "" without one; `client` gives the chain of another client by its name.
    """

    path: str
    owner: str
    scope: Scope
    stores: Stores
    base_uri: str
    client: Callable[[str, str], Next]

    def filled(self, value: Any, name: str) -> Any:
        """A value with its placeholders filled; secrets stay secrets. Raises ConfigError naming the option."""
        source = value.reveal() if isinstance(value, Secret) else value
        filled = fill(source, f"{self.path}.{name}", self.scope)
        return Secret(filled) if isinstance(value, Secret) else filled

    def text(self, value: str, name: str) -> str:
        """A text with its placeholders filled, in plain."""
        filled = reveal(self.filled(value, name))
        if not isinstance(filled, str):
            raise ConfigError(
                [Problem(f"{self.path}.{name}", "its placeholder gives no text", "Have it find a text.")]
            )
        return filled

    def secret(self, value: Secret, name: str) -> Secret:
        """A secret with its placeholders filled."""
        return fill_secret(value, f"{self.path}.{name}", self.scope)

    def texts(self, values: Mapping[str, str], name: str) -> dict[str, str | Secret]:
        """Named texts, such as headers, with their placeholders filled."""
        filled: dict[str, Any] = self.filled(dict(values), name)
        for key, value in filled.items():
            if not isinstance(value, str | Secret):
                raise ConfigError(
                    [
                        Problem(
                            f"{self.path}.{name}.{key}",
                            "its placeholder gives no text",
                            "Have it find a text.",
                        )
                    ]
                )
        return filled

    def secrets(self, values: Mapping[str, Secret], name: str) -> dict[str, Secret]:
        """Named secrets with their placeholders filled."""
        return {key: self.secret(value, f"{name}.{key}") for key, value in values.items()}


def fill(source: Any, path: str, scope: Scope) -> Any:
    """A text or structure with its placeholders filled. Raises ConfigError naming the option at `path`."""
    try:
        return Template.parse(source, path).fill(scope)
    except TemplateError as error:
        raise ConfigError([Problem(error.path, error.message, error.remedy)]) from None


def fill_secret(value: Secret, path: str, scope: Scope) -> Secret:
    """A secret with its placeholders filled. Raises ConfigError naming the option at `path`."""
    filled = fill(value.reveal(), path, scope)
    if not isinstance(filled, str | Secret):
        raise ConfigError([Problem(path, "its placeholder gives no text", "Have it find a text.")])
    return Secret(filled)
