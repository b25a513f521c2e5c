"""Reading descriptions: what is wrong with them is collected, not met one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from mageferry.http.config.authentications import AUTHENTICATIONS
from mageferry.http.config.described import AuthenticationDescription, PluginDescription
from mageferry.http.config.errors import ConfigError, Problem
from mageferry.http.config.fields import Description, OptionalSecret, option
from mageferry.http.config.plugins import PLUGINS
from mageferry.http.config.validation import validate
from mageferry.http.redaction import Secret


class WireDescription(Description):
    """TLS, proxy and time-outs of a client."""

    verify_tls: bool = option(True, "Verify TLS", "Off: anyone can pose as the server.")
    certificates: str = option(
        "", "Certificates", "Of the authorities to trust: PEM text, or the path of a file with it."
    )
    proxy: OptionalSecret = option(Secret(""), "Proxy", "http://user:password@host:port")
    connect_seconds: float = option(10.0, "Time-out to connect (seconds)", gt=0)
    read_seconds: float = option(120.0, "Time-out between parts of an answer (seconds)", gt=0)
    total_seconds: float = option(600.0, "Time-out in all (seconds)", gt=0)
    max_connections: int = option(100, "Connections", "At the same time.", ge=1)
    user_agent: str = option("Mageferry", "User agent", min_length=1)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The types that descriptions may name; others can be added, such as Magento's own sign-ins."""

    plugins: tuple[type[PluginDescription], ...] = PLUGINS
    authentications: tuple[type[AuthenticationDescription], ...] = AUTHENTICATIONS

    def plus(self, *authentications: type[AuthenticationDescription]) -> Catalogue:
        return replace(self, authentications=(*self.authentications, *authentications))


@dataclass(frozen=True, slots=True)
class ClientDescription:
    """One client as data; `authentication` in full, or the name of a stored one."""

    plugins: tuple[PluginDescription, ...] = ()
    authentication: AuthenticationDescription | str | None = None
    wire: WireDescription = field(default_factory=WireDescription)

    def data(self, *, reveal: bool = False) -> dict[str, Any]:
        """The description as it is read."""
        found: dict[str, Any] = {"plugins": [plugin.data(reveal=reveal) for plugin in self.plugins]}
        if self.authentication is not None:
            own = self.authentication
            found["authentication"] = own if isinstance(own, str) else own.data(reveal=reveal)
        if wire := self.wire.options(reveal=reveal):
            found["wire"] = wire
        return found

    def secrets_within(self) -> Iterator[Secret]:
        """Every secret of the client itself."""
        for plugin in self.plugins:
            yield from plugin.secrets_within()
        if isinstance(self.authentication, AuthenticationDescription):
            yield from self.authentication.secrets_within()
        yield from self.wire.secrets_within()


class Reader:
    """Reads descriptions and collects what is wrong with them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.problems: list[Problem] = []
        self._plugins = {kind.type_name: kind for kind in catalogue.plugins}
        self._authentications = {kind.type_name: kind for kind in catalogue.authentications}

    def decoded(self, description: Any) -> dict[str, Any]:
        if isinstance(description, bytes | str):
            try:
                description = orjson.loads(description)
            except orjson.JSONDecodeError as error:
                raise ConfigError(
                    [Problem("", f"this is no JSON (line {error.lineno}, column {error.colno})")]
                ) from None
        if not isinstance(description, dict):
            raise ConfigError([Problem("", 'a description is an object: {"clients": {...}}')])
        return description

    def forbid_others(self, value: Mapping[str, Any], known: Sequence[str], path: str) -> None:
        for name in value:
            if name not in known:
                self._add(
                    f"{path}.{name}".lstrip("."), "there is no such option", f"There are: {', '.join(known)}."
                )

    def named(self, decoded: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
        found = decoded.get(name, {})
        if not isinstance(found, dict):
            self._add(name, "must be an object of names")
            return
        yield from found.items()

    def client(self, value: Any, path: str) -> ClientDescription:
        if not isinstance(value, dict):
            self._add(path, "a client is an object")
            return ClientDescription()
        known = ("plugins", "authentication", "wire")
        self.forbid_others(value, known, path)
        listed = value.get("plugins", [])
        if not isinstance(listed, list):
            self._add(f"{path}.plugins", "must be a list")
            listed = []
        plugins = [
            self._typed(item, self._plugins, f"{path}.plugins[{index}]") for index, item in enumerate(listed)
        ]
        wire = self._validated(WireDescription, value.get("wire", {}), f"{path}.wire")
        return ClientDescription(
            tuple(plugin for plugin in plugins if plugin is not None),
            self.authentication(value.get("authentication"), f"{path}.authentication", may_name=True),
            wire if wire is not None else WireDescription(),
        )

    def authentication(self, value: Any, path: str, *, may_name: bool = False) -> Any:
        """An authentication in full, or its name where that may stand; None for none."""
        if may_name and (value is None or isinstance(value, str)):
            return value or None
        return self._typed(value, self._authentications, path)

    def _typed[D: Description](self, value: Any, kinds: Mapping[str, type[D]], path: str) -> D | None:
        if not isinstance(value, dict):
            self._add(path, 'must be an object with a type: {"type": ...}')
            return None
        kind = kinds.get(str(value.get("type", "")))
        if kind is None:
            text = "the type is missing" if "type" not in value else "there is no such type"
            self._add(f"{path}.type", text, f"There are: {', '.join(sorted(kinds))}.")
            return None
        return self._validated(kind, {name: item for name, item in value.items() if name != "type"}, path)

    def _validated[D: Description](self, kind: type[D], value: Any, path: str) -> D | None:
        try:
            return validate(kind, value, path)
        except ConfigError as error:
            self.problems += error.problems
            return None

    def _add(self, path: str, message: str, remedy: str = "") -> None:
        self.problems.append(Problem(path, message, remedy))
