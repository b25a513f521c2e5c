"""From pydantic's findings to problems with the path of their field, a message that quotes nothing, and a remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mageferry.http.config.errors import ConfigError, Problem, Unfit
from mageferry.http.config.fields import Description, alternatives, nested_description, uncapitalized


def validate[D: Description](kind: type[D], value: Any, path: str) -> D:
    """The description of this kind, out of decoded JSON. Raises ConfigError with all that is wrong."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        # Without input: it would quote values, and some of them are secrets.
        found = error.errors(include_input=False, include_url=False)
    except UnicodeEncodeError:
        # A half of a surrogate pair, in what would have been the text of a problem.
        problem = Problem(path, "a text has a character that cannot be written", "Type that text anew.")
        raise ConfigError([problem]) from None
    except RecursionError:
        raise ConfigError([Problem(path, "is nested too deeply", "Nest fewer objects.")]) from None
    raise ConfigError(
        [problem.below(path) for each in found for problem in _problems(each, found, kind, value)]
    )


def _problems(
    found: ErrorDetails, all_found: Sequence[ErrorDetails], kind: type[Description], value: Any
) -> Iterator[Problem]:
    depth = len(found["loc"])
    if found["type"] == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == found["loc"] for other in all_found
    ):
        # An element that is wrong is not counted, and has been told.
        return
    where = _place(found["loc"], value)
    error = found.get("ctx", {}).get("error")
    match found["type"]:
        case "extra_forbidden":
            model = _model_at(kind, found["loc"][:-1])
            known = ", ".join(model.model_fields) or "none" if model else ""
            yield Problem(where, "there is no such option", f"There are: {known}." if known else "")
        case "union_tag_not_found" | "union_tag_invalid" as code:
            text = "the type is missing" if code == "union_tag_not_found" else "there is no such type"
            yield Problem("type", text, _types_at(kind, found["loc"])).below(where)
        case "value_error" if isinstance(error, Unfit):
            for problem in error.problems:
                yield Problem(problem.path, uncapitalized(problem.message), problem.remedy).below(where)
        case code:
            text, remedy = _EXPLAINED.get(code, (found["msg"].removeprefix("Value error, "), _CORRECT))
            yield Problem(where, uncapitalized(text), remedy)


_CORRECT: Final = "Correct this field."
_EXPLAINED: Final = {
    "missing": ("is missing", "Give it a value."),
    "too_short": ("is empty", "Give it a value."),
    "string_too_short": ("is empty", "Give it a value."),
    "model_type": ("must be an object", 'Write {"name": ...}.'),
    "model_attributes_type": ("must be an object", 'Write {"type": ...}.'),
    "dict_type": ("must be an object", 'Write {"name": ...}.'),
    "tuple_type": ("must be a list", "Write [...]."),
    "list_type": ("must be a list", "Write [...]."),
    "string_type": ("must be a text", 'Write "...".'),
}


def _model_at(kind: type[Description], place: Sequence[int | str]) -> type[Description] | None:
    """The description that stands at a place; None where it is not one of ours, as in a free structure."""
    model: type[Description] | None = kind
    types: Mapping[str, type[Description]] = {}
    for part in place:
        if isinstance(part, int):
            continue
        if part in types:
            model, types = types[part], {}
            continue
        info = model.model_fields.get(part) if model else None
        if info is None:
            return None
        model, types = nested_description(info.annotation), alternatives(info.annotation)
    return model


def _types_at(kind: type[Description], place: Sequence[int | str]) -> str:
    """The types that a field can choose from."""
    around = _model_at(kind, place[:-1])
    info = around.model_fields.get(str(place[-1])) if around and place else None
    return f"There are: {', '.join(alternatives(info.annotation))}." if info else 'Write {"type": ...}.'


def _place(parts: Sequence[int | str], value: Any) -> str:
    """The path of a field. Where a type is chosen, pydantic's place has the type in it, which is no field."""
    path = ""
    for part in parts:
        if isinstance(value, Mapping) and part not in value and part == value.get("type"):
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
        value = _below(value, part)
    return path.removeprefix(".")


def _below(value: Any, part: int | str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
        return value[part]
    return None
