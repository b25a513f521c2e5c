"""What every described plugin and authentication is."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from mageferry.http.config.fields import Description
from mageferry.http.config.tools import Tools
from mageferry.http.flow import Middleware, Plugin


class PluginDescription(Description):
    """A plugin as data."""

    type_name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def build(self, tools: Tools) -> Plugin:
        """The plugin itself. Raises ConfigError, and ValueError or HttpError for values that do not fit."""


class AuthenticationDescription(Description):
    """An authentication as data."""

    type_name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def build(self, tools: Tools) -> Middleware:
        """The authentication itself. Raises ConfigError, and ValueError or HttpError for values that do not fit."""

    def refers_to(self) -> list[tuple[str, str]]:
        """The clients it needs, each with the option that names it."""
        return []
