"""What every described plugin and authentication is."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from mageferry.http.config.fields import Description
from mageferry.http.config.tools import Tools
from mageferry.http.flow import Middleware, Plugin


class Typed(Description):
    """What is chosen by the name of its type."""

    type_name: ClassVar[str]
    title: ClassVar[str]

    def data(self, *, reveal: bool = False) -> dict[str, Any]:
        """The description as it is read: its type and the options that were given."""
        return {"type": self.type_name, **self.options(reveal=reveal)}


class PluginDescription(Typed):
    """A plugin as data."""

    @abstractmethod
    def build(self, tools: Tools) -> Plugin:
        """The plugin itself. Raises ConfigError, and ValueError or HttpError for values that do not fit."""


class AuthenticationDescription(Typed):
    """An authentication as data."""

    @abstractmethod
    def build(self, tools: Tools) -> Middleware:
        """The authentication itself. Raises ConfigError, and ValueError or HttpError for values that do not fit."""

    def refers_to(self) -> list[tuple[str, str]]:
        """The clients it needs, each with the option that names it."""
        return []

    def follows_base_uri(self) -> bool:
        """Whether it signs in behind the base URI of the client: then each base URI has tokens of its own."""
        return False
