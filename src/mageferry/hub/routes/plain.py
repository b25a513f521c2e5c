"""Data as the database keeps it: JSON, with nothing in it that a database or a person must not see."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import orjson

from mageferry.http.json_text import json_bytes
from mageferry.http.placeholders import secrets_in
from mageferry.hub.pipelines.journal import storable

_NUL: Final = rb"\u0000"
_ODD: Final = re.compile("[\0\ud800-\udfff]")


class NotStorable(ValueError):
    """Data that can't be kept; the text says why and quotes none of it."""


def plain(value: Any) -> Any:
    """A copy as JSON gives it back: decimals are numbers, a NUL character and half of a surrogate pair are shown.

    Raises NotStorable.
    """
    try:
        written = json_bytes(value)
    except TypeError:
        return _encodable(_written_out(value))
    except (RecursionError, ValueError):
        raise NotStorable("it can't be written as JSON") from None
    copy = orjson.loads(written)
    # Nothing else that is odd can be written as JSON: most data needn't be walked through.
    return _encodable(copy) if _NUL in written else copy


def _written_out(value: Any) -> Any:
    """Whole numbers beyond 64 bits, and half characters. A Secret comes here as well, and never becomes a text."""
    if any(True for _ in secrets_in(value)):
        raise NotStorable("a secret would be stored with it")
    try:
        return json.loads(json.dumps(value, default=str, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise NotStorable("it can't be written as JSON") from None


def _encodable(value: Any) -> Any:
    # PostgreSQL has no NUL in its texts, and no database half of a surrogate pair.
    if isinstance(value, str):
        return storable(value) if _ODD.search(value) else value
    if isinstance(value, dict):
        return {_encodable(name): _encodable(item) for name, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list) else value
