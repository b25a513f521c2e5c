"""Reading one description: what is wrong with it as problems, each with the path of its field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError

from mageferry.http.config import ConfigError, Description, Problem
from mageferry.http.placeholders import Expression, TemplateError
from mageferry.http.plugins.expect import StatusRanges


def read[D: Description](kind: type[D], value: Any, path: str) -> D:
    """The description of this kind. Raises ConfigError with all that is wrong."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise ConfigError(list(_problems(error, kind, path))) from None
    except UnicodeEncodeError:
        # A half of a surrogate pair, in what would have been the text of a problem.
        problem = Problem(path, "a text has a character that cannot be written", "Type that text anew.")
        raise ConfigError([problem]) from None


def _problems(error: ValidationError, kind: type[Description], path: str) -> Iterator[Problem]:
    # Without input and context: both would quote values, and some of them are secrets.
    all_found = error.errors(include_input=False, include_url=False, include_context=False)
    for found in all_found:
        depth = len(found["loc"])
        if found["type"] == "too_short" and any(
            len(other["loc"]) > depth and other["loc"][:depth] == found["loc"] for other in all_found
        ):
            # An element that is wrong is not counted, and has been told.
            continue
        at = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in found["loc"])
        where = f"{path}{at}".lstrip(".")
        if found["type"] == "extra_forbidden":
            known = ", ".join(kind.model_fields) if len(found["loc"]) == 1 else ""
            yield Problem(where, "there is no such option", f"There are: {known}." if known else "")
        elif found["type"] in ("too_short", "string_too_short"):
            yield Problem(where, "is empty", "Give it a value.")
        elif found["type"] == "missing":
            yield Problem(where, "is missing", "Give it a value.")
        else:
            text = found["msg"].removeprefix("Value error, ")
            yield Problem(where, text[:1].lower() + text[1:], "Correct this field.")


def _check_expression(text: str) -> str:
    if text:
        try:
            Expression.parse(text, "")
        except TemplateError as error:
            raise ValueError(f"{error.message} (character {error.position + 1}). {error.remedy}") from None
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
