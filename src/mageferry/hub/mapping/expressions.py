"""JMESPath expressions as people enter them: checked when they are entered, and never able to end a run. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

LIMIT: Final = 1000
_DEEPEST: Final = 32
_READS_THE_RECORD: Final = frozenset({"field", "identity", "current"})
_FUNCTIONS: Final[Mapping[str, Any]] = Functions.FUNCTION_TABLE


class BadExpression(ValueError):
    """An expression that can't be used: what is wrong with it, where, and how to write it."""


class BadValue(ValueError):
    """A value that can't be used where it is to go; the text goes after the name of its place."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. `constant`: it reads nothing of the record."""

    text: str
    constant: bool
    _compiled: Any

    def value_in(self, document: Mapping[str, Any]) -> Any:
        """What it finds: plain JSON, None when there is nothing. Raises BadValue."""
        try:
            return checked_json(self._compiled.search(document))
        except BadValue:
            raise
        # A person's expression in another's interpreter over another system's data: whatever it trips over is that
        # record's problem, not the run's.
        except Exception as error:
            raise BadValue(f"can't be read from this record: {_first_line(error)}") from None


def compile_expression(text: str) -> Expression:
    """Raises BadExpression."""
    if not text.strip():
        raise BadExpression(
            'It is empty. Write a name such as customer_email, or a constant such as `"web"`.'
        )
    if len(text) > LIMIT:
        raise BadExpression(f"It is longer than {LIMIT} characters.")
    try:
        compiled = jmespath.compile(text)
        nodes = list(_nodes(compiled.parsed))
    except JMESPathError as error:
        raise BadExpression(f"{_position_of(error)}. {_HINT}") from None
    # RecursionError of brackets in brackets, ValueError of odd literals.
    except (RecursionError, ValueError) as error:
        raise BadExpression(f"It is no JMESPath expression: {_first_line(error)}. {_HINT}") from None
    for node in nodes:
        if node["type"] == "function_expression":
            _check_function(text, node)
    return Expression(text, not any(node["type"] in _READS_THE_RECORD for node in nodes), compiled)


_HINT: Final = "Write JMESPath: payment.method, items[0].sku, `\"a constant\"`, join(' ', street)"


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict) and "type" in each:
            yield each
            waiting.extend(each.get("children", ()))


def _check_function(text: str, node: Mapping[str, Any]) -> None:
    name, given = str(node["value"]), len(node["children"])
    place = f"Position {text.find(name) + 1}: "
    if name not in _FUNCTIONS:
        raise BadExpression(
            f"{place}there is no function {name}. There are: {', '.join(sorted(_FUNCTIONS))}."
        )
    signature = _FUNCTIONS[name]["signature"]
    variadic = bool(signature) and signature[-1].get("variadic", False)
    if given < len(signature) or (given > len(signature) and not variadic):
        raise BadExpression(f"{place}{name} takes {len(signature)} arguments, not {given}.")


def _position_of(error: JMESPathError) -> str:
    position = getattr(error, "lex_position", getattr(error, "lexer_position", None))
    found = getattr(error, "token_value", "")
    if not isinstance(position, int) or position < 0:
        return f"It is no JMESPath expression: {_first_line(error)}"
    return f"Position {position + 1}: {f'{found!r} does not fit here' if found else 'it ends too early'}"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def checked_json(value: Any, depth: int = 0) -> Any:
    """A copy of a value that any JSON encoder takes. Raises BadValue."""
    if depth > _DEEPEST:
        raise BadValue(f"is nested more than {_DEEPEST} levels deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _checked_text(value)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise BadValue("is too large a number")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BadValue("is no finite number")
        return value
    if isinstance(value, list):
        return [checked_json(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {_checked_text(str(key)): checked_json(each, depth + 1) for key, each in value.items()}
    raise BadValue("is no value but a reference to an expression (&)")


def _checked_text(text: str) -> str:
    if "\x00" in text:
        raise BadValue("holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadValue("holds half of a character") from None
    return text
