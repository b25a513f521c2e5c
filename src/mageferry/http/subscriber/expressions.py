"""JMESPath as it stands in the settings of what comes in, and what it is said to have found."""

from __future__ import annotations

from typing import Any

from mageferry.http.placeholders import Expression, Scope, TemplateError
from mageferry.http.subscriber.errors import WrongSettings


def parse(text: str, path: str) -> Expression:
    """An expression over what came. Raises WrongSettings with the path of the field."""
    try:
        expression = Expression.parse(text, path)
    except TemplateError as error:
        raise WrongSettings(path, error.message, remedy=error.remedy) from None
    if expression.is_template:
        raise WrongSettings(
            path, f"{text!r} is a template", remedy="Write JMESPath alone, such as items[0].sku."
        )
    return expression


def optional(text: str, path: str) -> Expression | None:
    """The expression, None for an empty text."""
    return parse(text, path) if text else None


def search(expression: Expression, data: Any) -> Any:
    """What it finds, None for nothing. Raises TemplateError when it cannot be evaluated."""
    return expression.search(Scope(data))


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
