"""Options that many descriptions share: expressions and statuses; and reading a description."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator

from mageferry.http.config import Description, Problem, Unfit
from mageferry.http.config.validation import validate
from mageferry.http.placeholders import Expression, TemplateError
from mageferry.http.plugins.expect import StatusRanges


def read[D: Description](kind: type[D], value: Any, path: str) -> D:
    """The description of this kind. Raises ConfigError with all that is wrong."""
    return validate(kind, value, path)


def _check_expression(text: str) -> str:
    if text:
        try:
            Expression.parse(text, "")
        except TemplateError as error:
            text = f"{error.message} (character {error.position + 1})"
            raise Unfit([Problem("", text, error.remedy)]) from None
    return text


def _check_ranges(text: str) -> str:
    StatusRanges.parse(text)
    return text


# JMESPath by itself, or one template; empty for none.
type ExpressionText = Annotated[str, AfterValidator(_check_expression)]
# Statuses such as `200-299, 404`.
type Statuses = Annotated[str, AfterValidator(_check_ranges)]


def expression(text: str, path: str) -> Expression | None:
    """The expression of a field that has been checked; None for an empty one."""
    return Expression.parse(text, path) if text else None
