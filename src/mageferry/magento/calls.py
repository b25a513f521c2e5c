"""Shops whose API differs: calls of the standard API with a path, a method or a wrapper of the shop's own. Pure.

Everything here writes its calls as for a standard Magento. Where the shop has its own call for one of the operations
below, the call is sent there instead, and its answer is given back in the standard form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from mageferry.magento.errors import ConfigurationError, Rejected, Unclear
from mageferry.magento.types import Json

type Pairs = list[tuple[str, str]]
type OperationSettings = Mapping[str, str | Mapping[str, str]]

ROWS: Final = "items"


@dataclass(frozen=True, slots=True)
class Operation:
    """One call: `method`, `path` (with `{id}` or `{sku}`).

    `wrapper` is the name around what is sent (empty: none); `answer` the name in the answer under which the record is
    (empty: the answer itself), of a list the name of its rows.
    """

    method: str
    path: str
    wrapper: str = ""
    answer: str = ""

    @property
    def reads(self) -> bool:
        return self.method == "GET"

    @property
    def lists(self) -> bool:
        return self.reads and "{" not in self.path

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


STANDARD: Final[Mapping[str, Operation]] = {
    "list_orders": Operation("GET", "/V1/orders", answer=ROWS),
    "get_order": Operation("GET", "/V1/orders/{id}"),
    "create_order": Operation("PUT", "/V1/orders/create", wrapper="entity"),
    "ship_order": Operation("POST", "/V1/order/{id}/ship"),
    "invoice_order": Operation("POST", "/V1/order/{id}/invoice"),
    "refund_order": Operation("POST", "/V1/order/{id}/refund"),
    "list_shipments": Operation("GET", "/V1/shipments", answer=ROWS),
    "get_shipment": Operation("GET", "/V1/shipment/{id}"),
    "list_credit_memos": Operation("GET", "/V1/creditmemos", answer=ROWS),
    "get_credit_memo": Operation("GET", "/V1/creditmemo/{id}"),
    "list_products": Operation("GET", "/V1/products", answer=ROWS),
    "get_product": Operation("GET", "/V1/products/{sku}"),
    "list_source_items": Operation("GET", "/V1/inventory/source-items", answer=ROWS),
}

_PLACEHOLDERS: Final = {"{id}": r"(?P<id>\d+)", "{sku}": r"(?P<sku>[^/]+)"}
_PATH: Final = re.compile(r"/[Vv]\d+(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*|/\{(id|sku)\})+")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CALL_PARTS: Final = ("call", "wrapper", "answer")


@dataclass(frozen=True, slots=True)
class Detour:
    """A call that goes to the shop's own operation instead of the standard one."""

    name: str
    standard: Operation
    own: Operation
    path: str

    def body(self, json: Any) -> Any:
        """What to send instead of the standard body."""
        if json is None or self.own.reads:
            return json
        wrapped = isinstance(json, dict) and self.standard.wrapper in json
        inner = json[self.standard.wrapper] if wrapped else json
        return {self.own.wrapper: inner} if self.own.wrapper else inner

    def query(self, pairs: Pairs) -> Pairs:
        """The query of the call; `fields` names the rows as the shop does."""
        if self.own.answer in ("", ROWS):
            return pairs
        rows = f"{self.own.answer}["
        return [(key, value.replace("items[", rows) if key == "fields" else value) for key, value in pairs]

    def unpack(self, answer: Json) -> Json:
        """The answer in the standard form. Raises Rejected, after a write Unclear, when it isn't as agreed."""
        name = self.own.answer
        if name == self.standard.answer or not name:
            return answer
        inner = answer.get(name) if isinstance(answer, dict) else None
        if isinstance(inner, list) and self.own.lists and isinstance(answer, dict):
            return {**answer, ROWS: inner}
        if not isinstance(inner, dict):
            kind = Rejected if self.own.reads else Unclear
            raise kind(
                f"The shop's answer to {self.own} has no {name!r}",
                remedy=f"Look at the shop's answer and correct the answer of {self.name} in the calls of its own.",
            )
        return inner


@dataclass(frozen=True, slots=True)
class Operations:
    """What of the standard API a shop does in its own way."""

    own: Mapping[str, Operation] = field(default_factory=dict)
    _patterns: list[tuple[str, str, re.Pattern[str]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        patterns = [(STANDARD[name].method, name, _pattern(STANDARD[name].path)) for name in self.own]
        object.__setattr__(self, "_patterns", patterns)

    @classmethod
    def parse(cls, settings: object) -> Operations:
        """From names of operations to calls: `{"create_order": "POST /V1/acme/orders"}`, or with a wrapper
        `{"create_order": {"call": "POST /V1/acme/orders", "wrapper": "order", "answer": "order"}}`.

        Raises ConfigurationError saying what is wrong with which and how to write it.
        """
        if not settings:
            return cls()
        if not isinstance(settings, Mapping):
            raise _wrong("They are no map of operations", _EXAMPLE)
        return cls({_known(name): _operation(name, value) for name, value in settings.items()})

    def detour(self, method: str, path: str) -> Detour | None:
        """Where a standard call goes instead; None when it goes where it says."""
        for own_method, name, pattern in self._patterns:
            found = pattern.fullmatch(path) if own_method == method else None
            if found is not None:
                own = self.own[name]
                target = own.path
                for placeholder, value in found.groupdict().items():
                    target = target.replace(f"{{{placeholder}}}", value)
                return Detour(name, STANDARD[name], own, target)
        return None


_EXAMPLE: Final = 'Write {"create_order": {"call": "POST /V1/acme/orders", "wrapper": "order"}}.'


def _pattern(path: str) -> re.Pattern[str]:
    text = re.escape(path)
    for placeholder, pattern in _PLACEHOLDERS.items():
        text = text.replace(re.escape(placeholder), pattern)
    return re.compile(text)


def _wrong(problem: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"Calls of the shop's own: {problem}", remedy=remedy)


def _known(name: object) -> str:
    if name not in STANDARD:
        raise _wrong(f"there is no operation {name!r}", f"They are: {', '.join(STANDARD)}.")
    return str(name)


def _operation(name: str, value: object) -> Operation:
    standard = STANDARD[name]
    parts: Mapping[Any, Any] = {"call": value} if isinstance(value, str) else _parts(name, value)
    method, path = _call(name, str(parts.get("call", standard)))
    own = replace(standard, method=method, path=path)
    for part in ("wrapper", "answer"):
        if part in parts:
            own = replace(own, **{part: _part_name(name, part, parts[part])})
    if standard.lists and not own.answer:
        raise _wrong(f"{name} has no name of its rows", 'Leave "answer" out when the rows are called items.')
    if own.reads and own.wrapper:
        raise _wrong(
            f"{name} sends nothing that could have a wrapper",
            'Leave "wrapper" out; "answer" is the name in the answer.',
        )
    return own


def _parts(name: str, value: object) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping) or set(value) - set(_CALL_PARTS):
        raise _wrong(f"{name} is no call and no map of {', '.join(_CALL_PARTS)}", _EXAMPLE)
    return value


def _part_name(name: str, part: str, value: object) -> str:
    if not isinstance(value, str) or (value and not _NAME.fullmatch(value)):
        raise _wrong(f"the {part} of {name} is no name: {value!r:.60}", f'Write like "{part}": "order".')
    return value


def _call(name: str, text: str) -> tuple[str, str]:
    standard = STANDARD[name]
    method, _, path = text.strip().partition(" ")
    method, path = method.upper(), path.strip()
    allowed = ("GET",) if standard.reads else ("POST", "PUT")
    if method not in allowed or not _PATH.fullmatch(path):
        raise _wrong(
            f"{name} is no method and path: {text!r:.80}",
            f"Write it like {standard}: {' or '.join(allowed)}, a blank, and the path from /V1/ without ? and #.",
        )
    wanted, given = (set(re.findall(r"\{\w+\}", each)) for each in (standard.path, path))
    if wanted != given:
        needs = f"needs {', '.join(sorted(wanted))}" if wanted else "has no placeholder"
        raise _wrong(f"the path of {name} {needs}: {path!r:.80}", f"Write it like {standard}.")
    return method, path
