"""JMESPath as it stands in settings, written as in placeholders: `products.0.sku` is `products[0].sku`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jmespath.exceptions import JMESPathError

from mageferry.http.placeholders import Kind, Placeholder, TemplateError, parse_text
from mageferry.http.subscriber.errors import WrongSettings


class CannotEvaluate(Exception):
    """An expression does not work on the data at hand; the text says why and quotes none of the data."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression."""

    text: str
    _search: Callable[[Any], Any]

    @classmethod
    def parse(cls, text: str, path: str) -> Expression:
        """Compile. Raises WrongSettings with the path of the field."""
        try:
            parts = parse_text(f"?{{{text}}}", path)
        except TemplateError as error:
            raise WrongSettings(path, error.message, remedy=error.remedy) from None
        only = parts[0]
        if len(parts) != 1 or not isinstance(only, Placeholder) or only.kind is not Kind.OPTIONAL:
            raise WrongSettings(path, f"{text!r} is no JMESPath expression", remedy="See jmespath.org.")
        return cls(text, only.search)

    def search(self, data: Any) -> Any:
        """What it finds, None for nothing. Raises CannotEvaluate, as for a function on the wrong kind of value."""
        try:
            return self._search(data)
        except (JMESPathError, RecursionError, TypeError, ValueError, ArithmeticError) as error:
            # The library's own texts quote the data.
            raise CannotEvaluate(
                f"{self.text!r} cannot be evaluated on it ({type(error).__name__})"
            ) from None


def optional(text: str, path: str) -> Expression | None:
    """The expression, None for an empty text."""
    return Expression.parse(text, path) if text else None


def describe(document: Any) -> str:
    """What a document is made of, for messages: names and kinds, no values."""
    if isinstance(document, dict):
        names = ", ".join(str(name)[:60] for name in list(document)[:20])
        more = f" and {len(document) - 20} more" if len(document) > 20 else ""
        return f"an object with {names}{more}" if names else "an empty object"
    if isinstance(document, list):
        return f"a list of {len(document)}"
    return "nothing (null)" if document is None else f"a single value ({kind_of(document)})"


def kind_of(value: Any) -> str:
    """The JSON name of a value's type."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "boolean"),
        (str, "string"),
        (int, "integer"),
        (float, "number"),
        (dict, "object"),
        ((list, tuple), "array"),
        (type(None), "null"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), type(value).__name__)
