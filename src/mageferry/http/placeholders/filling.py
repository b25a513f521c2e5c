"""Filling a template with the values at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from jmespath.exceptions import JMESPathError, JMESPathTypeError, UnknownFunctionError

from mageferry.http.json_text import json_bytes
from mageferry.http.placeholders.errors import MissingValue, TemplateError
from mageferry.http.placeholders.parsing import Kind, Parts, Placeholder, parse_text
from mageferry.http.redaction import MASK, Secret

type Value = Any
type _Filler = Callable[[Scope], Value]


@dataclass(frozen=True, slots=True, repr=False)
class Scope:
    """What placeholders are filled from.

    `data`: the JSON at hand. `environment`: only the variables that templates may see. `context`: what
    `@{...}` names begin with (`globals`, `scope`). A value may be a Secret anywhere; what it becomes part of
    is a Secret then.
    """

    data: Any = None
    environment: Mapping[str, str | Secret] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)

    def with_data(self, data: Any) -> Scope:
        return Scope(data, self.environment, self.context)


class Template:
    """A text, or a structure of texts, with placeholders."""

    def __init__(self, source: Any, fill: _Filler, placeholders: tuple[Placeholder, ...]) -> None:
        self.source = source
        self.placeholders = placeholders
        self._fill = fill

    @classmethod
    def parse(cls, source: Any, path: str = "$") -> Self:
        """Read a template. Raises TemplateError for the first field that does not parse."""
        found: list[Placeholder] = []
        return cls(source, _parse(source, path, found), tuple(found))

    def __repr__(self) -> str:
        return f"<Template with {len(self.placeholders)} placeholders>"

    def fill(self, scope: Scope) -> Any:
        """The structure with its placeholders filled. Raises MissingValue and TemplateError."""
        return self._fill(scope)


def _parse(source: Any, path: str, found: list[Placeholder]) -> _Filler:
    if isinstance(source, str):
        return _parse_text(source, path, found)
    if isinstance(source, Mapping):
        return _parse_object(source, path, found)
    if isinstance(source, list | tuple):
        fillers = [_parse(item, f"{path}[{index}]", found) for index, item in enumerate(source)]
        return lambda scope: [fill(scope) for fill in fillers]
    return lambda scope: source


def _parse_text(text: str, path: str, found: list[Placeholder]) -> _Filler:
    parts = parse_text(text, path)
    found += [part for part in parts if isinstance(part, Placeholder)]
    if len(parts) == 1 and isinstance(parts[0], Placeholder):
        only = parts[0]
        return lambda scope: _value(only, scope, path)
    if all(isinstance(part, str) for part in parts):
        literal = "".join(str(part) for part in parts)
        return lambda scope: literal
    return lambda scope: _joined(parts, scope, path)


def _parse_object(source: Mapping[Any, Any], path: str, found: list[Placeholder]) -> _Filler:
    entries = []
    for key, item in source.items():
        below = f"{path}.{key}"
        entries.append((_parse_text(str(key), f"{below} (name)", found), _parse(item, below, found), below))

    def fill(scope: Scope) -> dict[str, Any]:
        filled: dict[str, Any] = {}
        for fill_key, fill_item, below in entries:
            key = fill_key(scope)
            if key is None or isinstance(key, Secret) or (name := as_text(key)) in filled:
                raise TemplateError(
                    "The name of a field is empty, secret or there twice",
                    path=below,
                    remedy="Every name must become a text of its own.",
                )
            filled[name] = fill_item(scope)
        return filled

    return fill


def _joined(parts: Parts, scope: Scope, path: str) -> str | Secret:
    secret = False
    texts: list[str] = []
    for part in parts:
        value = part if isinstance(part, str) else _value(part, scope, path)
        secret = secret or isinstance(value, Secret)
        texts.append(value.reveal() if isinstance(value, Secret) else as_text(value))
    return Secret("".join(texts)) if secret else "".join(texts)


def as_text(value: Any) -> str:
    """A value within other text: texts as they are, null as nothing, all else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return json_bytes(reveal(value)).decode()
    except TypeError:
        return str(reveal(value))


def reveal(value: Any) -> Any:
    """A copy with every Secret in it as plain text: at the last moment, for the wire only."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {key: reveal(item) for key, item in value.items()}
    return [reveal(item) for item in value] if isinstance(value, list | tuple) else value


def masked(value: Any) -> Any:
    """A copy with every Secret in it masked: fit to be shown."""
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, Mapping):
        return {key: masked(item) for key, item in value.items()}
    return [masked(item) for item in value] if isinstance(value, list | tuple) else value


def secrets_in(value: Any) -> Iterator[Secret]:
    """Every Secret within a structure."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, dict | list | tuple | Mapping):
        for item in value.values() if isinstance(value, dict | Mapping) else value:
            # Most of what is looked through are leaves: a look at their type is all they take.
            if type(item) not in _LEAVES:
                yield from secrets_in(item)


_LEAVES: Final = frozenset({str, int, float, bool, type(None)})


def _value(placeholder: Placeholder, scope: Scope, path: str) -> Value:
    if placeholder.kind is Kind.ENVIRONMENT:
        value: Value = scope.environment.get(placeholder.expression)
    elif placeholder.kind is Kind.CONTEXT:
        value = search(placeholder, dict(scope.context), path)
    else:
        value = search(placeholder, scope.data, path)
    if value is None and placeholder.kind is not Kind.OPTIONAL:
        raise MissingValue(
            f"{placeholder} finds nothing",
            path=path,
            position=placeholder.position,
            remedy=_REMEDIES[placeholder.kind],
        )
    return value


_REMEDIES = {
    Kind.DATA: "Check the name, give a default (&{name || 'none'}), or write ?{name} where nothing is all right.",
    Kind.ENVIRONMENT: "Set the variable, and allow templates to see it.",
    Kind.CONTEXT: "Check the name: it begins with globals. or scope.",
}


def search(placeholder: Placeholder, data: Any, path: str, name: str = "") -> Value:
    """What a placeholder finds in data, None for nothing; `name`: what it is called in errors. Raises TemplateError.

    A bare scalar is a list of one: `@[0]` finds it, and `@` itself too.
    """
    walked = data if isinstance(data, dict | list) else [data]
    try:
        found = placeholder.search(walked)
        return data if found is walked else found
    except (JMESPathError, RecursionError, TypeError, ValueError, ArithmeticError) as error:
        raise TemplateError(
            f"{name or placeholder} cannot be evaluated: {_why(error)}",
            path=path,
            position=placeholder.position,
            remedy="Check the functions in it and what they are given.",
        ) from None


def _why(error: Exception) -> str:
    """The reason without the data: jmespath's own texts quote the value at hand."""
    if isinstance(error, JMESPathTypeError):
        wanted = ", ".join(error.expected_types)
        return f"{error.function_name}() takes {wanted}, not {error.actual_type}"
    if isinstance(error, UnknownFunctionError):
        return "there is no such function"
    return type(error).__name__
