"""Data as the database keeps it: JSON, with nothing in it that a database or a person must not see."""

from __future__ import annotations

import json
from typing import Any

import orjson

from mageferry.http.json_text import json_bytes
from mageferry.http.placeholders import secrets_in


class NotStorable(ValueError):
    """Data that can't be kept; the text says why and quotes none of it."""


def plain(value: Any) -> Any:
    """A copy as JSON gives it back: decimals are numbers, a NUL character is shown. Raises NotStorable."""
    if any(True for _ in secrets_in(value)):
        raise NotStorable("a secret would be stored with it")
    try:
        copy = orjson.loads(json_bytes(value))
    except TypeError:
        copy = _written_out(value)
    except (RecursionError, ValueError):
        raise NotStorable("it can't be written as JSON") from None
    return _without_nul(copy)


def _written_out(value: Any) -> Any:
    """Whole numbers beyond 64 bits."""
    try:
        return json.loads(json.dumps(value, default=str, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise NotStorable("it can't be written as JSON") from None


def _without_nul(value: Any) -> Any:
    # PostgreSQL has no NUL in its texts.
    if isinstance(value, str):
        return value.replace("\0", "␀") if "\0" in value else value
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(item) for name, item in value.items()}
    return [_without_nul(item) for item in value] if isinstance(value, list) else value
