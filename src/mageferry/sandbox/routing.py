"""From a raw request path to a route: store code, version, template. Paths are taken undecoded, as
Magento does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mageferry.sandbox.arguments import Arguments, Parameter, parse_parameters
from mageferry.sandbox.php import Value, url_decode
from mageferry.sandbox.refusals import NO_ROUTE, NOT_PROCESSED, Refusal

if TYPE_CHECKING:
    from mageferry.sandbox.access import Identity
    from mageferry.sandbox.listing import Page
    from mageferry.sandbox.shop import Shop

ALL_STORES = "all"
_VERSIONED = re.compile(r"(/async(/bulk)?)?/V\d+")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A stored record, already JSON."""

    json: str


NOTHING = Rendered("[]")
"""The answer of a service that has no result."""

type Answer = Value | Rendered | Page


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised request with its arguments converted. ``store_code`` is ``all`` or a store view's
    code.
    """

    shop: Shop
    arguments: Arguments
    identity: Identity | None
    store_code: str
    base_url: str
    deferred: bool = False
    """Whether a consumer executes it, after the request was answered."""

    def text(self, name: str) -> str:
        return str(self.arguments[name])

    def number(self, name: str) -> int:
        return int(str(self.arguments[name]))

    def record(self, name: str) -> dict[str, Value]:
        value = self.arguments.get(name)
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class Route:
    """``path`` is below the version's slash: ``/V1/orders/:id``. ``resource`` is the permission it needs."""

    method: str
    path: str
    resource: str
    handler: Callable[[Call], Answer]
    parameters: tuple[Parameter, ...] = ()
    forced: Mapping[str, Value] = field(default_factory=dict)
    """Arguments that the route itself sets, whatever the request sends."""


def route(
    method: str, path: str, resource: str, handler: Callable[[Call], Answer], parameters: str = ""
) -> Route:
    """A route with its parameters in short form, ``"id:int notify:bool?"``."""
    return Route(method, path, resource, handler, parse_parameters(parameters))


@dataclass(frozen=True, slots=True)
class Match:
    route: Route
    path_values: dict[str, Value]


class Router:
    """Routes by method, number of path parts and resource; among equals the earlier one wins, literals before
    variables.
    """

    def __init__(self, entries: Iterable[Route]) -> None:
        routes = tuple(entries)
        # The version and the part behind it are literals in every template.
        self._routes: dict[tuple[str, int, str], list[tuple[list[str], Route]]] = {}
        for entry in routes:
            parts = entry.path.strip("/").split("/")
            self._routes.setdefault((entry.method, len(parts), parts[1]), []).append((parts, entry))
        self._templates = {(entry.method, entry.path): entry for entry in routes}
        for choices in self._routes.values():
            choices.sort(key=lambda item: sum(part.startswith(":") for part in item[0]))

    def by_template(self, method: str, path: str) -> Route:
        """The route with that template. KeyError for an unknown one."""
        return self._templates[method, path]

    def match(self, method: str, path: str) -> Match:
        """The route of a path below the store code. Raises Refusal: 404 without a route, 405 for odd
        methods.
        """
        if method not in ("GET", "POST", "PUT", "DELETE"):
            raise Refusal(405, f"The {method} HTTP method is not supported.")
        parts = path.strip("/").split("/")
        second = parts[1] if len(parts) > 1 else ""
        for template, entry in self._routes.get((method, len(parts), second), ()):
            values = _match_parts(template, parts)
            if values is not None:
                return Match(entry, values)
        raise Refusal(404, NO_ROUTE)


def _match_parts(template: list[str], parts: list[str]) -> dict[str, Value] | None:
    values: dict[str, Value] = {}
    for expected, part in zip(template, parts, strict=True):
        if expected.startswith(":"):
            values[expected[1:]] = url_decode(part)
        elif expected != part:
            return None
    return values


def is_rest_path(path: str) -> bool:
    """Whether the raw path belongs to the REST interface at all; the rest is the storefront's 404."""
    return bool(re.match(r"(/index\.php)?/rest(/|\Z)", path))


def split_store(path: str, store_codes: Iterable[str]) -> tuple[str, str]:
    """``/index.php/rest/eu_de/V1/orders`` as store code and ``/V1/orders``. Raises Refusal (400).

    Without a code the store is the default one; store codes are case-sensitive, and so is ``V1``.
    """
    trimmed = path.removeprefix("/index.php").strip("/")
    below = trimmed.partition("/")[2].lstrip("/")
    head, _, rest = below.partition("/")
    if head == ALL_STORES or head in store_codes:
        code, inner = head, f"/{rest}"
    else:
        code, inner = "", f"/{below}"
    if not _VERSIONED.match(inner):
        raise Refusal(400, NOT_PROCESSED)
    return code, inner
